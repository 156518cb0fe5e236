"""Jobs: started together with the task that runs them, and stopped on request."""

from typing import Any

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from nocode.foundation.models import User
from nocode.studio.errors import JobRefused
from nocode.studio.jobs.base import JobType, job_types
from nocode.studio.models import DataTable, Project, StoredFile, TableJob
from nocode.studio.tasks import run_table_job


@transaction.atomic
def start(
    kind: str,
    *,
    project: Project,
    table: DataTable | None = None,
    user: User | None = None,
    options: dict[str, Any] | None = None,
    input: StoredFile | None = None,
) -> TableJob:
    """Have a job done in the background, in the language that is spoken now. Raises UnknownKind, JobRefused."""
    _refuse_many(job_types[kind], user)
    job = TableJob.objects.create(
        kind=job_types[kind].kind,
        project=project,
        table=table,
        requested_by=user,
        options={**(options or {}), "language": translation.get_language()},
        input=input,
    )
    run_table_job.enqueue(str(job.pk))
    return job


def _refuse_many(kind: JobType, user: User | None) -> None:
    """Their jobs are counted one start after the other, so that a person who asks many times at once has no more."""
    if kind.most_at_once is None or user is None:
        return
    list(User.objects.select_for_update(no_key=True).filter(pk=user.pk).values_list("pk"))
    unfinished = TableJob.objects.filter(requested_by=user, kind=kind.kind, finished_at=None).count()
    if unfinished >= kind.most_at_once:
        raise JobRefused(kind.too_many % {"count": unfinished})


@transaction.atomic
def cancel(job: TableJob) -> TableJob:
    """Ask a job to stop: at once while it waits, else as soon as it looks up. Raises JobRefused when it has ended."""
    current = TableJob.objects.select_for_update().get(pk=job.pk)
    if current.is_finished:
        raise JobRefused(_("This has ended already."))
    current.cancel_requested = True
    if current.state == TableJob.State.PENDING:
        current.state, current.finished_at = TableJob.State.CANCELLED, timezone.now()
        job_types[current.kind].given_up(current)
    current.save(update_fields=["cancel_requested", "state", "finished_at", "updated_at"])
    return current
