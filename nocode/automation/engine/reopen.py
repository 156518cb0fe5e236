"""Opens a failed execution again at the step that failed."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from nocode.automation.errors import WorkflowNotRunnable
from nocode.automation.models import ExecutionLog, StepRun, WorkflowExecution


@transaction.atomic
def reopen(execution_id: UUID | str, node_key: str, by: str = "") -> None:
    """Make the failed step due now; whoever runs the execution next continues from it with all earlier results.

    Raises IllegalTransition unless the execution has failed, WorkflowNotRunnable unless the step has.
    """
    execution = WorkflowExecution.objects.select_for_update().get(pk=execution_id)
    execution.move_to(WorkflowExecution.Status.WAITING)
    step = execution.steps.filter(node_key=node_key).order_by("-attempt").first()
    if step is None or step.status != StepRun.Status.FAILED or step.ports:
        raise WorkflowNotRunnable(_("The step “%s” has not failed in this execution.") % node_key)
    now = timezone.now()
    StepRun.objects.filter(pk=step.pk).update(wake_at=now)
    execution.wake_at, execution.completed_at = now, None
    execution.error_message = execution.error_step = ""
    execution.save()
    message = _("Step repeated by %s.") % by if by else _("Step repeated.")
    ExecutionLog.objects.create(execution=execution, at=now, node_key=node_key, message=message)
