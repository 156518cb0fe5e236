"""Waiting until another connection of this database waits: for tests of what happens when two people save at once."""

from concurrent.futures import Future

from django.db import connection

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
