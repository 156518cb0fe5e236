"""`manage.py up`: the whole product in one terminal."""

import contextlib
import fcntl
import http.client
import json
import os
import secrets
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection, transaction

from nocode.foundation.logs import warnings_only
from nocode.foundation.models import User
from nocode.foundation.signals.up_signals import up_is_ready
from nocode.setup import embedded, listening
from nocode.setup.errors import SetupError
from nocode.setup.reload import SourceWatch
from nocode.setup.secrets import unwritable
from nocode.setup.supervisor import Program, Supervisor

ADMIN = "admin@nocode.local"
WORKERS = 2


class Command(BaseCommand):
    """Prepares the database, then runs the web server and the task cluster until Ctrl-C."""

    help = "Start everything: database, migrations, demo, web server and task cluster. Ctrl-C ends it all."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
        parser.add_argument("--port", type=int, help="port to listen on; 0 takes any (default: 8000 or the next free)")
        parser.add_argument("--workers", type=int, default=WORKERS, help="web server processes (default: %(default)s)")
        parser.add_argument("--no-demo", action="store_true", help="do not load the demo at the first start")
        parser.add_argument("--reload", action="store_true", help="restart when a source file changes")

    def handle(self, **options) -> None:
        sys.stdout.reconfigure(line_buffering=True)  # a log file gets each line when it is said
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # until the supervisor takes over
        with self._only_one() as state, listening.listen(options["host"], options["port"]) as listener:
            try:
                with warnings_only():
                    self._prepare(demo=not options["no_demo"])
                self._publish(state, url=listening.url(listener))
                if not self._supervise(listener, workers=options["workers"], reload=options["reload"]):
                    raise SystemExit(1)
            except KeyboardInterrupt:
                pass
            finally:
                connection.close()
                if "EMBEDDED" in connection.settings_dict:
                    embedded.client_for(**connection.settings_dict["EMBEDDED"]).release()
        self.stdout.write("Stopped.")

    @contextlib.contextmanager
    def _only_one(self) -> Iterator:
        """Refuse a second `up` in the same home; the kernel drops the lock however we end."""
        path = Path(settings.NOCODE_HOME) / "up.json"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            state = path.open("a+")
        except OSError as problem:
            raise unwritable(path, problem) from problem
        with state:
            try:
                fcntl.flock(state, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                state.seek(0)
                raise SetupError(_already_running(state.read())) from None
            self._publish(state)
            yield state

    def _publish(self, state, **facts) -> None:
        state.truncate(0)
        state.write(json.dumps({"pid": os.getpid(), **facts}))
        state.flush()

    def _prepare(self, *, demo: bool) -> None:
        self.stdout.write("Preparing the database…")
        Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)  # empty: files are served from their sources
        call_command("migrate", interactive=False, verbosity=0)
        if not User.objects.filter(is_superuser=True).exists():
            with transaction.atomic():
                self._create_admin()
                if demo:
                    call_command("demo", verbosity=0)

    def _create_admin(self) -> None:
        password = secrets.token_urlsafe(12)
        login = _login_file()
        login.unlink(missing_ok=True)
        login.touch(mode=0o600)
        login.write_text(f"{ADMIN}\n{password}\n")
        User.objects.create_superuser(ADMIN, password, name="Admin")

    def _supervise(self, listener: socket.socket, *, workers: int, reload: bool) -> bool:
        ready = False
        watch = SourceWatch(settings.BASE_DIR) if reload else None

        def on_tick() -> None:
            nonlocal ready
            if not ready and _answers(listener):
                ready = True
                self._announce(listener)
            if watch and watch.changed():
                supervisor.say("up", "A source file changed; restarting.")
                supervisor.restart()

        supervisor = Supervisor(_programs(listener, workers), folder=settings.BASE_DIR, on_tick=on_tick)
        connection.close()
        return supervisor.run()

    def _announce(self, listener: socket.socket) -> None:
        self.stdout.write(self.style.SUCCESS(f"\n  NoCode is ready: {listening.url(listener)}/admin/"))
        with contextlib.suppress(OSError):
            email, password = _login_file().read_text().split()
            user = User.objects.filter(email=email).first()
            if user and user.check_password(password):
                self.stdout.write(f"  Log in with:     {email} / {password}   (kept in {_login_file()})")
        for _receiver, pages in up_is_ready.send(type(self)):
            for words, path in pages:
                self.stdout.write(f"  {words + ':':<16} {listening.url(listener)}{path}")
        if not listening.is_local(listener):
            self.stdout.write(
                f"  Other machines may use these names: {', '.join(_allowed_hosts(listener))} (ALLOWED_HOSTS)"
            )
        self.stdout.write("  Ctrl-C ends it.\n\n")
        connection.close()


def _already_running(text: str) -> str:
    """What to tell a second `up`, from what the first one wrote."""
    with contextlib.suppress(ValueError):
        first = json.loads(text)
        where = f" at {first['url']}/admin/" if "url" in first else ", still starting"
        kept = f"\nThe first login is kept in {_login_file()}." if _login_file().exists() else ""
        return f"NoCode is already running{where} (process {first['pid']}).{kept}"
    return "NoCode is already starting."


def _login_file() -> Path:
    return Path(settings.NOCODE_HOME) / "login.txt"


def _allowed_hosts(listener: socket.socket) -> list[str]:
    host = listener.getsockname()[0]
    return settings.ALLOWED_HOSTS + ([] if host in [*listening.ANY, *settings.ALLOWED_HOSTS] else [host])


def _answers(listener: socket.socket) -> bool:
    address = urlsplit(listening.url(listener))
    web = http.client.HTTPConnection(address.hostname, address.port, timeout=1)
    with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(web):
        web.request("GET", "/healthz")
        return web.getresponse().status == 200
    return False


def web_server(number: int, workers: int) -> list[str]:
    """The command that serves the socket with this number."""
    gunicorn = [
        *(sys.executable, "-m", "gunicorn", "nocode.wsgi", "--bind", f"fd://{number}"),
        *("--worker-class", "gthread", "--workers", str(workers), "--threads", "4", "--keep-alive", "30"),
        *("--graceful-timeout", "8", "--log-level", "warning", "--no-control-socket"),
    ]
    if os.access("/dev/shm", os.W_OK):  # noqa: S108 — heartbeat files must not wait for a disk
        gunicorn += ["--worker-tmp-dir", "/dev/shm"]  # noqa: S108
    return gunicorn


def _programs(listener: socket.socket, workers: int) -> list[Program]:
    number = listener.fileno()
    names = {"ALLOWED_HOSTS": ",".join(_allowed_hosts(listener))}
    public = {"PUBLIC_URL": settings.PUBLIC_URL or listening.url(listener)}
    qcluster = [sys.executable, str(settings.BASE_DIR / "manage.py"), "qcluster"]
    return [
        Program("web", web_server(number, workers), environment=names | public, descriptors=(number,)),
        Program("cluster", qcluster, environment=public),
    ]
