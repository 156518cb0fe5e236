"""Counts what happened on each day."""

from datetime import date, timedelta

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from nocode.automation.models import WorkflowExecution
from nocode.foundation.ids import first_id_at
from nocode.foundation.models import Organization
from nocode.insights import counting
from nocode.insights.days import DAY, bounds, day_of, days_between, today
from nocode.insights.models import DailyMetric, UserActivity

# How long after its end a day is still counted again: runs that were started late in it may take their time.
SETTLES_AFTER = timedelta(days=1)
# How long figures are as good as new: counting is work, and people press buttons.
FRESH = timedelta(seconds=5)
# How far back missed days are caught up.
FURTHEST = timedelta(days=400)


@transaction.atomic
def roll_up(day: date) -> None:
    """Count one day, for all organizations. Counting it again gives the same figures, or those of now."""
    start, end = bounds(day)
    values = {
        "day": day,
        "start": start,
        "end": end,
        "first_id": first_id_at(start),
        "end_id": first_id_at(end),
        "is_final": timezone.now() >= end + SETTLES_AFTER,
    }
    with connection.cursor() as cursor:
        cursor.execute(counting.LOCK, values)
        cursor.execute(counting.FIRST_EVENT, {"moment": start})
        values["first_event"] = cursor.fetchone()[0]
        for statement in (
            counting.ORGANIZATIONS,
            counting.EXECUTIONS,
            counting.WORKFLOWS,
            counting.PEOPLE_AND_ROWS,
            counting.DEPLOYMENTS,
            counting.CLOSE,
        ):
            cursor.execute(statement, values)


def refresh() -> None:
    """Count today for somebody who looks at it, unless it was counted a moment ago."""
    if not DailyMetric.objects.filter(day=today(), updated_at__gt=timezone.now() - FRESH).exists():
        roll_up(today())


def open_days() -> list[date]:
    """The days that are not final yet, oldest first, up to today: also those on which nobody counted."""
    now = today()
    final = DailyMetric.objects.filter(is_final=True, day__lt=now).aggregate(last=Max("day"))["last"]
    first = final + DAY if final else _first_day()
    return days_between(max(first, now - FURTHEST), now)


def _first_day() -> date:
    """The day of the oldest thing that is counted."""
    oldest = (
        model.objects.order_by("pk").values_list("created_at", flat=True).first()
        for model in (Organization, WorkflowExecution, UserActivity)
    )
    return min((day_of(moment) for moment in oldest if moment), default=today())
