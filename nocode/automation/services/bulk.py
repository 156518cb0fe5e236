"""Retry or cancel all executions that match a search: asked for here, done in the background."""

from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from nocode.automation.engine import bulk
from nocode.automation.errors import JobRefused
from nocode.automation.models import ExecutionJob, WorkflowExecution
from nocode.automation.services import executions
from nocode.automation.tasks import run_execution_job
from nocode.foundation.models import User

MOST = 50_000  # at once
Kind, Status = ExecutionJob.Kind, WorkflowExecution.Status

# Which executions an act is for; of the others that match, nothing is asked.
MEANT = {
    Kind.RETRY_STEP: Q(status=Status.FAILED) & ~Q(error_step=""),
    Kind.RETRY: Q(status__in=WorkflowExecution.FINISHED, workflow__isnull=False),
    Kind.CANCEL: ~Q(status__in=WorkflowExecution.FINISHED),
}

bulk.acts |= {
    Kind.RETRY_STEP: lambda execution, user: executions.retry_step(execution, execution.error_step, user),
    Kind.RETRY: executions.retry,
    Kind.CANCEL: executions.cancel,
}


def meant(kind: str, matching: QuerySet) -> QuerySet:
    """Those of the executions that match which the act is for, the oldest first."""
    return matching.filter(MEANT[kind]).order_by("pk")


def count(kind: str, matching: QuerySet) -> int:
    """How many the act is for; counted no further than one more than can be done at once."""
    return meant(kind, matching).values("pk")[: MOST + 1].count()


@transaction.atomic
def ask(kind: str, matching: QuerySet, user: User, *, query: str = "") -> list[ExecutionJob]:
    """Have an act done on all that match now; those that match later were not meant. A job for each organization.

    `query` is the search as its page spells it, to come back to. Raises JobRefused when there is nothing to do, or too
    much.
    """
    rows = meant(kind, matching).values_list("organization_id", "pk")[: MOST + 1]
    found: dict[UUID, list[str]] = {}
    for organization_id, pk in rows:
        found.setdefault(organization_id, []).append(str(pk))
    total = sum(map(len, found.values()))
    if not total:
        raise JobRefused(_("There is nothing to do: no execution that matches is in the state for this."))
    if total > MOST:
        raise JobRefused(_("More than %d executions match; narrow the search, for example to a period.") % MOST)
    return [_start(kind, organization_id, ids, user, query) for organization_id, ids in found.items()]


@transaction.atomic
def stop(job: ExecutionJob) -> ExecutionJob:
    """Ask a job to stop: at once while it waits, else after the part it is at. Raises JobRefused when it has ended."""
    job = ExecutionJob.objects.select_for_update().get(pk=job.pk)
    if job.is_finished:
        raise JobRefused(_("This has ended already."))
    job.cancel_requested = True
    if job.state == ExecutionJob.State.PENDING:
        job.state, job.finished_at = ExecutionJob.State.CANCELLED, timezone.now()
    job.save(update_fields=["cancel_requested", "state", "finished_at", "updated_at"])
    return job


def _start(kind: str, organization_id: UUID, ids: list[str], user: User, query: str) -> ExecutionJob:
    options = {"executions": ids, "query": query, "language": translation.get_language()}
    job = ExecutionJob.objects.create(
        organization_id=organization_id, kind=kind, requested_by=user, options=options, total=len(ids)
    )
    run_execution_job.enqueue(str(job.pk))
    return job
