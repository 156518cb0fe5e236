"""What a server that was killed leaves behind, and how to clear it away."""

import contextlib
import os
import signal
import time
from pathlib import Path

from nocode.setup.embedded.layout import PORT

PROC = Path("/proc")


def clear_previous(data: Path, socket: Path) -> None:
    """End processes of an earlier server on this data, and drop its pid file when its number means another program.

    Without /proc (macOS) PostgreSQL's own checks have to do.
    """
    if not PROC.is_dir():
        return
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        left = _servers_in(data)
        for pid in left:
            _signal(pid, number)
        deadline = time.monotonic() + 5
        while left and time.monotonic() < deadline:
            time.sleep(0.02)
            left = _servers_in(data)
        if not left:
            break
    (data / "postmaster.pid").unlink(missing_ok=True)
    (socket / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)


def _servers_in(data: Path) -> list[int]:
    """PostgreSQL processes that work in a data folder."""
    found = []
    for entry in PROC.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if os.readlink(entry / "cwd") == str(data) and (entry / "comm").read_text().strip() == "postgres":
                found.append(int(entry.name))
        except OSError:
            continue  # ended meanwhile, or somebody else's
    return found


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
