"""A task that is queued by the very statement that gives rise to it, where a second round trip is one too many."""

from datetime import timedelta
from typing import Any

from django_q.signing import SignedPackage

from nocode.foundation.queue import wakeups
from nocode.foundation.queue.broker import SOON, PostgresBroker
from nocode.foundation.queue.tasks import TaskFunction, default_broker

# A part for the caller's WITH; the source is a relation that has one row when the task is wanted, and else none.
INSERT = """
    INSERT INTO foundation_queuedtask (queue, name, payload, due_at)
    SELECT %(task_queue)s, %(task_name)s, %(task_payload)s, statement_timestamp() + %(task_delay)s
    FROM {source} WHERE %(task_queue)s IS NOT NULL
"""
TYPES = {"task_queue": "text", "task_name": "text", "task_payload": "text", "task_delay": "interval"}


class Rider:
    """One call of a task: `values` for the caller's statement, and `arrived()` once that has run and wanted it."""

    def __init__(self, task: TaskFunction, *args, delay: timedelta = timedelta(0)):
        self._task, self._package, self._delay = task, task.package(*args), delay
        broker = default_broker()
        self._is_on_board = isinstance(broker, PostgresBroker)  # any other of django-q2's has no table of ours
        self.values: dict[str, Any] = {
            "task_queue": broker.list_key if self._is_on_board else None,
            "task_name": task.name[:200],
            "task_payload": SignedPackage.dumps(self._package),
            "task_delay": delay,
        }

    def arrived(self) -> None:
        """Have a worker look, after the commit; or hand the call to a broker that keeps its tasks elsewhere."""
        if not self._is_on_board:
            self._task.hand_over([self._package], self._delay or None)
        elif self._delay < SOON:
            wakeups.wake_after_commit()
