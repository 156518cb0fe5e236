"""The queues that are compared: ours, django-q2 as it comes, Celery on Redis. Two workers each."""

import importlib
import importlib.util
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

from django.db import transaction
from django.utils import timezone
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from nocode.foundation.ids import uuid7
from nocode.foundation.models import QueuedTask
from nocode.foundation.queue import task
from tests.benchmarks import _queue_plain
from tests.benchmarks.harness import Skipped
from tests.processes import background, database_url

PEERS = os.environ.get("BENCH_PEERS", "")  # a folder with celery and redis, as `pip install --target` makes it


class Ours:
    """The pull workers of this product."""

    name = "ours"
    amount, quick_amount = 30_000, 10_000
    _noop, _stamp = task()(_queue_plain.do_nothing), task()(_queue_plain.tell_time)

    @contextmanager
    def running(self) -> Iterator[None]:
        """With its workers running."""
        values = {"DATABASE_URL": database_url(), "QUEUE_WORKERS": "2", "LOG_LEVEL": "WARNING"}
        with background(sys.executable, "manage.py", "qcluster", **values):
            yield

    def fill(self, amount: int) -> None:
        """Queue so many tasks, all of which become visible at once."""
        self._noop.enqueue_many([()] * amount)

    def is_empty(self) -> bool:
        """Whether all is done."""
        return not QueuedTask.objects.order_by().exists()

    def stamp(self, pipe: str) -> None:
        """Queue the task that tells when it starts."""
        self._stamp.enqueue(pipe)


class Stock:
    """django-q2's ORM broker and cluster, default settings."""

    name = "django-q2 stock"
    amount, quick_amount = 600, 200

    @contextmanager
    def running(self) -> Iterator[None]:
        """With its cluster running."""
        values = {
            "DATABASE_URL": database_url(),
            "DJANGO_SETTINGS_MODULE": "tests.benchmarks._stock_settings",
            "PYTHONWARNINGS": "ignore",
        }
        with background(sys.executable, "manage.py", "qcluster", **values):
            yield

    def fill(self, amount: int) -> None:
        """Queue so many tasks, all of which become visible at once."""
        self._enqueue([self._package("do_nothing") for _number in range(amount)])

    def is_empty(self) -> bool:
        """Whether all is done."""
        return not OrmQ.objects.order_by().exists()

    def stamp(self, pipe: str) -> None:
        """Queue the task that tells when it starts."""
        self._enqueue([self._package("tell_time", pipe)])

    def _package(self, function: str, *args) -> str:
        path, number = f"{_queue_plain.__name__}.{function}", uuid7().hex
        values = {"id": number, "name": number, "func": path, "args": args, "kwargs": {}, "started": timezone.now()}
        return SignedPackage.dumps(values)

    def _enqueue(self, packages: list[str]) -> None:
        with transaction.atomic():
            OrmQ.objects.bulk_create(OrmQ(key="nocode", payload=package, lock=timezone.now()) for package in packages)


class CeleryRedis:
    """Celery's prefork pool on a Redis of its own that writes nothing to disk."""

    name = "Celery + Redis"
    amount, quick_amount = 6_000, 2_000

    @contextmanager
    def running(self) -> Iterator[None]:
        """With a server and a worker running."""
        self._require()
        port = _free_port()
        url = os.environ["BENCH_REDIS"] = f"redis://127.0.0.1:{port}/0"
        worker = [sys.executable, "-m", "celery", "-A", "tests.benchmarks._celery_app", "worker", "-c", "2"]
        with TemporaryDirectory() as folder:
            server = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
            with background(*server), background(*worker, "--loglevel=ERROR", PYTHONPATH=PEERS, BENCH_REDIS=url):
                self._connect(url)
                yield

    def fill(self, amount: int) -> None:
        """Queue so many tasks. They cannot become visible at once, so the workers wait until they are there."""
        self.app.control.cancel_consumer("celery", reply=True, timeout=5)
        for _number in range(amount):
            self.module.noop.delay()
        self.app.control.add_consumer("celery")

    def is_empty(self) -> bool:
        """Whether all is done."""
        return not self.redis.llen("celery") and not self.redis.hlen("unacked")

    def stamp(self, pipe: str) -> None:
        """Queue the task that tells when it starts."""
        self.module.stamp.delay(pipe)

    def _require(self) -> None:
        if PEERS and PEERS not in sys.path:
            sys.path.append(PEERS)
        if not shutil.which("redis-server"):
            raise Skipped("redis-server not found.")
        if not importlib.util.find_spec("celery") or not importlib.util.find_spec("redis"):
            raise Skipped("celery and redis not found; BENCH_PEERS may name a folder that holds them.")

    def _connect(self, url: str) -> None:
        import redis

        from tests.benchmarks import _celery_app

        self.module = importlib.reload(_celery_app)  # it reads the address of this round's server
        self.app = self.module.app
        self.redis = redis.Redis.from_url(url)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
