"""Django signals in, events out."""

from typing import Any

from django.db.models import Q
from django.db.models.signals import post_save, pre_delete, pre_save
from django.dispatch import receiver
from django.urls import reverse

from nocode.automation.engine.schedules import plan
from nocode.automation.events import ANNOUNCED, execution_event, integration_created, workflow_event
from nocode.automation.models import Integration, Node, Trigger, Workflow, WorkflowExecution
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
    in_step = Q(nodes__config__table=table.physical_name)
    in_trigger = Q(triggers__kind=Trigger.Kind.RECORD, triggers__config__table=table.physical_name)
    using = Workflow.objects.filter(in_step | in_trigger, project=table.project_id)
    return [_named(workflow) for workflow in using.order_by("name", "pk").distinct()]


@receiver(field_users, dispatch_uid="automation.workflows_using_field")
def workflows_using_field(field: Field, **kwargs: Any) -> list[tuple[str, str]]:
    """The workflows whose draft has a step that reads or writes a field."""
    table = {"workflow__project": field.table.project_id, "config__table": field.table.physical_name}
    steps = Node.objects.filter(**table).select_related("workflow").order_by("workflow__name", "workflow_id")
    using = {step.workflow_id: step.workflow for step in steps if mentions(step.config, field.physical_name)}
    return [_named(workflow) for workflow in using.values()]


def _named(workflow: Workflow) -> tuple[str, str]:
    return workflow.name, reverse("admin:automation_workflow_change", args=[workflow.pk])
