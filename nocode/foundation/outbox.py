"""Delivers the outbox: each event to each of its subscribers, in order per key, any number of deliverers at once."""

import json
import logging
import traceback
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import connection, transaction
from django_q.exceptions import TimeoutException

from nocode.foundation.middleware import acting_as
from nocode.foundation.models import OutboxEvent

logger = logging.getLogger(__name__)

Subscribers = dict[str, Callable[[OutboxEvent], object]]
Listeners = Callable[[list[tuple[int, str]]], dict[int, Subscribers]]  # of events given as (id, name), by id

BATCH = 200
MAX_ATTEMPTS = 10

# Events that may be told now. One that waits for its next attempt holds back the later ones of its key.
DUE = """
    SELECT id, name, key FROM foundation_outboxevent AS event
    WHERE delivered_at IS NULL AND NOT gave_up AND (retry_at IS NULL OR retry_at <= now())
      AND NOT EXISTS (
        SELECT FROM foundation_outboxevent AS earlier
        WHERE earlier.key = event.key AND earlier.id < event.id
          AND earlier.delivered_at IS NULL AND NOT earlier.gave_up AND earlier.retry_at > now())
    ORDER BY id LIMIT %s
"""
# The event, unless another deliverer has it or an earlier one of its key comes first.
LOCK = """
    SELECT * FROM foundation_outboxevent AS event
    WHERE id = %s AND delivered_at IS NULL AND NOT gave_up AND (retry_at IS NULL OR retry_at <= now())
      AND NOT EXISTS (
        SELECT FROM foundation_outboxevent AS earlier
        WHERE earlier.key = event.key AND earlier.id < event.id
          AND earlier.delivered_at IS NULL AND NOT earlier.gave_up)
    FOR UPDATE SKIP LOCKED
"""
MARK_UNHEARD = """
    UPDATE foundation_outboxevent SET delivered_at = now()
    WHERE id = ANY(%s) AND delivered_at IS NULL AND NOT gave_up
"""
MARK_TOLD = """
    UPDATE foundation_outboxevent
    SET delivered_to = delivered_to || %s::jsonb, delivered_at = CASE WHEN %s THEN now() END,
        error = CASE WHEN %s THEN '' ELSE error END
    WHERE id = %s
"""
MARK_FAILED = """
    UPDATE foundation_outboxevent
    SET attempts = attempts + 1, error = %s, gave_up = attempts + 1 >= %s, retry_at = now() + %s
    WHERE id = %s AND delivered_at IS NULL
"""
OVERDUE = """
    SELECT EXISTS (
        SELECT FROM foundation_outboxevent
        WHERE delivered_at IS NULL AND NOT gave_up AND created_at < now() - %s
          AND (retry_at IS NULL OR retry_at < now() - %s)
    ) AND NOT EXISTS (SELECT FROM foundation_queuedtask WHERE name = %s AND due_at <= statement_timestamp())
"""
# There is no index by time, but ids grow with time: halve the range until the first one since then is found.
# An id may be a little older or younger than its neighbours, by how long transactions last; hence the margin.
FIRST_SINCE = """
    WITH RECURSIVE search(low, high) AS (
        SELECT coalesce(min(id), 0), coalesce(max(id), 0) + 1 FROM foundation_outboxevent
        UNION ALL
        SELECT CASE WHEN early THEN middle + 1 ELSE low END, CASE WHEN early THEN high ELSE middle END
        FROM (
            SELECT low, high, (low + high) / 2 AS middle,
                   (SELECT created_at FROM foundation_outboxevent
                    WHERE id >= (low + high) / 2 ORDER BY id LIMIT 1) < %s::timestamptz - %s
                   AS early
            FROM search WHERE low < high
        ) AS halves
    )
    SELECT max(low) FROM search
"""
LONGEST_TRANSACTION = timedelta(hours=1)


def first_id_since(moment: datetime) -> int:
    """An id below which no event was created at that moment or later."""
    return _rows(FIRST_SINCE, [moment, LONGEST_TRANSACTION])[0][0]


def first_id_after(moment: datetime) -> int:
    """An id from which on all events were created after that moment."""
    return first_id_since(moment + 2 * LONGEST_TRANSACTION)


def deliver_batch(listeners: Listeners) -> tuple[bool, timedelta | None]:
    """Deliver what is due, up to a batch.

    Returns whether anything moved, and after how long the first of the events that failed may be tried again.
    """
    due = _rows(DUE, [BATCH])
    heard = listeners([(pk, name) for pk, name, _key in due])
    unheard = [pk for pk, subscribers in heard.items() if not subscribers]
    if unheard:
        _execute(MARK_UNHEARD, [unheard])
    moved, waits, held_keys = bool(unheard), [], set()
    for pk, _name, key in due:
        if not heard[pk] or key in held_keys:
            continue
        is_over, wait = _deliver(pk, heard[pk])
        moved = moved or is_over or wait is not None  # one that failed steps aside for those behind it
        if not is_over:
            held_keys.add(key)
        if wait:
            waits.append(wait)
    return moved, min(waits, default=None)


def overdue(age: timedelta, deliver_name: str) -> bool:
    """Whether events lie undelivered for longer than `age` while no delivery is queued for now."""
    return _rows(OVERDUE, [age, age, deliver_name])[0][0]


def _deliver(pk: int, subscribers: Subscribers) -> tuple[bool, timedelta | None]:
    """Tell one event to all who have not heard it: (is it over, how long to wait when somebody failed).

    Neither over nor failed: another deliverer is at it.
    """
    failures: dict[str, BaseException] = {}
    while True:
        telling = ""
        try:
            with transaction.atomic():
                event = next(iter(OutboxEvent.objects.raw(LOCK, [pk])), None)
                if event is None:
                    return False, None
                missing = [name for name in subscribers if name not in event.delivered_to and name not in failures]
                is_over = len(missing) < 2 and not failures
                if missing:
                    telling = missing[0]
                    with acting_as(event.actor_id, event.request_id):
                        subscribers[telling](event)
                _execute(MARK_TOLD, [json.dumps(missing[:1]), is_over, is_over, pk])
        except Exception as error:
            if not telling:
                raise  # not a subscriber: the database
            failures[telling] = error
        except TimeoutException as error:
            if telling:
                _note_failures(event, {telling: error})
            raise
        if len(missing) < 2:
            return _note_failures(event, failures) if failures else (True, None)


def _note_failures(event: OutboxEvent, failures: dict[str, BaseException]) -> tuple[bool, timedelta | None]:
    """Write down who failed and why, and when they are called again: (is it over, how long to wait)."""
    wait = timedelta(seconds=2**event.attempts)
    for name, error in failures.items():
        logger.warning("event %s %s: %s failed", event.pk, event.name, name, exc_info=error)
    text = "\n".join(f"{name}: {''.join(traceback.format_exception(error))}" for name, error in failures.items())
    _execute(MARK_FAILED, [text.replace("\0", "")[-8000:], MAX_ATTEMPTS, wait, event.pk])
    gave_up = event.attempts + 1 >= MAX_ATTEMPTS
    return gave_up, None if gave_up else wait


def _rows(sql: str, params: list) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


def _execute(sql: str, params: list) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
