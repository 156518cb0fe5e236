"""Counts what happened on each day."""

from datetime import date, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from nocode.automation.models import WorkflowExecution
from nocode.foundation.ids import first_id_at
from nocode.foundation.models import Organization
from nocode.foundation.outbox import first_id_since
from nocode.insights import counting
from nocode.insights.days import DAY, bounds, day_of, days_between, today
from nocode.insights.models import DailyMetric, UserActivity

# How long after its end a day is still counted again: runs that were started late in it may take their time.
SETTLES_AFTER = timedelta(days=1)
# How far back missed days are caught up.
FURTHEST = timedelta(days=400)


@transaction.atomic
def roll_up(day: date) -> None:
    """Count one day, for all organizations. Counting it again gives the same figures, or those of now."""
    with connection.cursor() as cursor:
        cursor.execute(counting.LOCK, {"day": day})
        _count(cursor, day)


@transaction.atomic
def refresh(organization: Organization) -> None:
    """Count today for one organization, for somebody who looks at it; unless somebody is counting it just now."""
    day = today()
    with connection.cursor() as cursor:
        cursor.execute(counting.TRY_LOCK, {"day": day})
        if cursor.fetchone()[0]:
            _count(cursor, day, organization)


def _count(cursor: Any, day: date, organization: Organization | None = None) -> None:
    start, end = bounds(day)
    values = {
        "organization": organization and organization.pk,
        "day": day,
        "start": start,
        "end": end,
        "first_id": first_id_at(start),
        "end_id": first_id_at(end),
        "first_event": first_id_since(start),
        "is_final": timezone.now() >= end + SETTLES_AFTER,
    }
    cursor.execute(counting.DAY, values)


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
