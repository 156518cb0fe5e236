"""Django's PostgreSQL backend, which starts the embedded server before the first connection if there is no other.

With `EMBEDDED` in its settings (no DATABASE_URL) an alias connects to that server, in every command and process.
"""

import select
import time
from contextlib import contextmanager

import psycopg2
from django.db.backends.postgresql import base
from django.db.utils import OperationalError
from psycopg2.extensions import TRANSACTION_STATUS_IDLE

from nocode.setup import embedded
from nocode.setup.embedded.roles import superuser
from nocode.setup.errors import SetupError

WITHOUT_JIT = "-c jit=off"
RESTART_PATIENCE = 15  # seconds in which a server that crashed is expected back


class DatabaseUnreachable(SetupError, OperationalError):
    """No connection: an OperationalError for Django, a sentence for people."""


class DatabaseWrapper(base.DatabaseWrapper):
    """PostgreSQL as Django knows it, plus the embedded server."""

    def get_connection_params(self) -> dict:
        """How to connect. Without JIT, unless DATABASE_URL asks for it (`?options=…` comes later, and wins).

        Compiling takes a second for the long statements that computed fields make, and saves milliseconds.
        """
        if "EMBEDDED" in self.settings_dict:
            running = self._ensure()
            self.settings_dict.update(
                HOST=running["host"], PORT=running["port"], USER=running["user"], PASSWORD=running["password"]
            )
        params = super().get_connection_params()
        params["options"] = f"{WITHOUT_JIT} {params.get('options', '')}".strip()
        return params

    def get_new_connection(self, conn_params: dict):
        deadline = time.monotonic() + (RESTART_PATIENCE if "EMBEDDED" in self.settings_dict else 0)
        while True:
            try:
                return super().get_new_connection(conn_params)
            except psycopg2.OperationalError as problem:
                if time.monotonic() > deadline or not _is_restarting(str(problem)):
                    raise DatabaseUnreachable(self._explain(problem)) from problem
            time.sleep(0.1)
            self._ensure()

    def is_usable(self) -> bool:
        """Whether the server still answers. Each request asks, so the kernel is asked first: it needs no round trip.

        Between two statements a server only speaks up to say that it ends (or to notify); silence is health.
        """
        return _is_silent(self.connection) or super().is_usable()

    @contextmanager
    def superuser(self):
        """A cursor with every right on this database, or None where we may not have one (any server but our own).

        For what an ordinary role cannot create, such as an event trigger. Statements commit one by one.
        """
        if "EMBEDDED" not in self.settings_dict:
            yield None
            return
        with superuser(self._ensure(), self.settings_dict["NAME"]) as connection, connection.cursor() as cursor:
            yield cursor

    def _ensure(self) -> dict:
        try:
            return embedded.client_for(**self.settings_dict["EMBEDDED"]).ensure()
        except SetupError as problem:
            raise DatabaseUnreachable(str(problem)) from problem

    def _explain(self, problem: Exception) -> str:
        place = f"{self.settings_dict['HOST'] or 'the local socket'}:{self.settings_dict['PORT'] or 5432}"
        advice = (
            f"Is the disk full? The database's logs are in {self.settings_dict['EMBEDDED']['home']}/pg."
            if "EMBEDDED" in self.settings_dict
            else "Check DATABASE_URL, and that the server runs and lets this machine in."
        )
        reason = str(problem).strip().splitlines()[0]
        return f"No connection to the database {self.settings_dict['NAME']} at {place}:\n  {reason}\n{advice}"


def _is_silent(connection) -> bool:
    """Whether a connection is open, between statements, and nothing has arrived on it."""
    if connection is None or connection.info.transaction_status != TRANSACTION_STATUS_IDLE:
        return False
    arrivals = select.poll()
    arrivals.register(connection.fileno(), select.POLLIN)
    return not arrivals.poll(0)


def _is_restarting(message: str) -> bool:
    """Whether the server is away for a moment; a refused password or a missing database is for good."""
    return "FATAL" not in message or "the database system is" in message
