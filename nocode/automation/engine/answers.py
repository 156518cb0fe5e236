"""Answers for steps that wait: of people, of events, of executions that were called.

An answer is a row, written together with the news that the execution is due. So neither an execution that sleeps misses
it, nor one that is running: that one keeps `wake_at` until somebody reads the answer (see `store.flush`).
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction

from nocode.automation.engine.store import to_json
from nocode.automation.models import WorkflowExecution

Queue = Callable[[UUID, datetime | timedelta | None], None]

# Of two answers the first counts: the second waits for it at the unique index, and then writes nothing.
_ANSWER = """
WITH told AS (
    INSERT INTO automation_stepsignal (execution_id, node_key, iteration, attempt, payload)
    SELECT id, %(node_key)s, %(iteration)s, %(attempt)s, %(payload)s::jsonb
    FROM automation_workflowexecution WHERE id = %(execution_id)s
    ON CONFLICT DO NOTHING RETURNING execution_id
), woken AS (
    UPDATE automation_workflowexecution AS execution SET wake_at = now(), updated_at = now()
    FROM told WHERE execution.id = told.execution_id AND status IN ('running', 'waiting') RETURNING status
)
SELECT EXISTS (SELECT FROM told), EXISTS (SELECT FROM woken WHERE status = 'waiting')
"""


class Place(NamedTuple):
    """One attempt at one step."""

    execution_id: UUID
    node_key: str
    iteration: int
    attempt: int


@transaction.atomic
def answer(place: Place, payload: dict[str, Any], queue: Queue) -> bool:
    """Answer a step that waits; False when it has an answer already, or when its execution is gone.

    `queue(execution_id, None)` is called in the same transaction when the execution sleeps.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ANSWER, {**place._asdict(), "payload": to_json(payload)})
        is_first, was_asleep = cursor.fetchone()
    if was_asleep:
        queue(place.execution_id, None)
    return is_first


def tell_caller(execution: Any, status: str, queue: Queue) -> None:
    """An execution has ended: say so to the step that called it, if that waits.

    `execution`: a WorkflowExecution, or the engine's view of one.
    """
    if execution.parent_id and execution.parent_attempt and status in WorkflowExecution.FINISHED:
        caller = Place(execution.parent_id, execution.parent_node, execution.parent_iteration, execution.parent_attempt)
        answer(caller, {"execution_id": str(execution.id), "status": str(status)}, queue)
