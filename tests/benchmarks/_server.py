"""The programs that `up` starts, for benchmarks that speak to them over HTTP."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from nocode.foundation.management.commands import up
from nocode.foundation.models import QueuedTask, Worker
from nocode.setup import listening
from tests.processes import background, database_url

PATIENCE = 30


@contextmanager
def web_server() -> Iterator[int]:
    """A running server at this port of loopback; a call that comes early waits for it."""
    with listening.listen("127.0.0.1", 0) as listener:
        number, port = listener.fileno(), listener.getsockname()[1]
        with background(*up.web_server(number, up.WORKERS), pass_fds=(number,), **_environment()):
            yield port


@contextmanager
def cluster() -> Iterator[None]:
    """A running cluster that has nothing to do yet."""
    QueuedTask.objects.all().delete()
    with background(sys.executable, str(settings.BASE_DIR / "manage.py"), "qcluster", **_environment()):
        give_up_at = time.monotonic() + PATIENCE
        while not Worker.objects.alive().exists() and time.monotonic() < give_up_at:
            time.sleep(0.05)
        yield


def _environment() -> dict[str, str]:
    return {"DATABASE_URL": database_url(), "LOG_LEVEL": "ERROR"}
