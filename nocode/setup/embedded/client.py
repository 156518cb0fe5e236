"""How a process uses the embedded server: `ensure()` before the first connection, `release()` when it wants it gone.

A client holds a shared lock for as long as it lives, children forked from it included. Whoever finds no keeper
starts one, handing it the keeper's lock already taken, so there is never a second.
"""

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO

from nocode.setup.embedded.layout import Layout
from nocode.setup.errors import SetupError
from nocode.setup.secrets import unwritable

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 150  # seconds until the server answers; longer than the server's own limit
STOP_PATIENCE = 25


class Client:
    """This process's hold on the server of one NOCODE_HOME."""

    def __init__(self, home: Path, *, durable: bool = True):
        self.layout = Layout(Path(home).absolute())
        self.durable = durable
        self._hold: IO | None = None
        self._keeper: subprocess.Popen | None = None
        self._one_thread = threading.Lock()

    def ensure(self) -> dict:
        """Return how to connect, with the server running: started now if need be."""
        with self._one_thread:
            try:
                self._take_hold()
                return self._wait()
            except OSError as problem:
                raise unwritable(Path(problem.filename or self.layout.folder), problem) from problem

    def release(self) -> None:
        """Let go. If nobody else uses the server, return once it has stopped."""
        with self._one_thread:
            if self._hold is None:
                return
            self._hold.close()
            self._hold = None
            if not self._others():
                self._see_it_stop()

    def _take_hold(self) -> None:
        if self._hold:
            return
        self.layout.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        hold = self.layout.clients.open("a")
        fcntl.flock(hold, fcntl.LOCK_SH)  # waits while a keeper is stopping
        self._hold = hold

    def _wait(self) -> dict:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            self._start_keeper_if_none()
            running = self.layout.read_running()
            if running:
                return running
            if self._keeper and self._keeper.poll() is not None and self.layout.failure.exists():
                raise SetupError(self.layout.failure.read_text())
            time.sleep(0.03)
        raise SetupError(f"The embedded database did not start in time. Its logs are in {self.layout.folder}.")

    def _start_keeper_if_none(self) -> None:
        if self._keeper and self._keeper.poll() is not None and self.layout.failure.exists():
            return  # ours failed, and said why
        with self._keeper_lock() as lock:
            if lock is None:
                return
            self.layout.running.unlink(missing_ok=True)
            self.layout.failure.unlink(missing_ok=True)
            with (self.layout.folder / "keeper.log").open("wb") as log:
                self._keeper = subprocess.Popen(
                    [sys.executable, "-m", "nocode.setup.embedded.keeper", self.layout.home, str(int(self.durable))],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=os.environ | {"PYTHONPATH": str(ROOT)},
                    cwd="/",
                    pass_fds=[lock.fileno()],
                    start_new_session=True,
                )

    @contextlib.contextmanager
    def _keeper_lock(self):
        """The keeper's lock if it is free, else None. Closing our copy does not free what a child inherited."""
        with self.layout.keeper.open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield None
            else:
                yield lock

    def _others(self) -> bool:
        with self.layout.clients.open("a") as clients:
            try:
                fcntl.flock(clients, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            return False

    def _see_it_stop(self) -> None:
        deadline = time.monotonic() + STOP_PATIENCE
        while time.monotonic() < deadline:
            with self._keeper_lock() as lock:
                if lock is not None:
                    break
            running = self.layout.read_running()
            if running:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(running["keeper"], signal.SIGUSR1)
            time.sleep(0.05)
        if self._keeper:
            self._keeper.poll()  # no zombie if it was our child
            self._keeper = None
