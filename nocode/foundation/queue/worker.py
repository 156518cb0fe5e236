"""A worker process: claims its own tasks in batches, runs them, and acknowledges them in batches."""

import logging
import os
import resource
import signal
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import InterfaceError, OperationalError, close_old_connections, connection, connections, transaction
from django.utils import timezone
from django_q.conf import Conf
from django_q.exceptions import TimeoutException
from django_q.models import Task
from django_q.monitor import save_cached
from django_q.signals import call_hook, post_execute, post_spawn

from nocode.foundation.models import QueuedTask
from nocode.foundation.queue import claims, execution, results
from nocode.foundation.queue.bell import Bell
from nocode.foundation.queue.desk import CAPACITY, Desk
from nocode.foundation.queue.execution import Outcome
from nocode.foundation.queue.process import StopSignal, end_with_parent, orphaned
from nocode.foundation.queue.tasks import LOST_ATTEMPTS, default_broker

logger = logging.getLogger(__name__)

POLL = 1.0  # seconds between looks when nobody rings
BATCH_SECONDS = 0.05  # how much work a worker takes at once
PAUSES = (0.02, 0.05, 0.1, 0.2, 0.4)  # seconds between attempts to reach the database


def main(worker: UUID, queue: str, desk: Desk, bell: Bell, sentinel: int) -> None:
    """Entry point of the process. It dies with its sentinel, for nobody would send its heartbeat."""
    end_with_parent(sentinel, signal.SIGKILL)
    _leave_inherited_connections()
    post_spawn.send(sender="django_q", proc_name=f"worker-{worker}")
    PullWorker(worker, queue, desk, bell, sentinel).work()


def _leave_inherited_connections() -> None:
    """Drop the connections we were born with, without a word on the wire: they are the sentinel's."""
    for inherited in connections.all(initialized_only=True):
        if inherited.connection is not None:
            os.close(inherited.connection.fileno())
            inherited.connection = None


class PullWorker:
    """Takes as many tasks as it can do in a moment, works them off, and comes back for more."""

    def __init__(self, worker: UUID, queue: str, desk: Desk, bell: Bell, sentinel: int):
        self.worker, self.queue, self.desk, self.bell, self.sentinel = worker, queue, desk, bell, sentinel
        self.stop = StopSignal()
        self.worn_out = False
        self.alarmed = 0
        self.batch = 1
        self.seconds_per_task = 0.0
        signal.signal(signal.SIGALRM, self._on_alarm)

    def work(self) -> None:
        """Claim and run until told to stop, or until it is time for a fresh process."""
        while not (self.stop or self.worn_out or orphaned(self.sentinel)):
            tasks = self._insist(self._take)
            if tasks:
                self._work_off(tasks)
            else:
                self.bell.wait(POLL, self.stop.descriptor)
        self._insist(lambda: claims.settle(self.worker, self.desk.finished))
        connections.close_all()

    # --- a batch ------------------------------------------------------------------------------------------------------

    def _take(self) -> list[claims.Claim]:
        """Acknowledge what is done and claim the next batch."""
        tasks = claims.take(self.worker, self.queue, self.batch, self.desk.finished)
        self.desk.acknowledged()
        if len(tasks) == self.batch:
            self.bell.ring()  # there may be more, for a colleague
        self.batch = self._next_batch(len(tasks))
        return tasks

    def _next_batch(self, taken: int) -> int:
        """How many to claim next time: growing while there is more, as much as fits in a moment; from one when idle."""
        if not taken:
            return 1
        fitting = int(BATCH_SECONDS / self.seconds_per_task) if self.seconds_per_task else CAPACITY
        return max(1, min(self.batch * 4, fitting, CAPACITY))

    def _work_off(self, tasks: list[claims.Claim]) -> None:
        """Run claimed tasks one by one. The sentinel may take back those not started, when one of them is slow."""
        by_id = {task.id: task for task in tasks}
        began, count = time.monotonic(), 0
        self.desk.lay_out(list(by_id))
        while not (self.stop or self.worn_out) and (pk := self.desk.pick()) is not None:
            self._run(by_id[pk])
            count += 1
        if count:
            latest = (time.monotonic() - began) / count
            self.seconds_per_task = latest if not self.seconds_per_task else (self.seconds_per_task + latest) / 2
        done, failed = self.desk.counters
        self.worn_out = self.worn_out or done + failed >= Conf.RECYCLE or self._is_fat()

    def _is_fat(self) -> bool:
        return bool(Conf.MAX_RSS) and resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >= Conf.MAX_RSS

    # --- one task -----------------------------------------------------------------------------------------------------

    def _run(self, task: claims.Claim) -> None:
        """Run one task. A plain success waits on the desk; anything else is settled in the database at once."""
        package, outcome = execution.unpack(task.name, task.payload)
        self.desk.begin(task.id, package.get("timeout", Conf.TIMEOUT))
        LOST_ATTEMPTS.set(task.attempts)
        if outcome is None:
            outcome = execution.run(package, self.desk.stop_clock)
        if outcome.success and not package.get("cached") and not results.is_kept(package):
            self.desk.finish(task.id)
            if post_execute.receivers:
                post_execute.send(sender="django_q", task=self._told(package, outcome))
            return
        if outcome.timed_out:
            connections.close_all()  # whatever state the interrupted code left them in
            self.worn_out = True
        elif not outcome.success:
            close_old_connections()
        if self._deserves_another(task, package, outcome):
            self._insist(lambda: claims.put_back(self.worker, task.id, self._delay(task, outcome)))
            self.desk.put_down()
        else:
            self._settle(task, package, outcome)

    def _deserves_another(self, task: claims.Claim, package: dict, outcome: Outcome) -> bool:
        """Whether a failure is not final: the database went away, or the task was queued without `ack_failure`."""
        if outcome.success or not (outcome.disturbed or not package.get("ack_failure", Conf.ACK_FAILURES)):
            return False
        return not 0 < Conf.MAX_ATTEMPTS <= task.attempts + 1

    def _delay(self, task: claims.Claim, outcome: Outcome) -> timedelta:
        return timedelta(seconds=task.attempts if outcome.disturbed else Conf.RETRY)

    def _settle(self, task: claims.Claim, package: dict, outcome: Outcome) -> None:
        """Write down how a task ended and take it out of the queue, in one transaction."""
        package = self._told(package, outcome)
        row = self._insist(lambda: self._record(task, package, outcome))
        self.desk.close_case(outcome.success)
        if row:
            call_hook(Task, row)
        post_execute.send(sender="django_q", task=package)
        if not outcome.success:
            reason = str(outcome.result).partition(" : Traceback")[0]  # the whole of it is in the Task row
            logger.error("task %s %s failed: %s", package["id"], task.name, reason)

    def _record(self, task: claims.Claim, package: dict, outcome: Outcome) -> Task | None:
        with transaction.atomic():
            QueuedTask.objects.filter(pk=task.id, claimed_by=self.worker).delete()
            if package.get("cached"):
                save_cached(package, default_broker())
                return None
            return results.save(
                package,
                started=package["stopped"] - timedelta(seconds=self.desk.busy_for),
                success=outcome.success,
                result=outcome.result,
                attempts=task.attempts + 1,
            )

    def _told(self, package: dict, outcome: Outcome) -> dict:
        """The package as django-q2's signals and hooks expect it after the call."""
        return package | {"result": outcome.result, "success": outcome.success, "stopped": timezone.now()}

    # --- trouble ------------------------------------------------------------------------------------------------------

    def _insist(self, action: Callable[[], Any]) -> Any:
        """Do something in the database, however often it goes away meanwhile.

        After a failure nobody knows what was committed: give back all we do not know of before trying again.
        """
        attempt = 0
        while True:
            try:
                if attempt:
                    self._recover()
                return action()
            except (OperationalError, InterfaceError) as error:
                if orphaned(self.sentinel):
                    raise
                logger.log(logging.WARNING if not attempt else logging.DEBUG, "the queue lost its database: %s", error)
                connection.close()
                time.sleep(PAUSES[min(attempt, len(PAUSES) - 1)])
                attempt += 1

    def _recover(self) -> None:
        """Make the table agree with the desk again."""
        self.desk.take_back()
        claims.release_others(self.worker, [*self.desk.finished, self.desk.task])

    def _on_alarm(self, signum, frame) -> None:
        """The sentinel says the time of the current task is over; by now it may have ended, and another begun."""
        if self.desk.overdue_by >= 0 and self.alarmed != self.desk.task:
            self.alarmed = self.desk.task
            raise TimeoutException("The task took longer than it is given.")
