"""Acts on many executions: part by part, each in one transaction with the mark of how far the job is.

A worker that dies has done a part, or nothing of it; whoever gets the job next goes on behind the last one.
"""

import logging
from collections import Counter
from collections.abc import Callable
from uuid import UUID

from django.db import OperationalError, transaction
from django.db.models import Func, JSONField, Value
from django.utils import timezone
from django.utils.translation import gettext as _

from nocode.automation.engine.attempt import passes
from nocode.automation.models import ExecutionJob, WorkflowExecution
from nocode.foundation.errors import NoCodeError
from nocode.foundation.models import User

logger = logging.getLogger(__name__)

PART = 20  # executions in a transaction
REASONS_KEPT = 20
MOST_CLASHES = 50
RUN = "automation.run_workflowexecution"

Act = Callable[[WorkflowExecution, User], object]
State = ExecutionJob.State

acts: dict[str, Act] = {}  # by kind of job; services/bulk.py fills it


def run(job_id: UUID) -> None:
    """Do the job from where it is to its end, or until somebody stops it.

    A part may meet others who hold what it needs, and wait for what it has: it is done again after them.
    """
    goes_on, clashes = True, 0
    while goes_on:
        try:
            goes_on = _part(job_id)
        except OperationalError as error:
            clashes += 1
            if clashes > MOST_CLASHES or not passes(error):
                raise


def give_up(job_id: UUID, why: str) -> None:
    """The job cannot be done; what was done stays."""
    with transaction.atomic():
        job = ExecutionJob.objects.select_for_update().defer("options").filter(pk=job_id).first()
        if job and not job.is_finished:
            _end(job, State.FAILED, why)


@transaction.atomic
def _part(job_id: UUID) -> bool:
    """The next part; False when there is none."""
    jobs = ExecutionJob.objects.select_for_update(of=("self",)).select_related("requested_by").defer("options")
    job = jobs.filter(pk=job_id).first()
    if job is None or job.is_finished:
        return False
    ids = _next(job)
    if job.cancel_requested:
        return _end(job, State.CANCELLED, _("It was stopped on the way: what was done until then stays."))
    if not ids:
        return _end(job, State.DONE)
    done, refused = _act_on(job, ids)
    job.state, job.started_at = State.RUNNING, job.started_at or timezone.now()
    job.done += len(ids)
    reasons = (Counter(job.result.get("refused", {})) + refused).most_common(REASONS_KEPT)
    job.result = {"acted": job.result.get("acted", 0) + done, "refused": dict(reasons)}
    job.save(update_fields=["state", "started_at", "done", "result", "updated_at"])
    return True


def _next(job: ExecutionJob) -> list[str]:
    """The ids of the next part; only these leave the database."""
    path = f"$.executions[{job.done} to {job.done + PART - 1}]"
    slice_ = Func("options", Value(path), function="jsonb_path_query_array", output_field=JSONField())
    return ExecutionJob.objects.filter(pk=job.pk).values_list(slice_, flat=True).get()


def _act_on(job: ExecutionJob, ids: list[str]) -> tuple[int, Counter[str]]:
    """How many were acted on, and how often each reason was given not to."""
    rows = WorkflowExecution.objects.filter(organization=job.organization_id).without_values()
    rows = rows.select_related("workflow", "trigger")
    found, refused = rows.in_bulk([UUID(pk) for pk in ids]), Counter()
    for pk in ids:
        if why := _refusal(job, found.get(UUID(pk))):
            refused[why] += 1
    return len(ids) - refused.total(), refused


def _refusal(job: ExecutionJob, execution: WorkflowExecution | None) -> str:
    """Why nothing was done with an execution; nothing when it was."""
    if execution is None:
        return _("It was deleted meanwhile.")
    if job.requested_by is None or not job.requested_by.has_perm(RUN, execution):
        return _("Whoever asked for this may not do it any more.")
    try:
        with transaction.atomic():
            acts[job.kind](execution, job.requested_by)
    except NoCodeError as refusal:
        return refusal.message
    return ""


def _end(job: ExecutionJob, state: str, error: str = "") -> bool:
    job.state, job.error, job.finished_at = state, error, timezone.now()
    job.save(update_fields=["state", "error", "finished_at", "updated_at"])
    logger.info("job %s (%s) ended: %s", job.pk, job.kind, state)
    return False
