"""How fast the queue is: tasks per second, and from enqueueing to the start of a task when nothing else is going on."""

import os
import random
import select
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

from tests.benchmarks._queue_contenders import CeleryRedis, Ours, Stock
from tests.benchmarks.harness import Bench, measurement, ratio

THROUGHPUT, IDLE = "no-op tasks, 2 workers", "idle, enqueue to start"
PATIENCE = 120


class Stamps:
    """A named pipe in which tasks tell when they started."""

    def __init__(self, folder: str):
        self.path = os.path.join(folder, "stamps")
        os.mkfifo(self.path)
        self._pipe = os.open(self.path, os.O_RDWR | os.O_NONBLOCK)

    def next(self) -> float:
        """Wait for a task to start, and return when it did."""
        if not select.select([self._pipe], [], [], PATIENCE)[0]:
            raise TimeoutError("the task was not run")
        return float(os.read(self._pipe, 64).split()[0])

    def close(self) -> None:
        os.close(self._pipe)


@contextmanager
def ready(contender) -> Iterator[Stamps]:
    """With workers that have run a task already."""
    with TemporaryDirectory() as folder, contender.running():
        stamps = Stamps(folder)
        for _warm_up in range(4):
            contender.stamp(stamps.path)
            stamps.next()
        yield stamps
        stamps.close()


def throughput(contender, bench: Bench) -> float:
    """Tasks per second, from the moment they can be seen until all are done."""
    amount = contender.quick_amount if bench.quick else contender.amount
    with ready(contender):
        while not contender.is_empty():
            time.sleep(0.01)
        contender.fill(amount)
        with bench.clock() as clock:
            give_up_at = time.monotonic() + PATIENCE
            while not contender.is_empty() and time.monotonic() < give_up_at:
                time.sleep(0.01)
        return amount / clock.seconds


def idle_start(contender, bench: Bench) -> dict[str, float]:
    """Milliseconds from before the enqueueing to the start, of tasks that come alone and at any time."""
    pause, delays = random.Random(7), []
    with ready(contender) as stamps:
        for _number in range(15 if bench.quick else 40):
            time.sleep(pause.uniform(0.05, 0.25))
            began = time.monotonic()
            contender.stamp(stamps.path)
            delays.append((stamps.next() - began) * 1000)
    return {"p50": statistics.median(delays), "p95": statistics.quantiles(delays, n=20)[-1]}


def _register(contender) -> None:
    measurement(f"{THROUGHPUT}: {contender.name}", unit="tasks/s")(lambda bench: throughput(contender, bench))
    measurement(f"{IDLE}: {contender.name}", unit="ms")(lambda bench: idle_start(contender, bench))


for each in (Ours(), Stock(), CeleryRedis()):
    _register(each)
ratio("throughput, ours / Celery + Redis", f"{THROUGHPUT}: ours", f"{THROUGHPUT}: {CeleryRedis.name}", at_least=5)
ratio("throughput, ours / stock", f"{THROUGHPUT}: ours", f"{THROUGHPUT}: {Stock.name}", at_least=50)
ratio("idle p95, stock / ours", f"{IDLE}: {Stock.name}, p95", f"{IDLE}: ours, p95", at_least=10)
