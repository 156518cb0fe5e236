"""Executions that start others: the step that calls a workflow, and the workflow that is run when one fails."""

import logging
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from nocode.automation.engine.answers import Place, Queue
from nocode.automation.engine.start import create_execution
from nocode.automation.errors import PermanentFailure
from nocode.automation.models import CalledBy, ExecutionLog, Trigger, Workflow, WorkflowExecution
from nocode.foundation.errors import NoCodeError
from nocode.foundation.models import OutboxEvent

logger = logging.getLogger(__name__)

DEEPEST = 10

# Of the failures of executions, those for which a workflow is to be run.
_AWAITED = """
SELECT event.id FROM foundation_outboxevent AS event
WHERE event.id = ANY(%s) AND EXISTS (
    SELECT FROM automation_workflow AS workflow
    WHERE workflow.id = (event.payload ->> 'workflow_id')::uuid AND workflow.error_workflow_id IS NOT NULL)
"""


@dataclass(frozen=True)
class Call:
    """A step calls a workflow. `waits`: for the end of it."""

    place: Place
    organization_id: UUID
    depth: int
    workflow_id: UUID
    input: Any
    waits: bool


def call(call: Call, queue: Queue) -> UUID:
    """Start a workflow for a step, in the transaction of the step's result; the id of the new execution.

    It starts like by hand: where its manual trigger does. Raises PermanentFailure and WorkflowNotRunnable.
    """
    if call.depth >= DEEPEST:
        message = _("Not called: %d workflows have called one another, and no more may; end the recursion earlier.")
        raise PermanentFailure(message % DEEPEST)
    workflow = Workflow.objects.filter(pk=call.workflow_id, organization=call.organization_id).first()
    if workflow is None:
        raise PermanentFailure(_("The workflow that is to be called does not exist any more; choose another one."))
    trigger = workflow.triggers.filter(kind=Trigger.Kind.MANUAL, is_active=True).order_by("pk").first()
    called = {
        "trigger_kind": CalledBy.WORKFLOW,
        "parent_id": call.place.execution_id,
        "parent_node": call.place.node_key,
        "parent_iteration": call.place.iteration,
        "parent_attempt": call.place.attempt if call.waits else None,
        "depth": call.depth + 1,
    }
    execution = create_execution(workflow, trigger=trigger, input=call.input, called=called)
    queue(execution.pk, None)
    return execution.pk


def failures_with_a_workflow(event_ids: list[int]) -> set[int]:
    """Of these failures, those for which a workflow is to be run."""
    with connection.cursor() as cursor:
        cursor.execute(_AWAITED, [event_ids])
        return {row[0] for row in cursor.fetchall()}


def start_for_failure(event: OutboxEvent, queue: Queue) -> UUID | None:
    """Run the workflow that its workflow names for failures; one that failed in such a run starts none."""
    failed = WorkflowExecution.objects.select_related("workflow__error_workflow", "parent")
    failed = failed.filter(pk=event.payload["execution_id"]).first()
    if failed is None or failed.workflow is None or failed.workflow.error_workflow is None or _is_about_failure(failed):
        return None
    called = {
        "trigger_kind": CalledBy.FAILURE,
        "parent_id": failed.pk,
        "parent_node": failed.error_step,
        "depth": failed.depth + 1,
    }
    try:
        started = create_execution(failed.workflow.error_workflow, input=_failure(failed, event), called=called)
    except NoCodeError as refusal:
        logger.warning("execution %s: its error workflow cannot be started: %s", failed.pk, refusal)
        message = _("The workflow for failures was not started: %s") % refusal.message
        values = {"execution": failed, "at": timezone.now(), "level": ExecutionLog.Level.WARNING, "message": message}
        ExecutionLog.objects.create(**values)
        return None
    queue(started.pk, None)
    return started.pk


def _is_about_failure(execution: WorkflowExecution | None) -> bool:
    """Whether it is run because another one failed, or was called by one that is."""
    while execution is not None:
        if execution.trigger_kind == CalledBy.FAILURE:
            return True
        execution = execution.parent
    return False


def _failure(failed: WorkflowExecution, event: OutboxEvent) -> dict[str, Any]:
    """What the expressions of the workflow see as `trigger`."""
    return {
        "error": failed.error_message or event.payload["error_message"],
        "step": failed.error_step,
        "workflow": {"id": str(failed.workflow_id), "name": failed.workflow_name},
        "execution": {
            "id": str(failed.pk),
            "trigger": failed.trigger_kind,
            "started_at": failed.started_at,
            "failed_at": failed.completed_at,
            "input": failed.input,
        },
    }
