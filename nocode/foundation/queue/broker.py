"""django-q2's broker on our own table: enqueueing is one INSERT in the caller's transaction."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection
from django_q.brokers import Broker
from django_q.signing import SignedPackage
from django_q.utils import get_func_repr

from nocode.foundation.models import QueuedTask
from nocode.foundation.queue import wakeups

# A delayed task that is due sooner than clusters look at their timers by themselves must wake them as well.
SOON = timedelta(seconds=2)

INSERT = """
    INSERT INTO foundation_queuedtask (queue, name, payload, due_at)
    SELECT %(queue)s, %(name)s, package, coalesce(%(at)s, statement_timestamp() + %(delay)s)
    FROM unnest(%(packages)s) AS package
    RETURNING id
"""


class PostgresBroker(Broker):
    """Keeps tasks in `QueuedTask`. Workers of `qcluster` claim their rows themselves (see `claims.py`)."""

    def enqueue(self, task: str) -> int:
        """Queue one signed package; the entry point of django-q2's own `async_task()`."""
        return self.insert(get_func_repr(SignedPackage.loads(task)["func"]), [task])[0]

    def insert(self, name: str, packages: Sequence[str], due_at: datetime | timedelta | None = None) -> list[int]:
        """Queue signed packages of one task in one statement, due at a time, or that long after now."""
        delay = due_at if isinstance(due_at, timedelta) else timedelta()
        values = {
            "queue": self.list_key,
            "name": name[:200],
            "packages": list(packages),
            "at": due_at if isinstance(due_at, datetime) else None,
            "delay": delay,
        }
        with connection.cursor() as cursor:
            cursor.execute(INSERT, values)
            ids = [row[0] for row in cursor.fetchall()]
        if (due_at - datetime.now(due_at.tzinfo) if isinstance(due_at, datetime) else delay) < SOON:
            wakeups.wake_after_commit()
        return ids

    def dequeue(self):
        """Refused: a row handed to a stranger would have no heartbeat to keep it."""
        raise NotImplementedError("Run this queue with `manage.py qcluster`: its workers claim their own tasks.")

    def acknowledge(self, task_id: int) -> None:
        """Forget a task that is done."""
        self.delete(task_id)

    def fail(self, task_id: int) -> None:
        """Forget a task that failed for good."""
        self.delete(task_id)

    def delete(self, task_id: int) -> None:
        """Take a task out of the queue."""
        self._rows().filter(pk=task_id).delete()

    def queue_size(self) -> int:
        """How many tasks wait."""
        return self._rows().waiting().count()

    def lock_size(self) -> int:
        """How many tasks are in the hands of workers."""
        return self._rows().taken().count()

    def purge_queue(self) -> None:
        """Forget every task of this queue."""
        self._rows().delete()

    delete_queue = purge_queue

    def ping(self) -> bool:
        """Whether the database answers; raises when it does not."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return True

    def info(self) -> str:
        """The broker's name on django-q2's screens."""
        return "PostgreSQL"

    def _rows(self):
        return QueuedTask.objects.filter(queue=self.list_key)
