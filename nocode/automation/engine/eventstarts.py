"""Starts workflows from any event of their organization, in the transaction that marks the event as told."""

from fnmatch import fnmatchcase
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from nocode.automation.engine.eventwaits import news_of
from nocode.automation.engine.expressions import ExpressionError, Sandbox
from nocode.automation.engine.reactions import Queue, chain_after, start, start_each
from nocode.automation.errors import WorkflowNotRunnable
from nocode.automation.models import Trigger, Workflow
from nocode.automation.triggers import settings_of
from nocode.foundation.models import OutboxEvent

# Of many events, those a workflow may begin with. A pattern is the same in LIKE, but for its wildcards.
_AWAITED = r"""
SELECT event.id
FROM foundation_outboxevent AS event
WHERE event.id = ANY(%s) AND EXISTS (
    SELECT FROM automation_trigger AS trigger
    JOIN automation_workflow AS workflow ON workflow.id = trigger.workflow_id
    WHERE trigger.kind = 'event' AND trigger.is_active
      AND workflow.organization_id = event.organization_id
      AND workflow.status = 'active' AND workflow.published_version_id IS NOT NULL
      AND event.name LIKE translate(replace(trigger.config ->> 'pattern', '_', '\_'), '*?', '%%_'))
"""


def awaited(event_ids: list[int]) -> set[int]:
    """Which of these events some workflow may begin with."""
    with connection.cursor() as cursor:
        cursor.execute(_AWAITED, [event_ids])
        return {row[0] for row in cursor.fetchall()}


def start_on(event: OutboxEvent, queue: Queue) -> int:
    """Start every workflow that begins with this event; returns how many.

    `queue(execution_id, None)` is called in the caller's transaction.
    """
    news = news_of(event)
    return start_each(_beginning_with(event), event, lambda trigger: _start(trigger, news, queue))


def _beginning_with(event: OutboxEvent) -> list[Trigger]:
    triggers = Trigger.objects.filter(
        kind=Trigger.Kind.EVENT,
        is_active=True,
        workflow__organization=event.organization_id,
        workflow__status=Workflow.Status.ACTIVE,
        workflow__published_version__isnull=False,
    )
    waiting = triggers.select_related("workflow").order_by("pk")
    return [trigger for trigger in waiting if fnmatchcase(event.name, trigger.config["pattern"])]


def _start(trigger: Trigger, news: dict[str, Any], queue: Queue) -> bool:
    """Start one workflow if its condition holds. Raises NoCodeError."""
    payload = news["payload"]
    condition = settings_of(trigger)["filter"]
    try:
        if condition and not Sandbox({"event": news}).resolve(condition):
            return False
    except ExpressionError as error:
        message = _("The condition could not be evaluated for the event “%(event)s”: %(why)s")
        raise WorkflowNotRunnable(message % {"event": news["name"], "why": error.message}) from error
    start(trigger, {**news, "chain": chain_after(payload.get("cause") or payload.get("execution_id"))}, queue)
    return True
