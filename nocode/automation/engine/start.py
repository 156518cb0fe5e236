"""Creates executions, pinned to the version that is published at that moment."""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from nocode.automation.engine.store import to_json
from nocode.automation.errors import WorkflowNotRunnable
from nocode.automation.models import Trigger, Workflow, WorkflowExecution, WorkflowVersion
from nocode.foundation.ids import uuid7
from nocode.foundation.models import User


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
    execution_id: UUID | None = None,
    version: WorkflowVersion | None = None,
    retry_of: WorkflowExecution | None = None,
) -> WorkflowExecution:
    """Write a pending execution; with an `execution_id` that exists already, return that one.

    Raises WorkflowNotRunnable, and PermanentFailure when the input is not JSON.
    """
    refuse_unless_runnable(workflow)
    to_json(input)
    execution, _created = WorkflowExecution.objects.get_or_create(
        pk=execution_id or uuid7(),
        defaults={
            "organization_id": workflow.organization_id,
            "workflow": workflow,
            "workflow_name": workflow.name,
            "version_id": version.pk if version else workflow.published_version_id,
            "trigger": trigger,
            "trigger_kind": trigger.kind if trigger else Trigger.Kind.MANUAL,
            "entry": trigger.entry if trigger else "",
            "triggered_by": user,
            "input": input,
            "timeout": workflow.timeout,
            "retry_of": retry_of,
        },
    )
    return execution
