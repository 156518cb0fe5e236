"""Fires schedules. Starting a run and moving the schedule on to its next time are one transaction under the trigger's
row lock: a tick that runs twice, or in two clusters at once, starts each due time once."""

import logging
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from itertools import islice, takewhile
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from nocode.automation.engine.start import create_execution
from nocode.automation.models import Trigger, Workflow
from nocode.automation.triggers import InvalidTrigger, settings_of, trigger_types
from nocode.automation.triggers.schedule import ALL, SKIP
from nocode.automation.triggers.timetable import times
from nocode.foundation.errors import NoCodeError

logger = logging.getLogger(__name__)

Queue = Callable[[UUID, datetime | None], None]

MISSED_AT_MOST = 100
LOOK_BACK_AT_MOST = 10_000  # due times that are counted after a long pause; a week of minutes
ON_TIME = timedelta(minutes=5)  # a run that starts later than this counts as missed
LOOK_AHEAD = timedelta(seconds=75)
BATCH = 1000


class _Busy(Exception):
    """Another tick holds the schedule."""


def plan(trigger: Trigger, now: datetime | None = None) -> None:
    """Set when a trigger fires next; a time that has come and was not served yet is kept. Does not save."""
    now = now or timezone.now()
    due = trigger.next_run_at
    trigger.next_run_at, trigger.last_error = None, ""
    try:
        if due and due <= now and _next(trigger, due - timedelta(microseconds=1)) == due:
            trigger.next_run_at = due
        else:
            trigger.next_run_at = _next(trigger, now)
    except InvalidTrigger as error:
        trigger.last_error = error.message


def plan_workflow(workflow: Workflow) -> None:
    """Plan the schedules of a workflow again, after its status or its published version changed."""
    for trigger in workflow.triggers.filter(kind=Trigger.Kind.SCHEDULE):
        trigger.workflow = workflow
        plan(trigger)
        Trigger.objects.filter(pk=trigger.pk).update(next_run_at=trigger.next_run_at, last_error=trigger.last_error)


def fire_due(queue: Queue, now: datetime | None = None) -> dict[str, int]:
    """Start every run that is due; `queue(execution_id, None)` is called in the transaction that creates it.

    Returns how many runs `started`, and how many schedules `failed` or were `busy`: in the hands of another tick.
    """
    now = now or _now()
    counts = {"started": 0, "failed": 0, "busy": 0}
    for pk in _due(now).order_by("next_run_at").values_list("pk", flat=True)[:BATCH]:
        try:
            counts["started"] += _fire(pk, queue, now)
        except _Busy:
            counts["busy"] += 1
        except Exception as error:  # whatever is wrong with one schedule must not stop the others
            logger.exception("schedule %s broke; it is tried again at the next tick", pk)
            Trigger.objects.filter(pk=pk).update(last_error=f"{type(error).__name__}: {error}")
            counts["failed"] += 1
    return counts


def moments_ahead(now: datetime | None = None) -> list[datetime]:
    """The times at which schedules fire before the next tick, so that they need not wait for it."""
    now = now or _now()
    coming = Trigger.objects.filter(next_run_at__gt=now, next_run_at__lte=now + LOOK_AHEAD, is_active=True)
    moments = coming.filter(kind=Trigger.Kind.SCHEDULE).order_by("next_run_at").values_list("next_run_at", flat=True)
    return list(moments.distinct()[:10])


def _now() -> datetime:
    """The database's time: by it the queue decides when a tick comes, and a clock behind it would find nothing due."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


def _due(now: datetime) -> QuerySet[Trigger]:
    return Trigger.objects.filter(kind=Trigger.Kind.SCHEDULE, is_active=True, next_run_at__lte=now)


def _next(trigger: Trigger, after: datetime) -> datetime | None:
    """The next time of a trigger that is switched on; None for any other. Raises InvalidTrigger."""
    workflow = trigger.workflow
    published = workflow.status == Workflow.Status.ACTIVE and workflow.published_version_id is not None
    if not (trigger.is_active and published):
        return None
    return trigger_types[trigger.kind].next_run(settings_of(trigger), after)


@transaction.atomic
def _fire(pk: UUID, queue: Queue, now: datetime) -> int:
    """Start what one schedule owes and move it on; returns the number of runs, 0 when another tick was faster.

    Raises _Busy when another tick is at it, whose worker may be dead already and its connection not yet.
    """
    locked = _due(now).select_for_update(skip_locked=True, of=("self",)).select_related("workflow")
    trigger = locked.filter(pk=pk).first()
    if trigger is None:
        if _due(now).filter(pk=pk).exists():
            raise _Busy
        return 0
    changes: dict[str, Any] = {"next_run_at": None, "last_error": ""}
    try:
        changes["next_run_at"] = _next(trigger, now)
        moments = _owed(settings_of(trigger), trigger.next_run_at, now)
        with transaction.atomic():
            for moment in moments:
                _start(trigger, moment, now, queue)
    except NoCodeError as error:
        if error.message != trigger.last_error:  # said once, not each time it comes round
            logger.warning("schedule %s starts nothing: %s", pk, error)
        moments, changes["last_error"] = [], error.message
    if moments:
        changes["last_run_at"] = now
    Trigger.objects.filter(pk=pk).update(**changes)
    return len(moments)


def _start(trigger: Trigger, moment: datetime, now: datetime, queue: Queue) -> None:
    payload = {"scheduled_for": moment.isoformat(), "fired_at": now.isoformat()}
    execution = create_execution(trigger.workflow, trigger=trigger, input=payload)
    queue(execution.pk, None)


def _owed(settings: Mapping[str, Any], first: datetime, now: datetime) -> list[datetime]:
    """The due times to serve now, after the policy for missed ones."""
    due = deque([first], maxlen=MISSED_AT_MOST if settings["missed"] == ALL else 1)
    later = islice(times(settings, first), LOOK_BACK_AT_MOST)
    due.extend(takewhile(lambda moment: moment <= now, later))
    if settings["missed"] == SKIP:
        return [moment for moment in due if now - moment <= ON_TIME]
    return list(due)
