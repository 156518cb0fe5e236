"""The entry points of the queue: fetch, call the engine, stop. Each may run twice."""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import translation
from django.utils.translation import gettext as _

from nocode.automation import notifying
from nocode.automation.engine import bulk, calls, deliveries, exports, janitor, retention, runner, schedules
from nocode.automation.engine.reopen import reopen
from nocode.automation.errors import AlreadyRepeated, NoSuchId
from nocode.automation.models import ExecutionJob
from nocode.foundation.database import is_connection_lost
from nocode.foundation.ids import uuid_or_none
from nocode.foundation.queue import LOST_ATTEMPTS, task
from nocode.foundation.retention import Sweep

logger = logging.getLogger(__name__)

SOON = timedelta(seconds=2)
MOST_DEATHS = 3


@task(timeout=300)
def execute_workflow_async(execution_id: str) -> None:
    """Run one execution, or a slice of it."""
    _run(_uuid(execution_id))


def _run(execution_id: UUID) -> None:
    """Run it; carefully when the worker that had this task before has died, perhaps of this very execution."""
    runner.run(execution_id, continue_later=continue_later, cautious=LOST_ATTEMPTS.get() > 0)


def continue_later(execution_id: UUID, due_at: datetime | timedelta | None) -> None:
    """Queue the rest of an execution, in the caller's transaction."""
    execute_workflow_async.enqueue(str(execution_id), due_at=due_at)


@task(timeout=300)
def process_webhook_trigger(delivery_id: int) -> None:
    """Start what a webhook delivered, and run it; while the web process runs it, come back when its lease ends."""
    if not isinstance(delivery_id, int):
        raise NoSuchId(_("“%s” is not the number of a webhook delivery.") % delivery_id)
    if execution_id := deliveries.start_execution(delivery_id):
        _run(execution_id)


@task(timeout=300)
def process_scheduled_triggers(look_ahead: bool = True) -> dict[str, int]:
    """Start every schedule that is due. Called each minute, it queues itself for the very moments until the next."""
    counts = schedules.fire_due(continue_later)
    if counts["busy"]:
        process_scheduled_triggers.enqueue(False, due_at=SOON)
    for moment in schedules.moments_ahead() if look_ahead else []:
        process_scheduled_triggers.enqueue(False, due_at=moment)
    return counts


@task(timeout=300)
def retry_failed_step(execution_id: str, node_key: str, attempt: int, iteration: int = 0) -> None:
    """Repeat one failed attempt at a step with the saved context, and continue from it.

    `iteration` is the turn of the loop around the step.
    """
    execution_id = _uuid(execution_id)
    try:
        reopen(execution_id, node_key, attempt, iteration=iteration)
    except AlreadyRepeated as refusal:  # by an earlier delivery of this task, which may have been killed since
        logger.info("execution %s: %s", execution_id, refusal.message)
    _run(execution_id)


@task(timeout=4 * 60 * 60)
def run_execution_job(job_id: str) -> None:
    """Act on many executions, from where the job is; after a worker died of it several times, no more."""
    job_id = _uuid(job_id)
    language = ExecutionJob.objects.filter(pk=job_id).values_list("options__language", flat=True).first()
    with translation.override(language):
        if LOST_ATTEMPTS.get() >= MOST_DEATHS:
            why = _("The worker of this job died %(times)d times; it is not tried again.") % {"times": MOST_DEATHS}
            bulk.give_up(job_id, why)
            return
        try:
            bulk.run(job_id)
        except Exception as error:
            if not is_connection_lost(error):  # then the queue hands the task out again
                bulk.give_up(job_id, _("Something unexpected went wrong. The log of the workers tells more."))
            raise


@task(timeout=300)
def cleanup_stale_executions() -> dict[str, int]:
    """Queue again what was lost, and fail what no worker has touched for two hours."""
    return {
        "failed": janitor.fail_stale(),
        "requeued": janitor.requeue_lost(continue_later),
        "started": janitor.start_lost_deliveries(continue_later),
    }


@task(timeout=300)
def cleanup_old_executions() -> dict[str, int]:
    """Delete executions that ended long ago, in batches; what does not fit into one call is left to another."""
    sweep = Sweep()
    retention.forget_executions(sweep)
    if sweep.is_cut_short:
        cleanup_old_executions.enqueue()
    return dict(sweep.deleted)


@task(timeout=900)
def export_workflow_execution_logs(execution_id: str) -> None:
    """Make the file with all about one execution, to be downloaded on its page."""
    exports.make(_uuid(execution_id))


@task(timeout=120)
def send_workflow_notification(execution_id: str, type: str, event_id: str) -> None:
    """Tell those who want to know that an execution has completed, failed, …; `event_id` says which time it was."""
    notifying.tell(_uuid(execution_id), type, _uuid(event_id), call_later)


@task(timeout=60)
def call_notification_address(delivery_id: int) -> None:
    """Call the address somebody wants to be told at; when that fails for now, again later."""
    notifying.call_address(delivery_id, call_later)


def call_later(delivery_id: int, after: timedelta | None) -> None:
    """Queue a call of an address, in the caller's transaction."""
    call_notification_address.enqueue(delivery_id, due_at=after)


@task(timeout=300)
def update_integration_stats() -> dict[str, int]:
    """Take the calls made with integrations since the last time into their statistics."""
    return {"calls": calls.fold()}


def _uuid(text: str) -> UUID:
    if found := uuid_or_none(text):
        return found
    raise NoSuchId(_("“%s” is not the id of an execution.") % text)
