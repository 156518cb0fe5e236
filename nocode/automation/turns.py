"""What ran several times inside a loop: counted for each step, and one turn at a time. However many there are."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, Max, Min, OuterRef, Q, QuerySet
from django.db.models.fields.json import KeyTransform

from nocode.automation.models import StepRun, WorkflowExecution
from nocode.automation.queries import shown, size

Status = StepRun.Status
FAILED_SHOWN = 20


@dataclass(frozen=True)
class Turns:
    """How the turns of one step went; looks like a step run where only its state and its times are asked for."""

    pk: int  # of the first of them
    node_key: str
    count: int
    last: int  # the number of the last of them; a step may have been left out of others
    failed: int
    running: int
    waiting: int
    started_at: datetime
    finished_at: datetime | None

    attempt = 1

    @property
    def status(self) -> str:
        """What stands out: a turn under way, else one that failed."""
        for number, status in (
            (self.running, Status.RUNNING),
            (self.waiting, Status.WAITING),
            (self.failed, Status.FAILED),
        ):
            if number:
                return status
        return Status.COMPLETED


def counted(execution: WorkflowExecution, keys: Collection[str]) -> dict[str, Turns]:
    """The turns of steps, by step, in one query; steps that had none are left out."""
    if not keys:
        return {}
    is_last = ~Exists(_later(execution))
    rows = (
        execution.steps.filter(node_key__in=keys, iteration__gt=0)
        .order_by()
        .values("node_key")
        .annotate(
            count=Count("pk", filter=Q(attempt=1)),
            failed=Count("pk", filter=Q(is_last, status=Status.FAILED)),
            running=Count("pk", filter=Q(status=Status.RUNNING)),
            waiting=Count("pk", filter=Q(status=Status.WAITING)),
            first=Min("pk"),
            last=Max("iteration"),
            started=Min("started_at"),
            finished=Max("finished_at"),
        )
    )
    return {
        row["node_key"]: Turns(
            pk=row["first"],
            node_key=row["node_key"],
            count=row["count"],
            last=row["last"],
            failed=row["failed"],
            running=row["running"],
            waiting=row["waiting"],
            started_at=row["started"],
            finished_at=None if row["running"] or row["waiting"] else row["finished"],
        )
        for row in rows
    }


def failed(execution: WorkflowExecution, key: str) -> list[int]:
    """The first turns in which a step failed and was not repeated with success."""
    rows = execution.steps.filter(node_key=key, iteration__gt=0, status=Status.FAILED).exclude(
        Exists(_later(execution))
    )
    return list(rows.order_by("iteration").values_list("iteration", flat=True)[:FAILED_SHOWN])


def item_of(execution: WorkflowExecution, loop: str, turn: int) -> StepRun | None:
    """The run of a loop that is one turn, with its item cut to what is shown."""
    rows: QuerySet = execution.steps.filter(node_key=loop, iteration=turn).defer("settings", "output")
    item = KeyTransform("item", "settings")
    return rows.annotate(shown_item=shown(item), size_item=size(item)).first()


def _later(execution: WorkflowExecution) -> QuerySet:
    """Later attempts at the same step in the same turn."""
    return StepRun.objects.filter(
        execution=execution,
        node_key=OuterRef("node_key"),
        iteration=OuterRef("iteration"),
        attempt__gt=OuterRef("attempt"),
    )
