"""The sentinel of a cluster: keeps its workers going, hears wake-ups, fires schedules and chores."""

import logging
import math
import select
import signal
import time
from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection, connections
from django_q.cluster import Sentinel

from nocode.foundation.models.queue import LEASE
from nocode.foundation.queue import claims, results, roster, schedules
from nocode.foundation.queue.bell import Bell
from nocode.foundation.queue.chores import CHORES, Chore
from nocode.foundation.queue.crew import Crew
from nocode.foundation.queue.desk import Desk
from nocode.foundation.queue.process import StopSignal, end_with_parent, orphaned
from nocode.foundation.queue.wakeups import DEBOUNCE

logger = logging.getLogger(__name__)

TICK = 0.25  # seconds between looks at the desks
BEAT = 1.0
RECONNECT_PAUSE = 0.2
# Keeps one hanging statement of the sentinel from costing the cluster its lease.
STATEMENT_TIMEOUT = "SET statement_timeout = '3s'"
NEVER = math.inf


class PullSentinel(Sentinel):
    """django-q2's sentinel for workers that claim their own tasks: no pusher, no monitor, no shared queues."""

    def __init__(self, desks: list[Desk], bell: Bell, *args):
        super().__init__(*args, start=False)
        end_with_parent(self.parent_pid, signal.SIGTERM)
        self.stopping = StopSignal()
        self.bell = bell
        self.crew = Crew(desks, bell, self.broker.list_key)
        self.chores = [Chore(schedules.fire_due, BEAT), Chore(results.prune, 60), *CHORES]
        self.chore_due = dict.fromkeys(range(len(self.chores)), 0.0)
        self.connected = False
        self.trusts_silence_at = 0.0  # when a missing heartbeat of others means something again
        self.beat_at = 0.0
        self.second_look_at = NEVER
        self.next_due_at = NEVER
        self.start()

    # --- the loop -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Work until told to stop, or until the main process is gone."""
        while not (self.stopping or orphaned(self.parent_pid)):
            self.crew.watch()
            self._with_database(self._look_after)
            self._sleep()
        self.stop()

    def _look_after(self) -> None:
        self.crew.settle()
        self.crew.hire()
        self._hear()
        if time.monotonic() >= self.beat_at:
            self.beat_at = time.monotonic() + BEAT
            self.crew.beat()
            if time.monotonic() >= self.trusts_silence_at and roster.sweep():
                self.bell.ring()
            self._look_ahead()
            self._do_chores()

    def stop(self) -> None:
        """Let the current tasks finish, within the grace; then kill. Give everything back."""
        give_up_at = time.monotonic() + settings.Q_CLUSTER.get("stop_grace", 10)
        self.crew.dismiss()
        while self.crew.processes and time.monotonic() < give_up_at + RECONNECT_PAUSE * 5:
            # The kernel tells of a parent's end once for each of its threads: only a living one can be in a hurry.
            hurried = self.stopping.count > 1 and not orphaned(self.parent_pid)
            if time.monotonic() >= give_up_at or hurried:
                self.crew.kill()
            self.crew.watch()
            self._with_database(self._wind_up)
            select.select([process.sentinel for process in self.crew.processes], [], [], RECONNECT_PAUSE)
        connections.close_all()

    def _wind_up(self) -> None:
        self.crew.settle()
        if time.monotonic() >= self.beat_at:
            self.beat_at = time.monotonic() + BEAT
            self.crew.beat()

    # --- wake-ups -----------------------------------------------------------------------------------------------------

    def _hear(self) -> None:
        """Ring for a notification, again once nobody can be debounced any more, and when a delayed task is due."""
        raw = connection.connection
        with connection.wrap_database_errors:
            raw.poll()
        now = time.monotonic()
        if raw.notifies:
            raw.notifies.clear()
            self.bell.ring()
            self.second_look_at = now + DEBOUNCE * 1.25
        elif now >= self.second_look_at:
            self.second_look_at = NEVER
            self.bell.ring()
            self._look_ahead()
        if now >= self.next_due_at:
            self.bell.ring()
            self._look_ahead()

    def _look_ahead(self) -> None:
        seconds = claims.next_due(self.broker.list_key)
        self.next_due_at = NEVER if seconds is None else time.monotonic() + seconds + 0.001

    def _sleep(self) -> None:
        """Until a notification, a death, a signal, or the next thing to do."""
        wakers = [self.stopping.descriptor, *(process.sentinel for process in self.crew.processes)]
        pause = TICK
        if self.connected:
            wakers.append(connection.connection.fileno())
            pause = min(TICK, self.second_look_at - time.monotonic(), self.next_due_at - time.monotonic())
        select.select(wakers, [], [], max(pause, 0.0))

    # --- chores -------------------------------------------------------------------------------------------------------

    def _do_chores(self) -> None:
        for number, chore in enumerate(self.chores):
            if time.monotonic() < self.chore_due[number]:
                continue
            self.chore_due[number] = time.monotonic() + chore.seconds - TICK
            try:
                chore.run()
            except (OperationalError, InterfaceError):
                raise
            except Exception:  # one broken chore must not stop the cluster
                logger.exception("the chore %s failed", chore.run.__qualname__)

    # --- the database -------------------------------------------------------------------------------------------------

    def _with_database(self, action: Callable[[], None]) -> None:
        """Do something that needs the database; when it is away the cluster goes on without and tries again soon."""
        try:
            if not self.connected:
                self._connect()
            action()
        except (DatabaseError, InterfaceError) as error:
            self._disconnect(error)

    def _connect(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(STATEMENT_TIMEOUT)
        claims.listen()
        self.connected = True
        self.bell.ring()

    def _disconnect(self, error: Exception) -> None:
        if self.connected:
            logger.warning("the cluster lost its database: %s", error)
        connections.close_all()
        self.connected = False
        # Others could not send their heartbeat either: their silence means nothing until they had the time to.
        self.trusts_silence_at = time.monotonic() + LEASE.total_seconds()
        time.sleep(RECONNECT_PAUSE)
