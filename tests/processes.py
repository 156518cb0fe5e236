"""Programs that run beside a test or a benchmark."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote, urlencode

from django.db import connection

ROOT = Path(__file__).parents[1]


def database_url() -> str:
    """The address of the database the test is connected to."""
    values = connection.settings_dict
    host, port = values["HOST"] or "", values["PORT"] or 5432
    options = dict(values["OPTIONS"])
    if host.startswith("/"):
        options["host"], host = host, ""
    options = {key: value for key, value in options.items() if isinstance(value, str)}
    login = f"{quote(values['USER'])}:{quote(values['PASSWORD'] or '')}"
    return f"postgres://{login}@{host}:{port}/{quote(values['NAME'])}?{urlencode(options)}"


@contextmanager
def background(*command: str, pass_fds: tuple[int, ...] = (), **environment: str) -> Iterator[subprocess.Popen]:
    """A program in a session of its own; nothing of it is left afterwards."""
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | environment,
        pass_fds=pass_fds,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(5)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(5)
        process.stderr.close()
