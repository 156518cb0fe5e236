"""Where one embedded server keeps what, and how long each file lives."""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

PORT = 5432  # only names the socket file; the server never listens on the network
APP_ROLE = APP_DATABASE = "nocode"
SUPERUSER = "postgres"
LONGEST_SOCKET_FOLDER = 85  # a socket's whole path must stay under 104 bytes on every system


@dataclass(frozen=True)
class Layout:
    """The files of the server under one NOCODE_HOME.

    `clients` is locked (shared) by every process that uses the server, `keeper` (exclusive) by the one that owns it:
    the kernel drops both locks however a process ends. `running` says how to connect, and exists while one can.
    """

    home: Path

    @property
    def folder(self) -> Path:
        return self.home / "pg"

    @property
    def clients(self) -> Path:
        return self.folder / "clients.lock"

    @property
    def keeper(self) -> Path:
        return self.folder / "keeper.lock"

    @property
    def running(self) -> Path:
        return self.folder / "running.json"

    @property
    def failure(self) -> Path:
        """Why the last start failed, for the client that asked for it."""
        return self.folder / "failure.txt"

    @property
    def log(self) -> Path:
        return self.folder / "postgres.log"

    @property
    def name(self) -> str:
        """Tells this installation from others in folders that all share (/tmp, /var/lib)."""
        digest = hashlib.sha256(os.fsencode(self.home.absolute())).hexdigest()[:12]
        return f"nocode-{digest}"

    def read_running(self) -> dict | None:
        """How to connect, or None while no server runs."""
        try:
            return json.loads(self.running.read_text())
        except FileNotFoundError:
            return None

    def write_running(self, state: dict) -> None:
        """Publish how to connect: complete or not at all, and only for us to read."""
        draft = self.running.with_suffix(".new")
        draft.unlink(missing_ok=True)
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(state))
        draft.replace(self.running)
