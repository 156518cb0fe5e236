"""Queries of people: they read the tables of their own project, and nothing else, whatever is tried."""

import pytest
from django.db import connection, transaction

from nocode.foundation.models import User
from nocode.studio.errors import QueryRefused
from nocode.studio.schema.manager import NewField
from nocode.studio.services import selecting
from nocode.studio.services.records import Records
from tests.factories import make_project, make_table, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def orders():
    fields = (NewField("Name", "text"), NewField("Total", "decimal"), NewField("Placed", "datetime"))
    table = make_table(label="Orders", fields=fields)
    for name, total in [("Ana", "10.50"), ("Bo", "2"), ("Ana", None)]:
        Records(table).create({"name": name, "total": total, "placed": "2026-01-01T10:00:00Z"})
    return table


def test_a_query_joins_groups_and_orders(orders):
    query = """
        WITH sums AS (
            SELECT name, sum(total) AS sum, count(*) FILTER (WHERE total IS NULL) AS unknown FROM orders GROUP BY 1)
        SELECT sums.*, rank() OVER (ORDER BY sum DESC), date_trunc('month', max(placed)) < now() AS is_past
        FROM sums JOIN orders USING (name) GROUP BY 1, 2, 3 ORDER BY sum DESC; """

    assert selecting.select(orders.project, query) == [
        {"name": "Ana", "sum": 10.5, "unknown": 1, "rank": 1, "is_past": True},
        {"name": "Bo", "sum": 2, "unknown": 0, "rank": 2, "is_past": True},
    ]


def test_values_are_arguments_and_never_parts_of_the_query(orders):
    nasty = "'; DROP TABLE orders; -- $1 %s {} \\"

    found = selecting.select(
        orders.project,
        "SELECT $1 AS text, $2 + 1 AS number, $3 -> 0 AS json, $4 AS none FROM orders"
        " WHERE name = $5 AND name NOT LIKE '%s%'",
        [("text", nasty), ("integer", 4), ("json", [{"a": 1}]), ("date", ""), ("text", "Bo")],
    )

    assert found == [{"text": nasty, "number": 5, "json": {"a": 1}, "none": None}]


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("SELECT * FROM public.foundation_user", "is not a table of this project"),
        ("SELECT * FROM foundation_user", "does not exist"),
        ("SELECT (SELECT max(email) FROM public.foundation_user) FROM orders", "not a table of this project"),
        ("SELECT 1 FROM orders WHERE EXISTS (SELECT FROM pg_catalog.pg_authid)", "not a table of this project"),
        ("SELECT usename FROM pg_stat_activity", "not a table of this project"),
        ("SELECT * FROM information_schema.tables", "not a table of this project"),
        ("TABLE public.foundation_user", "not a table of this project"),
        ("SELECT query_to_xml('select * from foundation_user', true, true, '')", "“query_to_xml” cannot be used"),
        ("SELECT table_to_xml('public.foundation_user', true, true, '')", "“table_to_xml” cannot be used"),
        ("SELECT set_config('transaction_read_only', 'off', false)", "“set_config” cannot be used"),
        ("SELECT pg_read_file('/etc/passwd')", "“pg_read_file” cannot be used"),
        ("SELECT pg_ls_dir('/')", "“pg_ls_dir” cannot be used"),
        ("SELECT lo_import('/etc/passwd')", "“lo_import” cannot be used"),
        ("SELECT current_setting('data_directory')", "“current_setting” cannot be used"),
        ("SELECT pg_sleep(20)", "“pg_sleep” cannot be used"),
        ("SELECT nextval('orders_id_seq')", "cannot be used"),
        ("SELECT pg_terminate_backend(1)", "“pg_terminate_backend” cannot be used"),
        ("SELECT public.update_updated_at_column()", "“update_updated_at_column” cannot be used"),
        ("SELECT ts_rewrite('a'::tsquery, 'SELECT 1, 2')", "“ts_rewrite” cannot be used"),
        ("SELECT pg_stat_get_activity(NULL)", "“pg_stat_get_activity” cannot be used"),
        ("SELECT (NULL::public.foundation_user).*", "The type “foundation_user” cannot be used"),
        ("SELECT '{}'::public.foundation_user[]", "The type “_foundation_user” cannot be used"),
        ("SELECT each::oid::regclass::text FROM generate_series(1, 9) AS each", "The type “regclass” cannot be used"),
        ("SELECT 'foundation_user'::regtype", "does not exist"),
        ("SELECT '16'::text::regtype::text", "cannot be used"),
        ("SELECT '{16}'::text::regrole[]", "The type “_regrole” cannot be used"),
        ("WITH gone AS (DELETE FROM orders RETURNING *) SELECT * FROM gone", "refused the query"),
        ("UPDATE orders SET name = 'x'", "refused the query"),
        ("SELECT 1 INTO made", "refused the query"),
        ("SELECT * FROM orders FOR UPDATE", "refused the query"),
        ("SELECT 1) AS q, (SELECT max(email) FROM public.foundation_user", "refused the query"),
        ("SELECT 1) q LIMIT 1) r UNION ALL SELECT t FROM (SELECT name t FROM (SELECT name FROM orders", "syntax error"),
        ("SELECT 1; DROP TABLE orders", "without semicolons"),
        ("SELECT 1 /* never closed", "refused the query"),
        ("SELECT $1", "refused the query"),
        ("SELECT 1 / 0", "division by zero"),
        ("SELECT repeat('x', 9000000)", "MB"),
        ("", "refused the query"),
        ("SELECT \x00", ""),
    ],
)  # fmt: skip
def test_whatever_is_tried_beyond_reading_the_project_is_refused(orders, query, told):
    make_user("secret@example.com")

    with pytest.raises(QueryRefused) as refusal:
        selecting.select(orders.project, query)

    assert told in refusal.value.message
    assert "secret@example.com" not in refusal.value.message
    assert Records(orders).count() == 3


def test_another_project_is_out_of_reach(orders):
    other = make_table(make_project(), "Orders")
    Records(other).create({"name": "theirs"})

    with pytest.raises(QueryRefused):
        selecting.select(orders.project, f'SELECT * FROM "{other.project.schema_name}".orders')

    assert {row["name"] for row in selecting.select(orders.project, "SELECT name FROM orders")} == {"Ana", "Bo"}


def test_a_view_that_somebody_put_into_the_schema_is_no_way_out(orders):
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE VIEW "{orders.project.schema_name}".people AS SELECT * FROM public.foundation_user')

    with pytest.raises(QueryRefused, match="not a table"):
        selecting.select(orders.project, "SELECT * FROM people")


def test_a_query_ends_after_its_rows_and_after_its_time(orders):
    endless = "WITH RECURSIVE up AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM up) SELECT "

    assert len(selecting.select(orders.project, f"{endless} n FROM up", rows=3)) == 3
    with pytest.raises(QueryRefused, match="too long"):
        selecting.select(orders.project, f"{endless} count(*) FROM up", seconds=0.2)


def test_what_surrounds_a_query_goes_on_as_before(orders):
    with transaction.atomic():
        selecting.select(orders.project, "SELECT 1 AS one")
        with pytest.raises(QueryRefused):
            selecting.select(orders.project, "SELECT nothing")

        assert User.objects.create_user("after@example.com", "a long enough password 7").pk
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('search_path'), to_regproc('pg_temp.nocode_query')")
            assert cursor.fetchone() == ('"$user", public', None)
