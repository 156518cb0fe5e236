"""What only the server's superuser may do. The application itself runs as an ordinary role, as in production."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg2
from psycopg2 import extensions, sql

from nocode.setup.embedded.layout import APP_DATABASE, APP_ROLE, SUPERUSER

EXTENSIONS = ("pg_trgm", "unaccent", "btree_gin")


@contextmanager
def superuser(running: dict, database: str) -> Iterator[extensions.connection]:
    """A connection with every right, each statement its own transaction."""
    with closing(
        psycopg2.connect(
            host=running["host"],
            port=running["port"],
            user=SUPERUSER,
            password=running["superuser_password"],
            dbname=database,
            connect_timeout=10,
        )
    ) as connection:
        connection.autocommit = True
        yield connection


def prepare(running: dict) -> None:
    """Make the application's role and database, and put the extensions where every new database inherits them."""
    with superuser(running, "postgres") as connection, connection.cursor() as cursor:
        role, database = sql.Identifier(APP_ROLE), sql.Identifier(APP_DATABASE)
        cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", [APP_ROLE])
        verb = sql.SQL("ALTER" if cursor.rowcount else "CREATE")
        cursor.execute(
            sql.SQL("{} ROLE {} LOGIN CREATEDB NOSUPERUSER PASSWORD %s").format(verb, role), [running["password"]]
        )
        _add_extensions(running, "template1")
        cursor.execute("SELECT FROM pg_database WHERE datname = %s", [APP_DATABASE])
        if not cursor.rowcount:
            cursor.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, role))
    _add_extensions(running, APP_DATABASE)


def _add_extensions(running: dict, database: str) -> None:
    with superuser(running, database) as connection, connection.cursor() as cursor:
        for name in EXTENSIONS:
            cursor.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(name)))
