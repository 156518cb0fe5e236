"""Telling a lost connection from a refused statement, and a living one from a dead one."""

import select

import pytest
from django.db import InterfaceError, OperationalError, ProgrammingError, connection, transaction

from nocode.foundation.database import is_cancelled, is_connection_lost

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_connection_ended_by_the_server_is_lost():
    with pytest.raises(OperationalError) as ended, connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    assert is_connection_lost(ended.value)
    connection.close()


def test_a_connection_that_is_closed_already_is_lost():
    connection.ensure_connection()
    connection.connection.close()
    with pytest.raises(InterfaceError) as closed:
        connection.cursor()
    assert is_connection_lost(closed.value)
    connection.close()


def test_a_statement_that_took_too_long_is_not():
    with pytest.raises(OperationalError) as slow, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '20ms'; SELECT pg_sleep(5)")
    assert not is_connection_lost(slow.value)
    assert is_cancelled(slow.value)


def test_other_errors_are_not():
    assert not is_connection_lost(ValueError("closed"))
    assert not is_cancelled(ValueError("cancelled"))


# --- Connections that are kept between requests -----------------------------------------------------------------------
@pytest.fixture
def elsewhere():
    """A cursor of another connection."""
    other = connection.copy()
    with other.cursor() as cursor:
        yield cursor
    other.close()


def say(sql: str) -> int:
    """Send a statement, and tell which server process took it."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
    return connection.connection.info.backend_pid


def last_heard(elsewhere, pid: int) -> str:
    elsewhere.execute("SELECT query FROM pg_stat_activity WHERE pid = %s", [pid])
    return elsewhere.fetchone()[0]


def test_a_silent_connection_is_usable_and_is_not_asked(elsewhere):
    pid = say("SELECT 'before'")

    assert connection.is_usable()
    assert last_heard(elsewhere, pid) == "SELECT 'before'"


def test_a_connection_that_was_notified_is_asked_and_usable(elsewhere):
    pid = say("LISTEN something")
    elsewhere.execute("NOTIFY something")
    assert select.select([connection.connection], [], [], 10)[0]

    assert connection.is_usable()
    assert last_heard(elsewhere, pid) == "SELECT 1"
    connection.close()


def test_a_connection_that_the_server_ended_meanwhile_is_not_usable(elsewhere):
    elsewhere.execute("SELECT pg_terminate_backend(%s, 5000)", [say("SELECT 'before'")])

    assert not connection.is_usable()
    connection.close()


def test_a_connection_in_a_failed_transaction_is_not_usable():
    with pytest.raises(ProgrammingError):
        say("BEGIN; SELECT nothing")

    assert not connection.is_usable()
    connection.close()
