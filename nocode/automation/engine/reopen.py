"""Opens a failed execution again at the step that failed."""

from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from nocode.automation.engine.prepared import graph_of
from nocode.automation.errors import AlreadyRepeated, NoSuchId, WorkflowNotRunnable
from nocode.automation.models import ExecutionLog, StepRun, WorkflowExecution


@transaction.atomic
def reopen(
    execution_id: UUID, node_key: str, attempt: int | None = None, by: str = "", iteration: int | None = None
) -> StepRun:
    """Make the failed step due now; whoever runs the execution next continues from it with all earlier results.

    With an `attempt`, only that one is repeated: a request that comes late, after the step failed anew, is not for it.
    Inside a loop it is the step of the turn `iteration`, else of the first turn that it keeps open. Returns the attempt
    that is repeated. Raises NoSuchId; AlreadyRepeated and IllegalTransition when the execution has gone on or has not
    failed, WorkflowNotRunnable when the step has not.
    """
    execution = WorkflowExecution.objects.without_values().select_for_update().filter(pk=execution_id).first()
    if execution is None:
        raise NoSuchId(_("There is no execution %s; perhaps it was deleted.") % execution_id)
    failures = open_failures(execution, node_key)
    if iteration is None:
        iteration = failures.values_list("iteration", flat=True).first() or 0
    step = execution.steps.filter(node_key=node_key, iteration=iteration).order_by("-attempt").first()
    if attempt is not None and step is not None:
        _refuse_late(execution, step, attempt)
    execution.move_to(WorkflowExecution.Status.WAITING)
    if step not in failures or attempt not in (None, step.attempt):
        raise WorkflowNotRunnable(_("The step “%s” has not failed in this execution.") % node_key)
    now = timezone.now()
    StepRun.objects.filter(pk=step.pk).update(wake_at=now)
    execution.idle += now - (execution.completed_at or now)
    execution.wake_at, execution.completed_at = now, None
    execution.error_message = execution.error_step = ""
    execution.save()
    message = _("Step repeated by %s.") % by if by else _("Step repeated.")
    ExecutionLog.objects.create(execution=execution, at=now, node_key=node_key, message=message)
    return step


def open_failures(execution: WorkflowExecution, node_key: str) -> QuerySet:
    """The last attempts at a step that failed and that nothing went on from, the first turn of its loop first.

    Where a loop went on without an item, nothing waits for the step that failed in its turn.
    """
    later = StepRun.objects.filter(
        execution=execution, node_key=node_key, iteration=OuterRef("iteration"), attempt__gt=OuterRef("attempt")
    )
    loop = graph_of(execution.version_id).loops.get(node_key, "")
    over = StepRun.objects.filter(execution=execution, node_key=loop, iteration=OuterRef("iteration"))
    failed = execution.steps.filter(node_key=node_key, status=StepRun.Status.FAILED, ports=[])
    return failed.exclude(Exists(later)).exclude(Exists(over.exclude(ports=[]))).order_by("iteration")


def _refuse_late(execution: WorkflowExecution, latest: StepRun, attempt: int) -> None:
    """Raise AlreadyRepeated when the attempt was repeated, or will be: by whoever opened the execution again."""
    opened = latest.attempt == attempt and _has_failed(latest) and execution.status != WorkflowExecution.Status.FAILED
    if latest.attempt > attempt or opened:
        raise AlreadyRepeated(
            _("Attempt %(attempt)d at “%(step)s” was repeated already.") % {"attempt": attempt, "step": latest.node_key}
        )


def _has_failed(step: StepRun) -> bool:
    """Whether it failed and nothing went on from it."""
    return step.status == StepRun.Status.FAILED and not step.ports
