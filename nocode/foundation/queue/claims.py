"""The statements that move tasks between the queue and the workers. A worker only ever touches what it holds."""

from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from nocode.foundation.queue.wakeups import CHANNEL

# Sent as one message with the claim, hence one transaction: what is finished leaves when the next batch is taken.
# A finished task whose claim the server forgot in a crash is unclaimed: it leaves as well.
_ACKNOWLEDGE = """
    DELETE FROM foundation_queuedtask
    WHERE id = ANY(%(finished)s) AND (claimed_by = %(worker)s OR claimed_by IS NULL);
"""
# A claim alone need not wait for the disk: forgotten in a crash of the server, the task is free again. What must be
# durable is the acknowledgement.
_HURRY = "SET LOCAL synchronous_commit = off;"
_CLAIM = """
    WITH due AS (
        SELECT id FROM foundation_queuedtask
        WHERE queue = %(queue)s AND claimed_by IS NULL AND due_at <= statement_timestamp()
        ORDER BY due_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    ), claimed AS (
        UPDATE foundation_queuedtask AS task SET claimed_by = %(worker)s FROM due WHERE task.id = due.id
        RETURNING task.id, task.name, task.payload, task.attempts, task.due_at
    )
    SELECT id, name, payload, attempts FROM claimed ORDER BY due_at, id
"""
_RELEASE = "UPDATE foundation_queuedtask SET claimed_by = NULL WHERE claimed_by = %(worker)s AND id = ANY(%(tasks)s)"
_RELEASE_ALL = "UPDATE foundation_queuedtask SET claimed_by = NULL WHERE claimed_by = %(worker)s"
_RELEASE_OTHERS = """
    UPDATE foundation_queuedtask SET claimed_by = NULL WHERE claimed_by = %(worker)s AND id <> ALL(%(tasks)s)
"""
_PUT_BACK = """
    UPDATE foundation_queuedtask SET claimed_by = NULL, attempts = attempts + 1, due_at = now() + %(delay)s
    WHERE id = %(task)s AND claimed_by = %(worker)s
"""
_NEXT_DUE = """
    SELECT extract(epoch FROM min(due_at) - statement_timestamp())::float FROM foundation_queuedtask
    WHERE queue = %(queue)s AND claimed_by IS NULL AND due_at > statement_timestamp()
"""


class Claim(NamedTuple):
    """A task in a worker's hands."""

    id: int
    name: str
    payload: str
    attempts: int


def take(worker: UUID, queue: str, limit: int, finished: list[int]) -> list[Claim]:
    """Forget finished tasks and claim up to `limit` due ones, in the order they are due."""
    values = {"worker": worker, "queue": queue, "limit": limit, "finished": finished}
    with connection.cursor() as cursor:
        cursor.execute((_ACKNOWLEDGE if finished else _HURRY) + _CLAIM, values)
        return [Claim(*row) for row in cursor.fetchall()]


def acknowledge(worker: UUID, finished: list[int]) -> None:
    """Forget finished tasks."""
    _execute(_ACKNOWLEDGE, worker=worker, finished=finished)


def release(worker: UUID, tasks: list[int]) -> None:
    """Give tasks that were not started back to everybody."""
    _execute(_RELEASE, worker=worker, tasks=tasks)


def release_others(worker: UUID, tasks: list[int]) -> None:
    """Give back everything a worker holds except these."""
    _execute(_RELEASE_OTHERS, worker=worker, tasks=tasks)


def settle(worker: UUID, finished: list[int]) -> None:
    """Forget what is finished and give everything else back."""
    _execute(_ACKNOWLEDGE + _RELEASE_ALL, worker=worker, finished=finished)


def put_back(worker: UUID, task: int, delay: timedelta) -> None:
    """Give a task back for another attempt, later."""
    _execute(_PUT_BACK, worker=worker, task=task, delay=delay)


def next_due(queue: str) -> float | None:
    """Seconds until the next delayed task is due."""
    with connection.cursor() as cursor:
        cursor.execute(_NEXT_DUE, {"queue": queue})
        return cursor.fetchone()[0]


def listen() -> None:
    """Hear wake-ups on this connection."""
    _execute(f"LISTEN {CHANNEL}")


def _execute(sql: str, **values) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
