"""The entry points of the queue: fetch, call what does the work, stop. Each may run twice."""

import logging
from contextlib import closing, nullcontext
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from nocode.foundation.database import is_connection_lost
from nocode.foundation.errors import NoCodeError
from nocode.foundation.queue import LOST_ATTEMPTS, task
from nocode.foundation.retention import forgets
from nocode.studio.errors import JobRefused
from nocode.studio.jobs.base import JobCancelled, JobType, Progress, job_types
from nocode.studio.models import RecordChange, TableJob
from nocode.studio.schema.expiry import purge_expired

logger = logging.getLogger(__name__)

State = TableJob.State
MOST_DEATHS = 3
ENDED = ("state", "result", "error", "done", "total", "output", "table", "finished_at")


@task(timeout=4 * 60 * 60)
def run_table_job(job_id: str) -> None:
    """Do one job and tell how it ended. When the worker died before the end, it is done again from the start."""
    job = _begin(job_id)
    if job is None:
        return
    with translation.override(job.options.get("language")), closing(Progress(job)) as progress:
        try:
            _refuse_killers()
            _work(job, progress)
        except JobCancelled as stopped:
            _end(job, State.CANCELLED, error=stopped.message)
        except NoCodeError as refusal:
            _end(job, State.FAILED, error=refusal.message)
        except Exception as error:
            if not is_connection_lost(error):  # then the queue hands the task out again
                _end(job, State.FAILED, error=_("Something unexpected went wrong. The log of the workers tells more."))
            raise


@task(timeout=3600)
def empty_trash() -> dict[str, int]:
    """Purge what lay in the trash for the whole grace period."""
    return purge_expired()


@forgets
def old_record_changes() -> QuerySet:
    """What became of rows so long ago that nobody asks any more."""
    old = RecordChange.objects.filter(at__lt=timezone.now() - timedelta(days=settings.NOCODE_HISTORY_DAYS))
    return old.order_by("at")


def _begin(job_id: str) -> TableJob | None:
    """The job, marked as running, unless it has ended (or was deleted) before."""
    with transaction.atomic():
        jobs = TableJob.objects.select_for_update(of=("self",)).select_related("project", "table", "requested_by")
        job = jobs.filter(pk=job_id, state__in=(State.PENDING, State.RUNNING)).first()
        if job is None:
            return None
        job.state, job.started_at, job.done = State.RUNNING, timezone.now(), 0
        job.save(update_fields=["state", "started_at", "done", "updated_at"])
        return job


def _work(job: TableJob, progress: Progress) -> None:
    kind: JobType = job_types[job.kind]
    with transaction.atomic() if kind.in_transaction else nullcontext():
        progress.check()
        result = kind.run(job, progress)
        refused = result.pop("refused", "")
        _end(job, State.FAILED if refused else State.DONE, result=result, error=refused)


@transaction.atomic
def _end(job: TableJob, state: str, *, result: dict[str, Any] | None = None, error: str = "") -> None:
    job.state, job.error, job.finished_at = state, error, timezone.now()
    job.result = job.result if result is None else result
    if state == State.DONE:
        job.done = job.total
    job.save(update_fields=[*ENDED, "updated_at"])
    if state != State.DONE and job.kind in job_types:
        job_types[job.kind].given_up(job)
    logger.info("job %s (%s) ended: %s", job.pk, job.kind, state)


def _refuse_killers() -> None:
    """Give up a job that its workers do not survive: it is run again each time one dies."""
    if LOST_ATTEMPTS.get() >= MOST_DEATHS:
        raise JobRefused(
            _("The worker of this job died %(times)d times; it is not tried again.") % {"times": MOST_DEATHS}
        )
