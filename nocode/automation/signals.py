"""Django signals in, events out."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db.models.signals import post_save, pre_delete, pre_save
from django.dispatch import receiver
from django.urls import reverse
from django.utils.translation import gettext as _

from nocode.automation.engine import answers
from nocode.automation.engine.schedules import plan
from nocode.automation.events import ANNOUNCED, execution_event, integration_created, workflow_event
from nocode.automation.models import Integration, Trigger, Workflow, WorkflowExecution
from nocode.automation.tasks import continue_later
from nocode.foundation.events import bus
from nocode.studio.models import DataTable, Field
from nocode.studio.signals import field_users, mentions, table_users


@receiver(post_save, sender=Workflow, dispatch_uid="automation.workflow_saved")
def workflow_saved(instance: Workflow, created: bool, raw: bool, **kwargs: Any) -> None:
    """Tell that a workflow is new or changed."""
    if not raw:
        bus.publish(workflow_event(instance, "created" if created else "updated"))


@receiver(pre_delete, sender=Workflow, dispatch_uid="automation.workflow_deleted")
def workflow_deleted(instance: Workflow, **kwargs: Any) -> None:
    """Tell that a workflow is about to go."""
    bus.publish(workflow_event(instance, "deleted"))


@receiver(post_save, sender=WorkflowExecution, dispatch_uid="automation.workflow_execution_status_changed")
def workflow_execution_status_changed(instance: WorkflowExecution, raw: bool, **kwargs: Any) -> None:
    """Tell each change of status once; the engine, which does not use save(), tells its own in its statements."""
    if not raw and instance.status != instance.told_status and instance.status in ANNOUNCED:
        bus.publish(execution_event(instance))
        answers.tell_caller(instance, instance.status, continue_later)
    instance.told_status = instance.status


@receiver(post_save, sender=Integration, dispatch_uid="automation.integration_saved")
def integration_saved(instance: Integration, created: bool, raw: bool, **kwargs: Any) -> None:
    """Tell that an integration is new."""
    if created and not raw:
        bus.publish(integration_created(instance))


@receiver(pre_save, sender=Trigger, dispatch_uid="automation.trigger_planned")
def trigger_planned(instance: Trigger, raw: bool, update_fields: frozenset | None = None, **kwargs: Any) -> None:
    """Set when a schedule fires next, however it came to be saved."""
    if not raw and update_fields is None:
        plan(instance)


@receiver(table_users, dispatch_uid="automation.workflows_using_table")
def workflows_using_table(table: DataTable, **kwargs: Any) -> list[tuple[str, str]]:
    """The workflows with a step that reads or writes a table, or a trigger that watches it."""
    configs = _configs(table.project_id)
    return [_named(workflow) for workflow, own in configs if any(_is_about(config, table) for config in own)]


@receiver(field_users, dispatch_uid="automation.workflows_using_field")
def workflows_using_field(field: Field, **kwargs: Any) -> list[tuple[str, str]]:
    """The workflows with a step or a trigger that names a field, or with an expression that may read it from a row."""
    return [_named(workflow) for workflow, own in _configs(field.table.project_id) if _uses(own, field)]


def _configs(project_id: UUID) -> Iterator[tuple[Workflow, list[dict[str, Any]]]]:
    """The workflows of a project that may run, each with what its steps, drafted and published, and triggers say."""
    found = Workflow.objects.filter(project=project_id).exclude(status=Workflow.Status.ARCHIVED)
    found = found.select_related("published_version").prefetch_related("nodes", "triggers").order_by("name", "pk")
    for workflow in found:
        published = workflow.published_version.graph["nodes"] if workflow.published_version else []
        own = [each.config for each in (*workflow.nodes.all(), *workflow.triggers.all())]
        yield workflow, own + [node["config"] for node in published]


def _is_about(config: dict[str, Any], table: DataTable) -> bool:
    return config.get("table") == table.physical_name


def _uses(configs: list[dict[str, Any]], field: Field) -> bool:
    about = [config for config in configs if _is_about(config, field.table)]
    if any(mentions(config, field.physical_name) for config in about):
        return True
    read = re.compile(rf"""[.\['"?]{re.escape(field.physical_name)}\b""")
    return bool(about) and any("{{" in text and read.search(text) for text in _texts(configs))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)


def _named(workflow: Workflow) -> tuple[str, str]:
    name = _("Workflow “%(name)s”") % {"name": workflow}
    return name, reverse("admin:automation_workflow_change", args=[workflow.pk])
