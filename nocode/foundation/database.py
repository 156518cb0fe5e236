"""Executing a statement, what a database error says, and reading the database as of one moment."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import IntegrityError, InterfaceError, OperationalError, connection, transaction
from psycopg2 import errorcodes, sql

# admin_shutdown, crash_shutdown, cannot_connect_now (PostgreSQL's error codes, appendix A)
_SERVER_GOES = {"57P01", "57P02", "57P03"}


def execute(statement: sql.Composable | str, params: Any = None) -> int:
    """Execute a statement; answers how many rows it met."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return cursor.rowcount


def fetch(statement: sql.Composable | str, params: Any = None) -> list[tuple]:
    """What a statement answers."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return cursor.fetchall()


def is_connection_lost(error: BaseException) -> bool:
    """Whether the server or the way to it is gone, so that the error says nothing about the statement.

    libpq gives no code to what it finds out by itself; class 08 is the server's "connection exception".
    """
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    code = getattr(error.__cause__, "pgcode", None)
    return code is None or code in _SERVER_GOES or code.startswith("08")


def is_cancelled(error: BaseException) -> bool:
    """Whether the server gave a statement up, because it took too long."""
    return getattr(error.__cause__, "pgcode", None) == errorcodes.QUERY_CANCELED


def is_duplicate(error: IntegrityError) -> bool:
    """Whether a row exists already that has what must be there once."""
    return getattr(error.__cause__, "pgcode", None) == errorcodes.UNIQUE_VIOLATION


def is_overtaken(error: BaseException) -> bool:
    """Whether somebody changed a row first that a transaction as of one moment wanted to change."""
    return getattr(error.__cause__, "pgcode", None) == errorcodes.SERIALIZATION_FAILURE


@contextmanager
def one_moment(*, writes: bool = False) -> Iterator[None]:
    """All that is read inside is read as of one moment, whatever others commit meanwhile.

    With `writes`, what is written to a row that somebody changed since that moment is refused: `is_overtaken` tells.
    A transaction that has begun cannot be changed any more: within one, what its statements see is up to its caller.
    """
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        if is_outermost:
            with connection.cursor() as cursor:
                access = "READ WRITE" if writes else "READ ONLY"
                cursor.execute(f"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, {access}")
        yield
