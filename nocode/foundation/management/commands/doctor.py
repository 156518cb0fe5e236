"""`manage.py doctor`: what this machine and this installation lack, and how to mend it."""

from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.core.checks import run_checks
from django.core.management.base import BaseCommand
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from nocode.foundation import smtp
from nocode.foundation.models import User, Worker
from nocode.setup import checks
from nocode.setup.embedded.binaries import OLDEST
from nocode.setup.errors import SetupError

NEED_DATABASE = {"tables", "people", "workers"}


class Command(BaseCommand):
    """Runs every check, and fails when one of them does."""

    help = "Check everything NoCode needs, and say how to mend what is missing. Exit code 1 when something is."
    requires_system_checks: list[str] = []

    def handle(self, **options) -> None:
        failed = set()
        for name, check in _checks().items():
            if name in NEED_DATABASE and "database" in failed:
                continue
            if not self._check(name, check):
                failed.add(name)
        if failed:
            raise SystemExit(1)

    def _check(self, name: str, check: Callable[[], str]) -> bool:
        try:
            found = check()
        except SetupError as problem:
            advice = str(problem).replace("\n", "\n" + " " * 21)
            self.stdout.write(f"{self.style.ERROR('  failed')}  {name:<10} {advice}")
            return False
        self.stdout.write(f"{self.style.SUCCESS('      ok')}  {name:<10} {found}")
        return True


def _checks() -> dict[str, Callable[[], str]]:
    embedded = {"programs": checks.embedded_programs} if "EMBEDDED" in connection.settings_dict else {}
    return {
        "python": checks.python,
        "packages": lambda: checks.packages(settings.BASE_DIR / "requirements.txt"),
        "home": lambda: checks.home(Path(settings.NOCODE_HOME)),
        "settings": _settings,
        **embedded,
        "database": _database,
        "tables": _migrations,
        "people": _people,
        "workers": _workers,
        "mail": _mail,
        "port": lambda: checks.port(Path(settings.NOCODE_HOME)),
        "chromium": checks.chromium,
    }


def _settings() -> str:
    """Django's own checks."""
    problems = [problem for problem in run_checks() if problem.is_serious()]
    if problems:
        raise SetupError("\n".join(str(problem) for problem in problems))
    return "accepted"


def _database() -> str:
    """It answers, and is new enough. An unreachable one raises a SetupError by itself."""
    connection.ensure_connection()
    major, minor = divmod(connection.pg_version, 10000)
    if major < OLDEST:
        raise SetupError(f"PostgreSQL {major} is too old; NoCode needs {OLDEST} or newer.")
    kind = "embedded" if "EMBEDDED" in connection.settings_dict else "from DATABASE_URL"
    return f"PostgreSQL {major}.{minor}, {kind}; {_updated_at()}; {_searching()}"


def _updated_at() -> str:
    """Who keeps updated_at of new project tables."""
    if _finds("SELECT FROM pg_event_trigger WHERE evtname = 'on_table_created' AND evtenabled <> 'D'"):
        return "updated_at is kept on every table of a project"
    return "updated_at is kept on tables made in NoCode, not on those created by hand (needs a superuser once)"


def _searching() -> str:
    """Whether tables may have an index for the words in their texts."""
    if _finds("SELECT FROM pg_extension WHERE extname = 'pg_trgm'"):
        return "searching can be indexed"
    return "searching reads whole tables (it lacks the extension pg_trgm; a superuser may create it)"


def _finds(query: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.rowcount > 0


def _migrations() -> str:
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        raise SetupError(f"{len(waiting)} migrations are not applied.\nRun: python3 manage.py migrate (or `up`)")
    return "up to date"


def _people() -> str:
    if _waiting_for_tables():
        return "not yet: no tables"
    if not User.objects.filter(is_superuser=True, is_active=True).exists():
        raise SetupError("Nobody can administer this installation.\nRun: python3 manage.py create_superuser")
    return "an administrator exists"


def _workers() -> str:
    if _waiting_for_tables():
        return "not yet: no tables"
    alive = Worker.objects.alive().count()
    return f"{alive} alive" if alive else "none alive; tasks wait until `up` or `qcluster` runs"


def _mail() -> str:
    """The mail server answers and lets us log in."""
    if not smtp.is_configured():
        return "no mail server (EMAIL_URL); e-mails wait, invitations are links to pass on"
    server = "{host}:{port}".format(**settings.EMAIL_SERVER)
    try:
        smtp.check_server()
    except smtp.MailPostponed as problem:
        raise SetupError(f"{server}: {problem.message}\nCheck EMAIL_URL.") from problem
    return f"{server} answers; e-mails come from {settings.EMAIL_FROM}"


def _waiting_for_tables() -> bool:
    return Worker._meta.db_table not in connection.introspection.table_names()
