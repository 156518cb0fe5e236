"""Who works: worker rows, their heartbeat, and what becomes of the tasks of a worker that died."""

import socket
from typing import NamedTuple
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext as _
from django_q.conf import Conf

from nocode.foundation.models.queue import LEASE, QueuedTask, Worker
from nocode.foundation.queue import results
from nocode.foundation.queue.desk import Desk
from nocode.foundation.queue.wakeups import CHANNEL

_BEAT = """
    UPDATE foundation_worker AS worker
    SET heartbeat_at = now(), pid = now_at.pid, done = now_at.done, failed = now_at.failed,
        busy_since = CASE WHEN now_at.task > 0 THEN now() - make_interval(secs => now_at.busy_for) END,
        current_task = coalesce((SELECT name FROM foundation_queuedtask WHERE id = now_at.task), '')
    FROM unnest(%s::uuid[], %s::int[], %s::bigint[], %s::bigint[], %s::bigint[], %s::float[])
         AS now_at (id, pid, done, failed, task, busy_for)
    WHERE worker.id = now_at.id
    RETURNING worker.id
"""
# While the server was away nobody could send a heartbeat: silence then proves nothing.
_STRIKE_OFF = """
    DELETE FROM foundation_worker
    WHERE heartbeat_at < now() - %(lease)s AND pg_postmaster_start_time() < now() - %(lease)s
"""
_TAKE_FROM_UNKNOWN = """
    UPDATE foundation_queuedtask AS task SET claimed_by = NULL, attempts = attempts + 1
    WHERE claimed_by IS NOT NULL AND NOT EXISTS (SELECT FROM foundation_worker WHERE id = task.claimed_by)
    RETURNING id, attempts
"""
# The task the worker died on counts an attempt, and pauses a little longer each time.
_TAKE_FROM_DEAD = """
    UPDATE foundation_queuedtask SET claimed_by = NULL,
        attempts = attempts + CASE WHEN id = %(current)s THEN 1 ELSE 0 END,
        due_at = CASE WHEN id = %(current)s THEN now() + make_interval(secs => attempts) ELSE due_at END
    WHERE claimed_by = %(worker)s
    RETURNING id, attempts
"""


class Loss(NamedTuple):
    """How the task a worker died on is judged: the death counts as an attempt or not; or the task is over, and why."""

    counts: bool = True
    final: str = ""


def enlist(worker: UUID, queue: str) -> None:
    """Write a worker's row before the process starts, so that nothing is ever claimed by a stranger."""
    Worker.objects.create(id=worker, cluster=queue, host=socket.gethostname(), pid=0)


def beat(workers: dict[UUID, tuple[Desk, int]]) -> set[UUID]:
    """Tell that these workers (desk and process id) live and what they do. Returns those struck off meanwhile."""
    rows = [(id, pid, *desk.counters, desk.task, desk.busy_for) for id, (desk, pid) in workers.items()]
    with connection.cursor() as cursor:
        cursor.execute(_BEAT, [list(column) for column in zip(*rows, strict=True)])
        return set(workers) - {row[0] for row in cursor.fetchall()}


def sweep() -> int:
    """Take back the tasks of workers nobody has heard of for a lease. Returns how many."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_STRIKE_OFF, {"lease": LEASE})
        cursor.execute(_TAKE_FROM_UNKNOWN)
        rows = cursor.fetchall()
        _bury([pk for pk, attempts in rows if 0 < Conf.MAX_ATTEMPTS <= attempts], "")
    return len(rows)


def clear_away(desk: Desk, loss: Loss) -> None:
    """Settle everything a dead worker left on its desk, and strike it off."""
    worker, current = desk.worker, desk.task if loss.counts or loss.final else 0
    with transaction.atomic(), connection.cursor() as cursor:
        QueuedTask.objects.filter(pk__in=desk.finished, claimed_by=worker).delete()
        cursor.execute(_TAKE_FROM_DEAD, {"worker": worker, "current": current})
        over = [
            pk
            for pk, attempts in cursor.fetchall()
            if pk == current and (loss.final or 0 < Conf.MAX_ATTEMPTS <= attempts)
        ]
        _bury(over, loss.final)
        Worker.objects.filter(pk=worker).delete()
        cursor.execute(f"NOTIFY {CHANNEL}")
    desk.take_back()
    desk.vacate()


def _bury(tasks: list[int], reason: str) -> None:
    """Turn tasks that killed their workers too often, or never end, into failed Task rows."""
    for row in QueuedTask.objects.filter(pk__in=tasks):
        results.save_lost(row, reason or _("The worker died on each of %d attempts.") % row.attempts)
        row.delete()
