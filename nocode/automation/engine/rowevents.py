"""Starts workflows from what happened to rows. The executions are created in the transaction that marks the event as
told: told twice, it starts nothing twice."""

from typing import Any

from django.db import connection

from nocode.automation.engine.reactions import Queue, chain_after, start, start_each
from nocode.automation.models import Trigger, Workflow
from nocode.automation.triggers import settings_of
from nocode.automation.triggers.record import DELETED, UPDATED
from nocode.foundation.models import OutboxEvent
from nocode.studio.layouts import table_named
from nocode.studio.models import RecordChange
from nocode.studio.services.records import Records

# Of the events about rows, those a trigger waits for: asked for many at once, answered by an index.
_AWAITED = """
SELECT event.id
FROM foundation_outboxevent AS event
WHERE event.id = ANY(%s) AND EXISTS (
    SELECT FROM automation_trigger AS trigger
    JOIN automation_workflow AS workflow ON workflow.id = trigger.workflow_id
    WHERE trigger.kind = 'record' AND trigger.is_active
      AND trigger.config ->> 'table' = event.payload ->> 'table'
      AND trigger.config -> 'events' ? split_part(event.name, '.', 3)
      AND workflow.status = 'active' AND workflow.published_version_id IS NOT NULL
      AND workflow.project_id = (event.payload ->> 'project_id')::uuid)
"""


def awaited(event_ids: list[int]) -> set[int]:
    """Which of these events about rows some trigger waits for."""
    with connection.cursor() as cursor:
        cursor.execute(_AWAITED, [event_ids])
        return {row[0] for row in cursor.fetchall()}


def start_on(event: OutboxEvent, queue: Queue) -> int:
    """Start every workflow that waits for an event about a row; returns how many.

    `queue(execution_id, None)` is called in the caller's transaction.
    """
    return start_each(_waiting_for(event), event, lambda trigger: _start(trigger, event, queue))


def _waiting_for(event: OutboxEvent) -> list[Trigger]:
    payload = event.payload
    return list(
        Trigger.objects.filter(
            kind=Trigger.Kind.RECORD,
            is_active=True,
            config__table=payload["table"],
            config__events__contains=_verb(event),
            workflow__status=Workflow.Status.ACTIVE,
            workflow__published_version__isnull=False,
            workflow__project=payload["project_id"],
        )
        .select_related("workflow")
        .order_by("pk")
    )


def _start(trigger: Trigger, event: OutboxEvent, queue: Queue) -> bool:
    """Start one workflow if it waits for this very row. Raises NoCodeError."""
    settings, payload = settings_of(trigger), event.payload
    watched = {row["field"] for row in settings["fields_watched"]}
    if _verb(event) == UPDATED and watched and not watched & set(payload["changed"]):
        return False
    row = _row(settings, payload) if _verb(event) != DELETED else None
    if row is None and settings["where"]:
        return False
    start(trigger, _input(event, row), queue)
    return True


def _verb(event: OutboxEvent) -> str:
    return event.name.rpartition(".")[2]


def _row(settings: Any, payload: dict[str, Any]) -> dict[str, Any] | None:
    """The row as it is now, unless it has gone or does not meet the conditions. Raises QueryRefused."""
    table = table_named(payload["project_id"], payload["table"])
    if table is None:
        return None
    this_one = {"field": "id", "op": "eq", "value": payload["record_id"]}
    return next(iter(Records(table).find([this_one, *settings["where"]], limit=1)), None)


def _input(event: OutboxEvent, row: dict[str, Any] | None) -> dict[str, Any]:
    """What the expressions of the workflow see as `trigger`."""
    payload = event.payload
    return {
        "event": _verb(event),
        "table": payload["table"],
        "record_id": payload["record_id"],
        "changed": payload["changed"],
        "record": row,
        "before": _before(payload),
        "chain": chain_after(payload.get("cause")),
    }


def _before(payload: dict[str, Any]) -> dict[str, Any]:
    """The values the change has replaced, as far as they are kept."""
    if "batch" not in payload:
        return {}
    same_row = RecordChange.objects.filter(table=payload["table_id"], record_id=payload["record_id"])
    for change in same_row.filter(batch=payload["batch"]).order_by("-id"):
        if sorted(change.after) == payload["changed"]:  # one act may change a row more than once
            return change.before
    return {}
