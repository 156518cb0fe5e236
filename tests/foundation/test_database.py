"""Telling a lost connection from a refused statement."""

import pytest
from django.db import InterfaceError, OperationalError, connection, transaction

from nocode.foundation.database import is_connection_lost

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


def test_other_errors_are_not():
    assert not is_connection_lost(ValueError("closed"))
