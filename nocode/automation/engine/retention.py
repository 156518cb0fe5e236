"""Which executions are old enough to be deleted, and what goes some time after them."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from nocode.automation.models import ExecutionExport, WebhookDelivery, Workflow, WorkflowExecution
from nocode.foundation.retention import Sweep, forgets

# For so long the same call is recognised when its sender repeats it, and for so long it can be read afterwards.
CALL_RECOGNISED = timedelta(days=7)
CALL_KEPT = timedelta(days=30)


def forget_executions(sweep: Sweep) -> None:
    """Delete executions that ended longer ago than their workflow keeps them, or the installation if it does not say.

    Those of deleted workflows come first; one workflow and one status after the other, so that an index leads to the
    oldest of each, and what is kept longer is never read.
    """
    now, usual = timezone.now(), settings.EXECUTION_RETENTION_DAYS
    kept = Workflow.objects.order_by("pk").values_list("pk", "retention_days", "failed_retention_days")
    for workflow_id, days, failed_days in [(None, None, None), *kept]:
        days = days or usual
        for status in WorkflowExecution.FINISHED:
            ended_badly = status in WorkflowExecution.ENDED_BADLY
            moment = now - timedelta(days=failed_days or days if ended_badly else days)
            sweep.delete(_ended_before(moment, workflow_id, status))
            if sweep.is_cut_short:
                return


def _ended_before(moment: datetime, workflow_id: UUID | None, status: str) -> QuerySet:
    ended = WorkflowExecution.objects.filter(workflow=workflow_id, status=status, completed_at__lt=moment)
    return ended.order_by("completed_at")


@forgets
def old_deliveries() -> QuerySet:
    """Webhook calls nobody will repeat or read any more."""
    old = WebhookDelivery.objects.filter(received_at__lt=timezone.now() - CALL_RECOGNISED - CALL_KEPT)
    return old.order_by("pk")


@forgets
def old_exports() -> QuerySet:
    """Files whose time is over."""
    return ExecutionExport.objects.filter(expires_at__lt=timezone.now()).order_by("pk")
