"""What `doctor` looks at before Django's database is touched. Each check returns what it found or raises SetupError."""

import fcntl
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

from nocode.setup import bootstrap, browser
from nocode.setup.embedded import account, binaries
from nocode.setup.errors import SetupError
from nocode.setup.listening import DEFAULT_PORT
from nocode.setup.secrets import unwritable

LEAST_FREE = 500 * 1024 * 1024


def python() -> str:
    """The interpreter."""
    return f"{sys.version.split()[0]} at {sys.executable}"


def packages(requirements: Path) -> str:
    """The pinned packages, in this interpreter."""
    wrong = bootstrap.unsatisfied(requirements)
    if wrong:
        raise SetupError(
            f"Missing or of another version: {', '.join(wrong)}.\nRun the command without NOCODE_BOOTSTRAP=0."
        )
    return "as pinned"


def home(folder: Path) -> str:
    """The private folder can be written and has room."""
    probe = folder / f".doctor-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as problem:
        raise unwritable(folder, problem) from problem
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE:
        raise SetupError(f"Only {free // 2**20} MB are free at {folder}. Free some space or move NOCODE_HOME.")
    return f"{folder}, {free // 2**30} GB free"


def embedded_programs() -> str:
    """PostgreSQL's programs run here, as somebody they accept."""
    folder = binaries.find()
    who = account.choose()
    suffix = " in a user namespace" if who.namespace else f" as account {who.uid}" if who.uid is not None else ""
    return f"PostgreSQL {binaries.major(folder)} from {folder}{suffix}"


def port(home: Path) -> str:
    """Where NoCode runs; else the usual port, which something else may have taken."""
    address = _running_at(home / "up.json")
    if address:
        return f"NoCode runs at {address}/admin/"
    try:
        socket.create_server(("127.0.0.1", DEFAULT_PORT)).close()
    except OSError:
        return f"{DEFAULT_PORT} is in use; `up` takes the next free one"
    return f"{DEFAULT_PORT} is free"


def _running_at(state: Path) -> str:
    """The address that `up` wrote into its file; empty unless it holds the file's lock and has an address yet."""
    if not os.access(state, os.R_OK):
        return ""
    with state.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return json.loads(file.read() or "{}").get("url", "")
    return ""


def chromium() -> str:
    """The tests' browser; nothing else needs it."""
    path = browser.find()
    if not path:
        return "none found; only the browser tests need one (CHROMIUM names it)"
    version = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    return f"{version} at {path}"
