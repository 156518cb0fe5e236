"""Delivers the outbox: each event to each of its subscribers, in order per key, any number of deliverers at once."""

import json
import logging
import traceback
from collections.abc import Callable
from datetime import timedelta

from django.db import connection, transaction
from django_q.exceptions import TimeoutException

from nocode.foundation.middleware import acting_as
from nocode.foundation.models import OutboxEvent

logger = logging.getLogger(__name__)

Subscribers = dict[str, Callable[[OutboxEvent], object]]

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
    WHERE id = %s AND delivered_at IS NULL AND NOT gave_up
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
    ) AND NOT EXISTS (SELECT FROM foundation_queuedtask WHERE name = %s)
"""


def deliver_batch(subscribers_of: Callable[[str], Subscribers]) -> tuple[int, timedelta | None]:
    """Deliver what is due, up to a batch.

    Returns how many events got further, and after how long the first of those that failed may be tried again.
    """
    due = _rows(DUE, [BATCH])
    unheard = [pk for pk, name, _key in due if not subscribers_of(name)]
    if unheard:
        _execute(MARK_UNHEARD, [unheard])
    progress, waits, held_keys = len(unheard), [], set()
    for pk, name, key in due:
        subscribers = subscribers_of(name)
        if not subscribers or key in held_keys:
            continue
        told, wait = _deliver(pk, subscribers)
        progress += told
        if wait or not told:
            held_keys.add(key)
        if wait:
            waits.append(wait)
    return progress, min(waits, default=None)


def overdue(age: timedelta, deliver_name: str) -> bool:
    """Whether events lie undelivered for longer than `age` while no delivery is queued."""
    return _rows(OVERDUE, [age, age, deliver_name])[0][0]


def _deliver(pk: int, subscribers: Subscribers) -> tuple[bool, timedelta | None]:
    """Tell one event to those who have not heard it: (did it get further, how long to wait after a failure)."""
    told = False
    for _each in subscribers:
        event = None
        try:
            with transaction.atomic():
                event = next(iter(OutboxEvent.objects.raw(LOCK, [pk])), None)
                if event is None:
                    break
                _tell_next(event, subscribers)
            told = True
        except Exception as error:
            return told, _note_failure(event, error)
        except TimeoutException as error:
            _note_failure(event, error)
            raise
    return told, None


def _tell_next(event: OutboxEvent, subscribers: Subscribers) -> None:
    """Call the first subscriber that was not told yet, and mark it, in the caller's transaction."""
    missing = [name for name in subscribers if name not in event.delivered_to]
    if missing:
        with acting_as(event.actor_id, event.request_id):
            subscribers[missing[0]](event)
    last = len(missing) < 2
    _execute(MARK_TOLD, [json.dumps(missing[:1]), last, last, event.pk])


def _note_failure(event: OutboxEvent | None, error: BaseException) -> timedelta:
    """Write down why a subscriber failed and when it is called again; without the event the database itself failed."""
    if event is None:
        raise error
    wait = timedelta(seconds=2**event.attempts)
    logger.warning("event %s %s: a subscriber failed", event.pk, event.name, exc_info=error)
    text = "".join(traceback.format_exception(error))[-8000:]
    _execute(MARK_FAILED, [text, MAX_ATTEMPTS, wait, event.pk])
    return wait


def _rows(sql: str, params: list) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


def _execute(sql: str, params: list) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
