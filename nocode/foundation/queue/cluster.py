"""The main process of a cluster: starts the sentinel, starts it again when it dies, and passes signals on."""

import gc
import logging
import os
import select
import signal
import time
from collections import deque

from django.db import connections
from django_q.cluster import Cluster, get_mp_context
from django_q.conf import Conf

from nocode.foundation.queue.bell import Bell
from nocode.foundation.queue.desk import Desk
from nocode.foundation.queue.process import StopSignal
from nocode.foundation.queue.sentinel import PullSentinel

logger = logging.getLogger(__name__)

# A sentinel that dies this often within a minute will not live: better end and say so.
DEATHS_A_MINUTE = 5


class PullCluster(Cluster):
    """django-q2's cluster whose workers pull. It owns the desks, so that a new sentinel can settle for the old one."""

    def __init__(self, broker):
        super().__init__(broker)
        self.stopping = StopSignal(signal.SIGTERM, signal.SIGINT)
        self.desks = [Desk() for _number in range(Conf.WORKERS)]
        self.bell = Bell()
        self.deaths: deque[float] = deque(maxlen=DEATHS_A_MINUTE)

    def run(self) -> int:
        """Work until SIGTERM or SIGINT; a second one does not wait for the current tasks. Returns the exit code."""
        gc.collect()
        gc.freeze()  # what is loaded now stays shared between the processes
        logger.info("queue %s: %d workers", self.broker.list_key, len(self.desks))
        while not self.stopping:
            self._start_sentinel()
            select.select([self.sentinel.sentinel, self.stopping.descriptor], [], [])
            if not self.stopping and self._is_hopeless():
                return 1
        return self._end()

    def _start_sentinel(self) -> None:
        connections.close_all()
        self.sentinel = get_mp_context().Process(
            target=PullSentinel,
            args=(self.desks, self.bell, None, None, self.cluster_id, self.broker),
            name="sentinel",
        )
        self.sentinel.start()

    def _is_hopeless(self) -> bool:
        self.sentinel.join()
        self.deaths.append(time.monotonic())
        logger.critical("the sentinel died (%s); starting another", self.sentinel.exitcode)
        return len(self.deaths) == DEATHS_A_MINUTE and self.deaths[-1] - self.deaths[0] < 60

    def _end(self) -> int:
        """Have the sentinel finish, and hurry when we are hurried."""
        told = 0
        while self.sentinel and self.sentinel.is_alive():
            if told < self.stopping.count:
                told += 1
                os.kill(self.sentinel.pid, signal.SIGTERM)
            self.sentinel.join(0.1)
        return 0
