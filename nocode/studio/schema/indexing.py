"""Building an index beside the work of others: PostgreSQL does it outside of transactions, and tells how far it is."""

import threading
from collections.abc import Callable
from contextlib import closing
from typing import Any

from django.db import DatabaseError, connection, connections
from django.utils.translation import gettext as _
from psycopg2 import errorcodes, sql

from nocode.studio.errors import SchemaRefused
from nocode.studio.models import TableIndex
from nocode.studio.schema import ddl
from nocode.studio.schema.functions import has_trigrams
from nocode.studio.searching import search_expression

SECONDS_BETWEEN_LOOKS = 0.3

_PROGRESS = """
    SELECT coalesce(nullif(blocks_done, 0), tuples_done), coalesce(nullif(blocks_total, 0), tuples_total)
    FROM pg_stat_progress_create_index WHERE pid = %s
"""
_IS_VALID = """
    SELECT indisvalid FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
    JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE nspname = %s AND relname = %s
"""


def build(index: TableIndex, tell: Callable[[int, int], None]) -> None:
    """Build an index, telling how much is done; what `tell` raises stops it. Leaves no half of an index behind.

    Safe to repeat: a half that an earlier attempt left is dropped first.
    """
    drop(index)
    work = _Work(_statement(index))
    work.start()
    try:
        while not work.done.wait(SECONDS_BETWEEN_LOOKS):
            tell(*_progress(work.pid))
    except BaseException:
        work.stop()
        drop(index)
        raise
    work.join()
    if work.error is not None:
        drop(index)
        raise _explained(work.error, index) from work.error


def drop(index: TableIndex) -> None:
    """Drop the index, or what is left of it, without keeping anybody from working."""
    with connection.cursor() as cursor:
        cursor.execute(ddl.drop_index(index.table.relation_schema, index.physical_name, concurrently=True))


def is_valid(index: TableIndex) -> bool:
    """Whether the index is there and whole."""
    with connection.cursor() as cursor:
        cursor.execute(_IS_VALID, [index.table.relation_schema, index.physical_name])
        return cursor.fetchone() == (True,)


class _Work(threading.Thread):
    """One statement on a connection of its own, outside of transactions and without time limits."""

    def __init__(self, statement: sql.Composable):
        super().__init__(name="index", daemon=True)
        self.statement = statement
        self.error: DatabaseError | None = None
        self.pid: int | None = None
        self.done = threading.Event()
        self._raw: Any = None  # the connection of psycopg2, which another thread may interrupt

    def run(self) -> None:
        own = connections.create_connection("default")
        try:
            with closing(own), own.cursor() as cursor:
                cursor.execute("SET statement_timeout = 0; SET lock_timeout = 0")
                self._raw = own.connection
                self.pid = self._raw.get_backend_pid()
                cursor.execute(self.statement)
        except DatabaseError as error:
            self.error = error
        finally:
            self.done.set()

    def stop(self) -> None:
        """Have PostgreSQL give the statement up, and wait until it has."""
        if self._raw is not None and not self.done.is_set():
            self._raw.cancel()
        self.join()


def _statement(index: TableIndex) -> sql.Composable:
    target = sql.Identifier(index.table.relation_schema, index.table.relation_name)
    if index.kind == TableIndex.Kind.SEARCH:
        if not has_trigrams():
            raise SchemaRefused(
                _("Searching cannot be made faster here: the database lacks the extension pg_trgm, see `doctor`.")
            )
        words = sql.SQL("{} gin_trgm_ops").format(search_expression(index.columns))
        return ddl.create_index(target, index, [words], "gin")
    # Rows that share a value are in the order of their ids: a list goes on among them without reading them all.
    return ddl.create_index(target, index, [sql.Identifier(name) for name in [*index.columns, "id"]], "btree")


def _progress(pid: int | None) -> tuple[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(_PROGRESS, [pid])
        return cursor.fetchone() or (0, 0)


def _explained(error: DatabaseError, index: TableIndex) -> Exception:
    if getattr(error.__cause__, "pgcode", None) == errorcodes.PROGRAM_LIMIT_EXCEEDED:
        return SchemaRefused(_("Some values are too long for an index: %(index)s") % {"index": index})
    return error
