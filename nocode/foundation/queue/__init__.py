"""The queue: a function with `@task` gets `.enqueue()`; `manage.py qcluster` runs what was queued."""

from nocode.foundation.queue.chores import every
from nocode.foundation.queue.tasks import LOST_ATTEMPTS, TaskFunction, task

__all__ = ["LOST_ATTEMPTS", "TaskFunction", "every", "task"]
