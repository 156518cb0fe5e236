"""Pages by keyset against a plain sort: every row once, in order, forwards and backwards, whatever the keys hold."""

from functools import cmp_to_key

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nocode.studio.models import DataTable
from nocode.studio.schema.manager import NewField
from nocode.studio.services.records import Records
from tests.factories import make_table

pytestmark = pytest.mark.django_db

FIELDS = (
    NewField("Name", "text"),
    NewField("Count", "integer", required=True),
    NewField("Amount", "decimal"),
    NewField("Due", "date"),
    NewField("Sure", "boolean"),
)
# Few values, so that many are equal; ASCII letters of one case sort the same in every collation.
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from([None, "a", "b", "cc"]),
            "count": st.integers(0, 2),
            "amount": st.sampled_from([None, -1, 0, 2.5]),
            "due": st.sampled_from([None, "2026-01-01", "2026-12-31"]),
            "sure": st.sampled_from([None, True, False]),
            "owner": st.sampled_from([None, 1, 2, 3]),
        }
    ),
    min_size=1,
    max_size=25,
)
OWNERS = {1: "b", 2: "a", 3: "a"}  # what people read: two have the same name
NAMES = ("name", "count", "amount", "due", "sure", "owner")
ORDERS = st.tuples(
    st.lists(st.sampled_from(NAMES), unique=True, max_size=4),
    st.lists(st.booleans(), min_size=5, max_size=5),
    st.sampled_from([(), ("id",), ("-id",)]),
).map(
    lambda drawn: [*(f"-{name}" if down else name for name, down in zip(drawn[0], drawn[1], strict=False)), *drawn[2]]
)


@pytest.fixture
def table() -> DataTable:
    """One table for all examples: each adds its rows and takes them back."""
    owners = make_table(label="Owners", fields=[NewField("Name", "text")])
    Records(owners).create_many([{"name": name} for name in OWNERS.values()])
    relation = NewField("Owner", "relation", settings={"table": str(owners.pk)})
    return make_table(owners.project, "Things", (*FIELDS, relation))


def in_order(rows: list[dict], order: list[str]) -> list[int]:
    """The ids of rows as Python sorts them: empty values last in both directions, then by id as by the key before."""
    keys = [(key.removeprefix("-"), key.startswith("-")) for key in order]
    if "id" not in dict(keys):
        keys.append(("id", bool(keys) and keys[-1][1]))

    def compare(one: dict, other: dict) -> int:
        for name, down in keys:
            mine, its = (OWNERS.get(row[name]) if name == "owner" else row[name] for row in (one, other))
            if mine == its:
                continue
            if mine is None or its is None:
                return 1 if mine is None else -1
            return (1 if mine > its else -1) * (-1 if down else 1)
        return 0

    return [row["id"] for row in sorted(rows, key=cmp_to_key(compare))]


def forwards(records: Records, order: list[str], size: int) -> list[list[int]]:
    """All pages, from the first one on."""
    page = records.page(order=order, size=size)
    pages = [page.rows]
    while page.next:
        page = records.page(order=order, size=size, after=page.next)
        pages.append(page.rows)
    return [[row["id"] for row in rows] for rows in pages]


def backwards(records: Records, order: list[str], size: int, last: int) -> list[int]:
    """The rows before the last one, a page at a time, in the order they are in."""
    found, before = [], last
    while before:
        page = records.page(order=order, size=size, before=before)
        found = [row["id"] for row in page.rows] + found
        before = page.previous
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, order=ORDERS, size=st.integers(1, 8))
def test_pages_visit_every_row_once_in_the_order_of_a_plain_sort(table, rows, order, size):
    records = Records(table)
    with transaction.atomic():
        wanted = in_order(records.create_many(rows), order)

        pages = forwards(records, order, size)

        assert [row_id for page in pages for row_id in page] == wanted
        assert all(len(page) == size for page in pages[:-1])
        assert backwards(records, order, size, wanted[-1]) == wanted[:-1]
        assert [row["id"] for row in records.find(order=order, limit=100)] == wanted
        transaction.set_rollback(True)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, order=ORDERS, place=st.integers(0, 24), other=st.sampled_from(["a", "b", None]))
def test_what_comes_after_a_row_is_what_meets_the_filters_too(table, rows, order, place, other):
    records = Records(table)
    with transaction.atomic():
        made = records.create_many(rows)
        wanted = in_order(made, order)
        start = wanted[place % len(wanted)]
        matching = {row["id"] for row in made if row["name"] == other}
        where = [{"field": "name", "op": "eq", "value": other}]

        after = records.page(where, order=order, size=50, after=start)
        before = records.page(where, order=order, size=50, before=start)

        behind = wanted.index(start)
        assert [row["id"] for row in after.rows] == [each for each in wanted[behind + 1 :] if each in matching]
        assert [row["id"] for row in before.rows] == [each for each in wanted[:behind] if each in matching]
        transaction.set_rollback(True)


def test_a_row_that_has_gone_leads_to_the_first_page(table):
    records = Records(table)
    made = records.create_many([{"count": number} for number in range(5)])
    records.delete(made[2]["id"])

    page = records.page(order="count", size=2, after=made[2]["id"])

    assert ([row["count"] for row in page.rows], page.previous) == ([0, 1], None)


def test_rows_added_while_somebody_turns_pages_change_nothing_behind_them(table):
    records = Records(table)
    records.create_many([{"count": 2, "name": "b"} for _number in range(4)])
    first = records.page(order=["-count", "name"], size=2)

    records.create({"count": 9})
    second = records.page(order=["-count", "name"], size=2, after=first.next)

    assert [row["id"] for row in first.rows + second.rows] == [1, 2, 3, 4]
