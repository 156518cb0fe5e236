"""Finds executions that nobody runs although somebody should, and puts them right."""

import logging
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Coalesce, Now
from django.utils import timezone
from django.utils.translation import gettext as _

from nocode.automation.engine import deliveries
from nocode.automation.models import StepRun, WebhookDelivery, WorkflowExecution

logger = logging.getLogger(__name__)

STALE_AFTER = timedelta(hours=2)
LOST_AFTER = timedelta(minutes=10)
CALLS_LOOKED_AT = timedelta(hours=6)  # later than any outage of the queue, and before any execution is deleted
DROPPED_AFTER = timedelta(seconds=30)  # a lease nobody renewed and nobody gave back: its worker broke

Status = WorkflowExecution.Status


def requeue_lost(continue_later: Callable[[UUID, None], None], limit: int = 1000) -> int:
    """Queue again what the queue has lost; what merely waits in a long queue gets a second entry that does nothing."""
    old = Now() - LOST_AFTER
    due = (
        Q(status=Status.PENDING)
        | Q(status=Status.WAITING, wake_at__lt=old)
        | Q(status=Status.RUNNING, lease_until__lt=old)
    )
    dropped = Now() - DROPPED_AFTER
    broken = Q(status=Status.RUNNING, lease_token__isnull=False, lease_until__lt=dropped, updated_at__lt=dropped)
    with transaction.atomic():
        lost = WorkflowExecution.objects.filter(due & Q(updated_at__lt=old) | broken)
        lost = lost.select_for_update(skip_locked=True)
        ids = list(lost.values_list("pk", flat=True)[:limit])
        WorkflowExecution.objects.filter(pk__in=ids).update(updated_at=Now())  # leave them alone for a while
        for execution_id in ids:
            continue_later(execution_id, None)
    return len(ids)


def start_lost_deliveries(continue_later: Callable[[UUID, None], None], limit: int = 1000) -> int:
    """Start accepted webhook calls that no task will start, because the queue has lost it; returns how many.

    Each is started here and now, not queued as a call: a task that was only slow then finds the execution.
    """
    started = Exists(WorkflowExecution.objects.filter(pk=OuterRef("execution_id")))
    lost = WebhookDelivery.objects.filter(
        ~started, received_at__gt=Now() - CALLS_LOOKED_AT, received_at__lt=Now() - LOST_AFTER, error=""
    )
    count = 0
    for pk in list(lost.order_by("pk").values_list("pk", flat=True)[:limit]):
        with transaction.atomic():
            if execution_id := deliveries.start_execution(pk):
                continue_later(execution_id, None)
                count += 1
    if count:
        logger.warning("%d webhook calls had been lost by the queue and have been started", count)
    return count


def fail_stale(after: timedelta = STALE_AFTER, limit: int = 1000) -> int:
    """End as failed what runs without a heartbeat for longer than `after`."""
    heard_of = Coalesce("lease_until", "started_at", "created_at")
    stale = WorkflowExecution.objects.alias(heard_of=heard_of).filter(status=Status.RUNNING, heard_of__lt=Now() - after)
    with transaction.atomic():
        executions = list(stale.select_for_update(skip_locked=True)[:limit])
        for execution in executions:
            execution.move_to(Status.FAILED)
            execution.completed_at = timezone.now()
            execution.lease_token = None
            execution.error_message = _("No worker has run this execution for %d minutes.") % (
                after.total_seconds() // 60
            )
            execution.save()
            cut_off = execution.steps.filter(status=StepRun.Status.RUNNING)
            cut_off.update(
                status=StepRun.Status.FAILED, error=execution.error_message, finished_at=execution.completed_at
            )
            logger.warning("execution %s was stale and has been failed", execution.pk)
    return len(executions)
