"""What a task's failure says when its database connection went away under it."""

import pytest
from django.db import connection, transaction

from nocode.foundation.queue import execution


def cut_off() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


def cut_off_outside_a_transaction() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


def wrong_statement() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT 1/0")


def locked_out() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 10; SELECT pg_sleep(5)")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("function", "disturbed"),
    [(cut_off, True), (cut_off_outside_a_transaction, True), (wrong_statement, False), (locked_out, False)],
)
def test_only_a_lost_connection_says_nothing_about_the_task(function, disturbed):
    package = {"func": function, "args": (), "kwargs": {}}

    outcome = execution.run(package, lambda: None)

    connection.close()
    assert (outcome.success, outcome.disturbed) == (False, disturbed)
