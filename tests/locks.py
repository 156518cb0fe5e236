"""Waiting until another connection of this database waits: for tests of what happens when two people save at once."""

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager

import psycopg2
from django.db import connection
from psycopg2 import sql

from tests.processes import database_url

_SOMEBODY_WAITS = """
    SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')
"""


def until_it_waits(work: Future) -> None:
    """Return once the work of another thread waits for a lock, or is done."""
    while not work.done() and not _somebody_waits():
        pass


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(_SOMEBODY_WAITS)
        return cursor.fetchone()[0]


@contextmanager
def nobody_may_use(table: str) -> Iterator[None]:
    """Hold a table, so that whoever needs it waits: a task stands still in the step that does."""
    other = psycopg2.connect(database_url())
    try:
        with other.cursor() as cursor:
            cursor.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(sql.Identifier(table)))
        yield
    finally:
        other.close()


def waits_for(table: str) -> list[int]:
    """The server processes that wait for a table."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_locks WHERE NOT granted AND relation = %s::regclass", [table])
        return [row[0] for row in cursor.fetchall()]


def cut_off(servers: list[int]) -> None:
    """End server processes, with whatever they have begun."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid, 5000) FROM unnest(%s) AS pid", [servers])


def are_gone(servers: list[int]) -> bool:
    """Whether these server processes have ended."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = ANY(%s)", [servers])
        return cursor.fetchone()[0] == 0
