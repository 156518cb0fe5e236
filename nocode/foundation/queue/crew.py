"""The workers of one cluster, as their sentinel sees them: hired, watched, relieved, replaced, dismissed."""

import logging
import os
import signal
import time
import uuid
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess

from django.utils.translation import gettext as _
from django_q.cluster import get_mp_context
from django_q.conf import Conf

from nocode.foundation.queue import claims, roster, worker
from nocode.foundation.queue.bell import Bell
from nocode.foundation.queue.desk import Desk
from nocode.foundation.queue.roster import Loss

logger = logging.getLogger(__name__)

SLOW = 0.5  # seconds after which a task no longer keeps the rest of its batch waiting
KILL_AFTER = 3.0  # seconds a task may ignore the end of its time before its worker is killed
SETTLE_IN = 0.5  # seconds between two workers on one seat, should the first die young


@dataclass
class Seat:
    """A desk, and the process that works at it."""

    desk: Desk
    process: BaseProcess | None = None
    filled_at: float = 0.0
    free_at: float = 0.0
    loss: Loss = field(default_factory=Loss)

    @property
    def is_dead(self) -> bool:
        return self.process is not None and self.process.exitcode is not None


class Crew:
    """Fills every desk with a living worker. Methods that say so need the database."""

    def __init__(self, desks: list[Desk], bell: Bell, queue: str):
        self.bell, self.queue = bell, queue
        self.seats = [Seat(desk) for desk in desks]
        self.owed: list[tuple[uuid.UUID, list[int]]] = []

    @property
    def processes(self) -> list[BaseProcess]:
        return [seat.process for seat in self.seats if seat.process]

    def watch(self) -> None:
        """End tasks whose time is over, and take the rest of the batch away from a worker with a slow one."""
        for seat in self.seats:
            if not seat.process or seat.is_dead:
                continue
            if seat.desk.overdue_by > KILL_AFTER:
                self._kill(seat, Loss(final=_("The task took longer than it is given, and had to be killed.")))
            elif seat.desk.overdue_by >= 0:
                os.kill(seat.process.pid, signal.SIGALRM)
            if seat.desk.busy_for > SLOW and (tasks := seat.desk.take_back()):
                self.owed.append((seat.desk.worker, tasks))

    def settle(self) -> None:
        """Give back what was taken from slow workers, and clear the desks of dead ones. Needs the database."""
        while self.owed:
            claims.release(*self.owed[0])
            del self.owed[0]
            self.bell.ring()
        for seat in self.seats:
            if seat.is_dead and seat.process.exitcode:
                logger.warning("worker %s died (%s); replacing it", seat.process.pid, seat.process.exitcode)
                seat.free_at = seat.filled_at + SETTLE_IN
            if seat.desk.worker and (seat.process is None or seat.is_dead):
                roster.clear_away(seat.desk, seat.loss)
                seat.process, seat.loss = None, Loss()
                self.bell.ring()

    def hire(self) -> None:
        """Put a worker at every empty desk. Needs the database."""
        for seat in self.seats:
            if seat.process or time.monotonic() < seat.free_at:
                continue
            seat.desk.assign(uuid.uuid4())
            roster.enlist(seat.desk.worker, self.queue)
            seat.filled_at = time.monotonic()
            seat.process = get_mp_context().Process(
                target=worker.main,
                args=(seat.desk.worker, self.queue, seat.desk, self.bell, os.getpid()),
                name=f"worker-{seat.desk.worker}",
                daemon=Conf.DAEMONIZE_WORKERS,
            )
            seat.process.start()

    def beat(self) -> None:
        """Send everybody's heartbeat; who was declared dead by another cluster must not go on. Needs the database."""
        alive = {seat.desk.worker: seat for seat in self.seats if seat.process and not seat.is_dead}
        if not alive:
            return
        for lost in roster.beat({key: (seat.desk, seat.process.pid) for key, seat in alive.items()}):
            logger.warning("worker %s was taken for dead; replacing it", alive[lost].process.pid)
            self._kill(alive[lost], Loss(counts=False))

    def dismiss(self) -> None:
        """Ask everybody to finish the current task and leave."""
        for seat in self.seats:
            if seat.process and not seat.is_dead:
                os.kill(seat.process.pid, signal.SIGTERM)

    def kill(self) -> None:
        """End everybody at once; the interrupted tasks go back as if they had not been started."""
        for seat in self.seats:
            if seat.process and not seat.is_dead:
                self._kill(seat, Loss(counts=False))

    def _kill(self, seat: Seat, loss: Loss) -> None:
        seat.loss = loss
        seat.process.kill()
        seat.process.join()
