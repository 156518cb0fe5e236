"""Runs of pages: together they are the whole table, whatever happens to it meanwhile."""

import pytest
from django.db import connection
from psycopg2 import sql

from nocode.studio.schema.runs import runs
from tests.studio.structure import ask

pytestmark = pytest.mark.django_db

TARGET = sql.Identifier("public", "many")


def grow(first: int, last: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS public.many (number integer, filler text)")
        cursor.execute("INSERT INTO many SELECT n, repeat('x', 900) FROM generate_series(%s, %s) AS n", [first, last])


def numbers(where: sql.Composable) -> list[int]:
    statement = sql.SQL("SELECT number FROM {} AS x WHERE {} ORDER BY number").format(TARGET, where)
    return [number for (number,) in ask(statement.as_string(connection.connection))]


@pytest.mark.parametrize(("rows", "smallest", "most"), [(1, 1, 20), (100, 1, None), (100, 1, 3), (100, 5, 20)])
def test_each_row_is_in_one_run_also_those_that_came_later(rows, smallest, most):
    grow(1, rows)
    parts = list(runs(TARGET, "x", smallest=smallest, most=most))
    grow(rows + 1, rows + 50)

    assert sum((numbers(part.where) for part in parts), []) == list(range(1, rows + 51))
    assert sum(part.pages for part in parts) == -(-rows // 8)
    assert len(parts) <= (most or 20)
    assert all(part.pages >= smallest for part in parts[:-1])


def test_an_empty_table_is_one_run():
    grow(1, 0)
    [part] = runs(TARGET, "x", smallest=512)
    grow(1, 3)

    assert (part.pages, numbers(part.where)) == (0, [1, 2, 3])
