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
from nocode.automation.models import ExecutionExport, ExecutionLog, StepRun, Trigger, Workflow, WorkflowExecution
from nocode.automation.tasks import (
    continue_later,
    execute_workflow_async,
    export_workflow_execution_logs,
    retry_failed_step,
)
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
    """Stop an execution for good: its worker notices at its next commit. Raises IllegalTransition when it has ended."""
    execution = WorkflowExecution.objects.select_for_update().get(pk=execution.pk)
    execution.move_to(WorkflowExecution.Status.CANCELLED)
    now = timezone.now()
    execution.completed_at, execution.wake_at = now, None
    execution.lease_token = execution.lease_until = None
    execution.save()
    unfinished = execution.steps.filter(status__in=[StepRun.Status.RUNNING, StepRun.Status.WAITING])
    unfinished.update(status=StepRun.Status.CANCELLED, finished_at=now, wake_at=None)
    ExecutionLog.objects.create(execution=execution, at=now, message=_("Cancelled by %s.") % (user or _("the system")))
    return execution


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
