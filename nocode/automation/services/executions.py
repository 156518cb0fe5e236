"""Start, cancel and retry executions."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from nocode.automation.engine import exports, runner
from nocode.automation.engine import start as starting
from nocode.automation.engine.reopen import reopen
from nocode.automation.errors import WorkflowNotRunnable
from nocode.automation.models import (
    Approval,
    EventWait,
    ExecutionExport,
    ExecutionLog,
    StepRun,
    Trigger,
    Workflow,
    WorkflowExecution,
)
from nocode.automation.models.waiting import ALIVE
from nocode.automation.tasks import (
    continue_later,
    execute_workflow_async,
    export_workflow_execution_logs,
    retry_failed_step,
)
from nocode.foundation.errors import IllegalTransition
from nocode.foundation.models import User

SAME = object()  # the input of the execution that is run again


@transaction.atomic
def start(
    workflow: Workflow,
    *,
    trigger: Trigger | None = None,
    input: Any = None,
    user: User | None = None,
    execution_id: UUID | None = None,
) -> WorkflowExecution:
    """Create an execution and queue it, in one transaction. Raises WorkflowNotRunnable."""
    execution = starting.create_execution(workflow, trigger=trigger, input=input, user=user, execution_id=execution_id)
    execute_workflow_async.enqueue(str(execution.pk))
    return execution


def run_now(execution_id: UUID, *, budget: float, until_response: bool = False) -> WorkflowExecution:
    """Run an execution in this process for at most about `budget` seconds; what is left goes to the queue."""
    runner.run(execution_id, continue_later=continue_later, budget=budget, until_response=until_response)
    return WorkflowExecution.objects.get(pk=execution_id)


@transaction.atomic
def cancel(execution: WorkflowExecution, user: User | None = None) -> WorkflowExecution:
    """Stop an execution for good: its worker notices at its next commit. Raises IllegalTransition when it has ended.

    What its steps wait for ends afterwards (`clear_up`).
    """
    return _cancel(execution.pk, _("Cancelled by %s.") % (user or _("the system")))


def _cancel(execution_id: UUID, why: str) -> WorkflowExecution:
    execution = WorkflowExecution.objects.without_values().select_for_update().get(pk=execution_id)
    execution.move_to(WorkflowExecution.Status.CANCELLED)
    now = timezone.now()
    execution.completed_at, execution.wake_at = now, None
    execution.lease_token = execution.lease_until = None
    execution.save()
    unfinished = execution.steps.filter(status__in=[StepRun.Status.RUNNING, StepRun.Status.WAITING])
    unfinished.update(status=StepRun.Status.CANCELLED, finished_at=now, wake_at=None)
    ExecutionLog.objects.create(execution=execution, at=now, message=why)
    return execution


def clear_up(execution_id: UUID | str) -> None:
    """End what steps waited for that were called off, one by one or with their execution.

    In a transaction of its own: whoever ends an execution that was called holds it, and then its caller.
    """
    waits = EventWait.objects.filter(execution=execution_id)
    waits.exclude(pk__in=waits.awaited()).delete()
    approvals = Approval.objects.filter(execution=execution_id, state=Approval.State.OPEN)
    approvals.exclude(pk__in=approvals.awaited()).update(state=Approval.State.WITHDRAWN, updated_at=timezone.now())
    called = WorkflowExecution.objects.filter(parent=execution_id, parent_attempt__isnull=False)
    for each in called.exclude(status__in=WorkflowExecution.FINISHED).order_by("pk"):
        if not _is_awaited(each):
            _cancel_called(each.pk)


def _is_awaited(called: WorkflowExecution) -> bool:
    """Whether the step that called it still waits for it."""
    return StepRun.objects.filter(
        execution=called.parent_id,
        node_key=called.parent_node,
        iteration=called.parent_iteration,
        attempt=called.parent_attempt,
        status=StepRun.Status.WAITING,
        execution__status__in=ALIVE,
    ).exists()


def _cancel_called(execution_id: UUID) -> None:
    try:
        with transaction.atomic():
            _cancel(execution_id, _("Cancelled with the step that called it."))
    except IllegalTransition:
        return  # it has ended meanwhile


@transaction.atomic
def retry(
    execution: WorkflowExecution, user: User | None = None, *, input: Any = SAME, current: bool = False
) -> WorkflowExecution:
    """Run the whole again as a new execution that is linked to the first.

    With the same input and the same version, unless another input or the `current` version is asked for. Raises
    WorkflowNotRunnable, LimitReached.
    """
    if execution.workflow is None:
        raise WorkflowNotRunnable(_("The workflow of this execution was deleted; it cannot run again."))
    again = starting.create_execution(
        execution.workflow,
        trigger=execution.trigger,
        input=execution.input if input is SAME else input,
        user=user,
        retry_of=execution,
        current=current,
    )
    execute_workflow_async.enqueue(str(again.pk))
    return again


@transaction.atomic
def retry_step(
    execution: WorkflowExecution, node_key: str, user: User | None = None, iteration: int | None = None
) -> None:
    """Try a failed step again in the same execution and go on from it; earlier results stay.

    Inside a loop: in the turn `iteration`, else in the first one in which it failed.
    Raises IllegalTransition unless the execution has failed, WorkflowNotRunnable unless the step has.
    """
    step = reopen(execution.pk, node_key, by=str(user or ""), iteration=iteration)
    retry_failed_step.enqueue(str(execution.pk), node_key, step.attempt, step.iteration)


@transaction.atomic
def request_export(execution: WorkflowExecution, user: User | None = None) -> ExecutionExport:
    """Have the file with all about an execution made in the background; an earlier one makes room for it."""
    values = {"requested_by": user, "content": None, "made_at": None, "error": ""}
    export, _created = ExecutionExport.objects.update_or_create(
        execution=execution, defaults={**values, "expires_at": timezone.now() + exports.KEPT}
    )
    export_workflow_execution_logs.enqueue(str(execution.pk))
    return export
