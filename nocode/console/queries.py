"""What the overview and the queue page read. Each function is one query; scope comes in as the user."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import CharField, Count, Exists, Max, Min, Q, QuerySet
from django.db.models.functions import Cast, Now
from django.utils import timezone

from nocode.automation.models import Trigger, Workflow, WorkflowExecution
from nocode.console.bins import DateBin
from nocode.foundation.ids import first_id_at
from nocode.foundation.models import Membership, Organization, OutboxEvent, QueuedTask, User, Worker
from nocode.foundation.models.event import GAVE_UP, PENDING
from nocode.foundation.permissions import rows_of
from nocode.insights.tracker import LOST
from nocode.runtime.models import GeneratedApp
from nocode.studio.models import DataTable

Status = WorkflowExecution.Status
# A schedule whose time passed longer ago than this was missed by the ticker, which runs every minute.
OVERDUE_AFTER = timedelta(minutes=3)


def executions_since(user: User, since: datetime) -> QuerySet[WorkflowExecution]:
    """Executions created since then; found by their id, which grows with time and is indexed."""
    return rows_of(user, WorkflowExecution.objects.filter(id__gte=first_id_at(since)))


def unfinished(user: User) -> dict[str, Any]:
    """How many executions run, wait or are queued now, and since when the oldest queued one is."""
    open_now = rows_of(user, WorkflowExecution.objects.all()).filter(
        status__in=[Status.PENDING, Status.RUNNING, Status.WAITING]
    )
    return open_now.order_by().aggregate(
        running=Count("pk", filter=Q(status=Status.RUNNING)),
        waiting=Count("pk", filter=Q(status=Status.WAITING)),
        pending=Count("pk", filter=Q(status=Status.PENDING)),
        oldest=Min("created_at", filter=Q(status=Status.PENDING)),
    )


def per_bin(user: User, since: datetime, step: timedelta) -> list[tuple[datetime, str, int]]:
    """(start of the slice of time, status, executions created in it)."""
    rows = executions_since(user, since).order_by().annotate(slice=DateBin("created_at", step, since))
    return list(rows.values_list("slice", "status").annotate(count=Count("pk")))


def failures(user: User, since: datetime, limit: int = 6) -> list[dict[str, Any]]:
    """Failed executions grouped by workflow and message, the latest group first."""
    failed = executions_since(user, since).filter(status=Status.FAILED).order_by()
    groups = failed.values("workflow_name", "error_message")
    # Ids sort by time as text too, and max() of a uuid is missing before PostgreSQL 18.
    latest = groups.annotate(count=Count("pk"), at=Max("updated_at"), last=Max(Cast("id", CharField())))
    return list(latest.order_by("-at")[:limit])


def live_workers() -> int:
    """How many worker processes are alive."""
    return Worker.objects.alive().count()


def schedules(user: User, limit: int = 10) -> list[Trigger]:
    """Active schedules of running workflows, the next to run (or the longest overdue) first."""
    due = Trigger.objects.visible_to(user).filter(
        kind=Trigger.Kind.SCHEDULE,
        is_active=True,
        next_run_at__isnull=False,
        workflow__status=Workflow.Status.ACTIVE,
    )
    return list(due.select_related("workflow").order_by("next_run_at")[:limit])


def undeliverable_events(user: User, limit: int = 5) -> list[dict[str, Any]]:
    """Events nobody could be told about, by name; and activities that are missing, even if they may come yet."""
    missing = GAVE_UP | PENDING & Q(name=LOST)
    lost = OutboxEvent.objects.visible_to(user).filter(missing).order_by()
    return list(lost.values("name").annotate(count=Count("pk"), at=Max("created_at")).order_by("-at")[:limit])


def progress(user: User) -> dict[str, bool]:
    """What the person's organizations have already, for the first steps."""
    workflows = Workflow.objects.visible_to(user)
    return User.objects.filter(pk=user.pk).values(
        member=Exists(Membership.objects.filter(user=user)),
        organization=Exists(Organization.objects.visible_to(user)),
        table=Exists(DataTable.objects.visible_to(user)),
        workflow=Exists(workflows),
        published=Exists(workflows.filter(published_version__isnull=False)),
        execution=Exists(WorkflowExecution.objects.visible_to(user)),
        application=Exists(GeneratedApp.objects.visible_to(user).filter(current_deployment__isnull=False)),
        colleague=Exists(Membership.objects.visible_to(user).exclude(user=user)),
    )[0]


@dataclass
class Backlog:
    """What one queue holds."""

    queue: str
    waiting: int
    taken: int
    delayed: int
    oldest: datetime | None


def backlogs() -> list[Backlog]:
    """Every queue that holds tasks."""
    free, due = Q(claimed_by=None), Q(due_at__lte=Now())
    rows = (
        QueuedTask.objects.order_by()
        .values("queue")
        .annotate(
            waiting=Count("pk", filter=free & due),
            taken=Count("pk", filter=~free),
            delayed=Count("pk", filter=free & ~due),
            oldest=Min("due_at", filter=free & due),
        )
    )
    return [Backlog(**row) for row in rows.order_by("queue")]


def workers() -> list[Worker]:
    """Every worker that is or lately was there, with `is_alive` as the database's clock sees it."""
    rows = Worker.objects.annotate(is_alive=Q(pk__in=Worker.objects.alive().values("pk")))
    return list(rows.order_by("cluster", "host", "pid"))


def throughput(of: list[Worker]) -> dict[str, float]:
    """Tasks done per minute by the living workers of each cluster, since they started."""
    now = timezone.now()
    rates: dict[str, float] = {}
    for worker in of:
        minutes = max((now - worker.started_at).total_seconds(), 1) / 60
        if worker.is_alive:
            rates[worker.cluster] = rates.get(worker.cluster, 0) + worker.done / minutes
    return {cluster: round(rate, 1) for cluster, rate in rates.items()}
