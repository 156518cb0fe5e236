"""The process that owns the embedded server: starts it, starts it again after a crash, ends it when nobody is left.

Started by the first client (see `client.py`), in its own session so that a Ctrl-C in the terminal does not reach it.
It runs without Django: `python -m nocode.setup.embedded.keeper <home> <durable: 0 or 1>`.
"""

import contextlib
import fcntl
import os
import select
import signal
import sys
import time
from pathlib import Path

import psycopg2

from nocode.setup.embedded import roles
from nocode.setup.embedded.layout import Layout
from nocode.setup.embedded.server import Server
from nocode.setup.errors import SetupError

LOOK_EVERY = 0.5
LINGER = 2.0  # seconds without a client; commands run one after the other find the server still there
LONGEST_PAUSE = 5.0


class Keeper:
    """Watches one server."""

    def __init__(self, server: Server):
        self.server = server
        self.clients = server.layout.clients.open("a")
        self.stop_now = self.look_now = False
        self.alone_since: float | None = None
        self.crashes = 0
        self.started_at = 0.0

    def run(self) -> None:
        """Start, watch, stop."""
        self._listen()
        self.server.create()
        self._start()
        roles.prepare(self.server.running)
        self.server.layout.write_running(self.server.running)
        try:
            while not self._finished():
                if self.server.process.poll() is not None:
                    self._recover()
                select.select([self._woken], [], [], LOOK_EVERY)
                while self._drain():
                    pass
        finally:
            self.server.layout.running.unlink(missing_ok=True)
            self.server.stop()
            with contextlib.suppress(OSError):
                self.server.socket.rmdir()  # it may be in /tmp; a server that was killed leaves files in it

    def _start(self) -> None:
        self.started_at = time.monotonic()
        self.server.start()

    def _recover(self) -> None:
        """Start the server again, each time a little later, for as long as somebody wants it."""
        self.crashes = self.crashes + 1 if time.monotonic() - self.started_at < 30 else 0
        time.sleep(min(0.1 * 2**self.crashes, LONGEST_PAUSE) if self.crashes else 0)
        try:
            self._start()
        except SetupError as problem:
            print(problem, flush=True)  # into the keeper's log; the next round tries again

    def _finished(self) -> bool:
        """Whether to stop. When so, the clients' lock stays ours, so that a new client waits until we are gone."""
        if self.stop_now:
            return True
        try:
            fcntl.flock(self.clients, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.alone_since, self.look_now = None, False
            return False
        now = time.monotonic()
        self.alone_since = self.alone_since or now
        if self.look_now or now - self.alone_since >= LINGER:
            return True
        fcntl.flock(self.clients, fcntl.LOCK_UN)
        return False

    def _listen(self) -> None:
        """SIGUSR1: a client left, look at once. SIGTERM: stop whoever is left."""
        self._woken, wake = os.pipe()
        os.set_blocking(self._woken, False)
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGUSR1, lambda *_: setattr(self, "look_now", True))
        signal.signal(signal.SIGTERM, lambda *_: setattr(self, "stop_now", True))
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def _drain(self) -> bytes:
        try:
            return os.read(self._woken, 100)
        except BlockingIOError:
            return b""


def main() -> None:
    """Keep the server of the home named on the command line."""
    layout = Layout(Path(sys.argv[1]))
    try:
        Keeper(Server(layout, durable=sys.argv[2] == "1")).run()
    except (SetupError, OSError, psycopg2.Error) as problem:
        layout.failure.write_text(str(problem))
        sys.exit(1)


if __name__ == "__main__":
    main()
