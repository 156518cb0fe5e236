"""Wakes the steps that wait for an event, in the transaction that marks the event as told."""

import logging
from fnmatch import fnmatchcase
from typing import Any

from django.db import connection
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from nocode.automation.engine import answers
from nocode.automation.engine.expressions import ExpressionError, Sandbox
from nocode.automation.models import EventWait, ExecutionLog
from nocode.automation.nodes.event import stems_of
from nocode.foundation.models import OutboxEvent

logger = logging.getLogger(__name__)

# Of many events, those that a step may wait for: one search in an index for each word of their names.
_AWAITED = """
SELECT event.id
FROM foundation_outboxevent AS event,
     LATERAL (SELECT string_to_array(event.name, '.') AS words) AS name
WHERE event.id = ANY(%s) AND EXISTS (
    SELECT FROM automation_eventwait AS waiting
    WHERE waiting.organization_id = event.organization_id
      AND (waiting.after_event < event.id OR event.id = ANY(waiting.unseen))
      AND waiting.stem = ANY(ARRAY(
          SELECT array_to_string(words[:count], '.') FROM generate_series(0, cardinality(words)) AS count)))
"""


def awaited(event_ids: list[int]) -> set[int]:
    """Which of these events some step may wait for."""
    with connection.cursor() as cursor:
        cursor.execute(_AWAITED, [event_ids])
        return {row[0] for row in cursor.fetchall()}


def wake_on(event: OutboxEvent, queue: answers.Queue) -> int:
    """Answer every step that waits for this event; returns how many."""
    news = news_of(event)
    return sum(_answer(wait, news, queue) for wait in _waits_for(event) if _fits(wait, news))


def news_of(event: OutboxEvent) -> dict[str, Any]:
    """What expressions see of an event."""
    return {
        "name": event.name,
        "payload": event.payload,
        "actor": event.actor_id,
        "at": event.created_at.isoformat(),
        "id": str(event.event_id),
    }


def _waits_for(event: OutboxEvent) -> list[EventWait]:
    is_news = Q(after_event__lt=event.pk) | Q(unseen__contains=[event.pk])
    waits = EventWait.objects.filter(is_news, organization=event.organization_id, stem__in=stems_of(event.name))
    return [wait for wait in waits.awaited().order_by("pk") if fnmatchcase(event.name, wait.pattern)]


def _fits(wait: EventWait, news: dict[str, Any]) -> bool:
    """Whether the condition holds; one that cannot be evaluated does not, and the log of the execution says why."""
    if not wait.filter:
        return True
    try:
        return bool(Sandbox({"event": news, "input": wait.input}).resolve(wait.filter))
    except ExpressionError as error:
        logger.info("execution %s: condition of %s not evaluated", wait.execution_id, wait.node_key)
        message = _("The condition could not be evaluated for the event “%s”.") % news["name"]
        ExecutionLog.objects.create(
            execution_id=wait.execution_id,
            at=timezone.now(),
            level=ExecutionLog.Level.WARNING,
            node_key=wait.node_key,
            message=message,
            details={"error": error.message},
        )
        return False


def _answer(wait: EventWait, news: dict[str, Any], queue: answers.Queue) -> bool:
    place = answers.Place(wait.execution_id, wait.node_key, wait.iteration, wait.attempt)
    is_first = answers.answer(place, news, queue)
    wait.delete()
    return is_first
