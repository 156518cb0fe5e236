"""A job type says how one kind of long work is done, and how its progress and its result are told. One class each."""

import time
from contextlib import closing
from typing import Any, ClassVar

from django.db import connections
from django.utils.translation import gettext as _

from nocode.foundation.errors import NoCodeError
from nocode.foundation.registry import Registry
from nocode.studio.models import TableJob

SECONDS_BETWEEN_WRITES = 0.5
# The job's own transaction must not hold its row; should it, the figure of this moment is not worth a wait.
LOCK_TIMEOUT = "200ms"

_TELL = "UPDATE studio_tablejob SET done = %s, total = %s WHERE id = %s RETURNING cancel_requested"


class JobCancelled(NoCodeError):
    """Somebody asked this job to stop."""


class JobType:
    """One kind of work. `run` answers the job's result (JSON), or raises a NoCodeError that people understand.

    A worker may die at any time, and the job is then run again from the start. With `in_transaction` the work and the
    mark that it is done commit together, so that it is done once; without it `run` must be safe to repeat.
    """

    kind: ClassVar[str]
    label: ClassVar[Any]
    in_transaction: ClassVar[bool] = False
    most_at_once: ClassVar[int | None] = None  # that one person may have unfinished
    too_many: ClassVar[Any] = ""  # what a person hears who has so many; `count` says how many

    def run(self, job: TableJob, progress: "Progress") -> dict[str, Any]:
        """Do the work. A file it makes is given back by setting `job.output`.

        With a sentence in `refused` the job has failed, but what `run` wrote stays: a report of all that is wrong.
        """
        raise NotImplementedError

    def given_up(self, job: TableJob) -> None:
        """Tidy up after a job that failed or was stopped, in the transaction that says so."""

    def title(self, job: TableJob) -> str:
        """What the job does, in a few words."""
        return str(self.label)

    def facts(self, job: TableJob) -> list[tuple[str, str]]:
        """The result as (label, text) lines for people."""
        return []

    def way_back(self, job: TableJob) -> tuple[str, str] | None:
        """(address, label) of where a person changes what was asked, and asks again."""
        return None

    def next_step(self, job: TableJob) -> tuple[str, str] | None:
        """(address, label) of where a person goes on from a job that is done."""
        return None


job_types: Registry[JobType] = Registry("job types")


class Progress:
    """Tells how far a job is, through a connection of its own: seen by others while the job's transaction is open."""

    def __init__(self, job: TableJob):
        self.job = job
        self._told_at = 0.0
        self._connection = None

    def tell(self, done: int, total: int | None = None) -> None:
        """Say how much is done; written at most twice a second. Raises JobCancelled when somebody asked to stop."""
        self.job.done = done
        self.job.total = self.job.total if total is None else total
        now = time.monotonic()
        if now - self._told_at >= SECONDS_BETWEEN_WRITES:
            self._told_at = now
            self._write()

    def check(self) -> None:
        """Raise JobCancelled when somebody asked to stop, however long ago was the last word."""
        self._write()

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _write(self) -> None:
        if self._connection is None:
            self._connection = connections.create_connection("default")
            with closing(self._connection.cursor()) as cursor:
                cursor.execute("SELECT set_config('lock_timeout', %s, false)", [LOCK_TIMEOUT])
        with closing(self._connection.cursor()) as cursor:
            cursor.execute(_TELL, [self.job.done, self.job.total, self.job.pk])
            answer = cursor.fetchone()
        if answer and answer[0]:
            raise JobCancelled(_("It was stopped before it was done; nothing of it was kept."))
