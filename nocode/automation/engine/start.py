"""Creates executions, pinned to the version that is published at that moment."""

import json
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from nocode.automation.engine.prepared import graph_of
from nocode.automation.engine.store import to_json
from nocode.automation.errors import WorkflowNotRunnable
from nocode.automation.models import Trigger, Workflow, WorkflowExecution
from nocode.foundation.ids import uuid7
from nocode.foundation.models import User
from nocode.foundation.services import billing


def refuse_unless_runnable(workflow: Workflow) -> None:
    """Raise WorkflowNotRunnable, with the reason, unless the workflow is active and published."""
    if workflow.published_version_id is None:
        raise WorkflowNotRunnable(_("“%s” has never been published; publish it first.") % workflow.name)
    if workflow.status != Workflow.Status.ACTIVE:
        status = workflow.get_status_display().lower()
        raise WorkflowNotRunnable(
            _("“%(name)s” is %(status)s; activate it first.") % {"name": workflow.name, "status": status}
        )


def create_execution(
    workflow: Workflow,
    *,
    trigger: Trigger | None = None,
    input: Any = None,
    user: User | None = None,
    called: dict[str, Any] | None = None,
    execution_id: UUID | None = None,
    retry_of: WorkflowExecution | None = None,
    current: bool = False,
) -> WorkflowExecution:
    """Write a pending execution; with an `execution_id` that exists already, return that one.

    `called`: which step of which execution starts it, if one does (see engine/subworkflows.py).

    A retry begins at the same step as the execution it repeats, of the same version unless it asks for the `current`
    one. Raises WorkflowNotRunnable, LimitReached, and PermanentFailure when the input is not JSON.
    """
    refuse_unless_runnable(workflow)
    kind, entry, version_id = _way_in(workflow, trigger, retry_of, current)
    if execution_id is None:  # whoever brings an id has asked before promising the execution
        billing.require(workflow.organization_id, "executions")
    execution, _created = WorkflowExecution.objects.get_or_create(
        pk=execution_id or uuid7(),
        defaults={
            "organization_id": workflow.organization_id,
            "workflow": workflow,
            "workflow_name": workflow.name,
            "version_id": version_id,
            "trigger": trigger,
            "trigger_kind": kind,
            "entry": entry,
            "triggered_by": user,
            "input": json.loads(to_json(input)),
            "timeout": workflow.timeout,
            "retry_of": retry_of,
            **(called or {}),
        },
    )
    return execution


def _way_in(
    workflow: Workflow, trigger: Trigger | None, retry_of: WorkflowExecution | None, current: bool
) -> tuple[str, str, UUID]:
    """What starts it, at which step (empty: every step without a predecessor), of which version."""
    version_id = workflow.published_version_id
    if retry_of is not None and not current:
        return retry_of.trigger_kind, retry_of.entry, retry_of.version_id
    if retry_of is not None and trigger is None:
        _refuse_lost_entry(version_id, retry_of.entry)
        return retry_of.trigger_kind, retry_of.entry, version_id
    if trigger is None:
        return Trigger.Kind.MANUAL, "", version_id
    graph = graph_of(version_id).graph
    entry = graph.settings.get("entries", {}).get(str(trigger.pk), trigger.entry)  # renamed since: as it was published
    if entry and entry not in graph.nodes:
        raise WorkflowNotRunnable(
            _("“%(trigger)s” starts at the step “%(step)s”, which the published version does not have; publish again.")
            % {"trigger": trigger, "step": entry}
        )
    return trigger.kind, entry, version_id


def _refuse_lost_entry(version_id: UUID, entry: str) -> None:
    if entry and entry not in graph_of(version_id).graph.nodes:
        message = _("It began at the step “%(step)s”, which the published version does not have; use the same version.")
        raise WorkflowNotRunnable(message % {"step": entry})
