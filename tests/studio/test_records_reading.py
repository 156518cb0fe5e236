"""Reading rows: groups of conditions, pages in an order of several keys, groups of rows, sizes."""

import json
from itertools import product

import pytest
from django.db import connection
from psycopg2 import sql

from nocode.studio import queries
from nocode.studio.errors import QueryRefused
from nocode.studio.schema.manager import NewField
from nocode.studio.services.records import Group, Records
from nocode.studio.services.sizes import ABOUT, AT_LEAST, EXACT, Size
from tests.factories import make_table

pytestmark = pytest.mark.django_db

MANY = 100_000
DEALS = (
    NewField("Name", "text", required=True),
    NewField("Stage", "select", settings={"options": ["New", "Won", "Lost"]}),
    NewField("Amount", "decimal"),
    NewField("Due", "date"),
)


@pytest.fixture
def deals() -> Records:
    return Records(make_table(label="Deals", fields=DEALS))


@pytest.fixture
def some(deals) -> Records:
    """24 rows: all pairs of a stage and an amount, empty ones and equal ones included."""
    pairs = list(product(["New", "Won", None], [1, 2, 2, None])) * 2
    deals.create_many(
        [{"name": f"n{n % 3}", "stage": stage, "amount": amount} for n, (stage, amount) in enumerate(pairs)]
    )
    return deals


def ids(rows: list[dict]) -> list[int]:
    return [row["id"] for row in rows]


def eq(field: str, value) -> dict:
    return {"field": field, "value": value}


# --- Groups of conditions ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        ([{"any": [eq("stage", "New"), eq("amount", 1)]}], lambda row: row["stage"] == "New" or row["amount"] == 1),
        ([{"all": [eq("stage", "New"), eq("amount", 1)]}], lambda row: row["stage"] == "New" and row["amount"] == 1),
        (
            [eq("name", "n0"), {"any": [eq("stage", None), {"all": [eq("stage", "Won"), eq("amount", 2)]}]}],
            lambda row: (
                row["name"] == "n0" and (row["stage"] is None or (row["stage"] == "Won" and row["amount"] == 2))
            ),
        ),
        ([{"any": []}], lambda row: True),
    ],
)
def test_conditions_hold_together_or_one_of_them(some, filters, wanted):
    everything = some.find(order="id", limit=100)

    found = some.find(filters, order="id", limit=100)

    assert found == [row for row in everything if wanted(row)]
    assert some.count(filters) == len(found)


def nested(depth: int) -> dict:
    one = eq("name", "n0")
    for _level in range(depth):
        one = {"any": [one]}
    return one


def test_groups_are_nested_three_deep(some):
    assert len(some.find([nested(3)])) == 8
    with pytest.raises(QueryRefused, match="at most 3 deep"):
        some.find([nested(4)])


def test_at_most_fifty_conditions(some):
    assert some.count([eq("name", "n0")] * 50) == 8
    for filters in ([eq("name", "n0")] * 51, [{"any": [eq("name", "n0")] * 50}]):
        with pytest.raises(QueryRefused, match="At most 50"):
            some.find(filters)


@pytest.mark.parametrize("one", ["name", None, 3, ["name"], {"any": ["name"]}, {"all": [[]]}, {}, {"field": ["name"]}])
def test_conditions_of_another_shape_are_refused(some, one):
    with pytest.raises(QueryRefused):
        some.find([one])


# --- Pages ------------------------------------------------------------------------------------------------------------

ORDERS = [
    ["stage", "amount"],
    ["-stage", "amount"],
    ["stage", "-amount"],
    ["-stage", "-amount", "name"],
    ["name", "-stage"],
    ["-amount", "id"],
    ["amount", "-id"],
    ["due", "-name"],
]


@pytest.mark.parametrize("order", ORDERS, ids=" ".join)
@pytest.mark.parametrize("size", [1, 5])
def test_pages_of_several_keys_hold_every_row_once_in_both_directions(some, order, size):
    expected = ids(some.find(order=order, limit=100))

    forwards, place = [], None
    while True:
        page = some.page(order=order, size=size, after=place)
        forwards.append(ids(page.rows))
        if not (place := page.next):
            break
    backwards, place = [forwards[-1]], forwards[-1][0]
    while place:
        page = some.page(order=order, size=size, before=place)
        backwards.insert(0, ids(page.rows))
        place = page.previous

    assert sum(forwards, []) == expected
    assert sum(backwards, []) == expected


def test_empty_values_come_last_whatever_the_direction(some):
    for order in (["amount", "id"], ["-amount", "id"]):
        amounts = [row["amount"] for row in some.page(order=order, size=30).rows]
        assert amounts[-6:] == [None] * 6
        assert None not in amounts[:-6]


def test_more_than_five_keys_are_refused(some):
    with pytest.raises(QueryRefused, match="at most 5"):
        some.page(order=["name", "-name", "stage", "-stage", "amount", "due"], size=5)


@pytest.mark.parametrize("size", [1, 20])
def test_a_page_costs_a_few_statements_however_long(some, size, django_assert_max_num_queries):
    place = some.page(order=["stage", "-amount"], size=3).next

    with django_assert_max_num_queries(15):  # the row to go on from, four parts; each in a savepoint of the test's
        some.page(order=["stage", "-amount"], size=size, after=place)


@pytest.fixture
def full(deals) -> Records:
    """A big table with the indexes that people ask for; a third of the stages and due dates are empty."""
    with connection.cursor() as cursor:
        target = deals.layout.target
        cursor.execute(
            sql.SQL(
                "INSERT INTO {} (created_at, name, stage, amount, due)"
                " SELECT now() + i * interval '1 second', 'n' || i % 5000,"
                " (ARRAY['New', 'Won', NULL])[i % 3 + 1], nullif(i * 7919 % 90000 % 30000, 0) + 0.5,"
                " CASE WHEN i % 3 > 0 THEN date '2026-01-01' + i % 4000 END FROM generate_series(1, {}) AS i"
            ).format(target, sql.Literal(MANY))
        )
        for column in ("name", "amount", "due", "stage", "stage, amount", "created_at"):
            cursor.execute(sql.SQL("CREATE INDEX ON {} ({}, id)").format(target, sql.SQL(column)))
        cursor.execute(sql.SQL("ANALYZE {}").format(target))
    return deals


def cost(records: Records, order: list[str], place: int, *, backwards: bool) -> int:
    """How many rows and pages of the index PostgreSQL looks at for a page."""
    layout = records.layout
    keys = queries.keys_of(layout, order)
    looked_at, missing = 0, 51
    with connection.cursor() as cursor:
        cursor.execute(queries.start(layout, keys, place))
        start = cursor.fetchone()
    for phase in queries.phases(keys, start, backwards=backwards):
        statement = queries.select(layout, sql.SQL("TRUE"), limit=missing, phase=phase)
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL("EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {}").format(statement))
            answer = cursor.fetchone()[0]
        plan = (json.loads(answer) if isinstance(answer, str) else answer)[0]["Plan"]
        looked_at += plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
        missing -= plan["Actual Rows"]
        if missing <= 0:
            break
    return looked_at


DEEP = [[name] for name in ("name", "-name", "amount", "-amount", "due", "stage", "-stage", "created_at")]
DEEP.append(["stage", "amount"])


@pytest.mark.parametrize("backwards", [False, True], ids=["next", "previous"])
@pytest.mark.parametrize("order", DEEP, ids=" ".join)
def test_a_page_deep_in_a_big_table_reads_little(full, order, backwards):
    deep = full.find(order=order, offset=MANY // 2, limit=1)[0]["id"]

    assert cost(full, order, deep, backwards=backwards) < 400


# --- Groups of rows, sizes --------------------------------------------------------------------------------------------


def test_groups_are_counted_and_added_up(some):
    assert some.groups("stage", sums=["amount", "id"]) == [
        Group("New", 8, {"amount": 10, "id": sum([1, 2, 3, 4, 13, 14, 15, 16])}),
        Group("Won", 8, {"amount": 10, "id": sum([5, 6, 7, 8, 17, 18, 19, 20])}),
        Group(None, 8, {"amount": 10, "id": sum([9, 10, 11, 12, 21, 22, 23, 24])}),
    ]
    assert some.groups("amount", [eq("stage", "Won")], search="n0") == [Group(2, 2, {})]
    assert [group.value for group in some.groups("amount", limit=2)] == [1, 2]
    assert some.groups("due") == [Group(None, 24, {})]


@pytest.mark.parametrize(("by", "sums"), [("nope", []), ("name", ["nope"]), ("name; --", [])])
def test_groups_of_what_is_not_there_are_refused(some, by, sums):
    with pytest.raises(QueryRefused, match="has no field"):
        some.groups(by, sums=sums)


def test_a_small_table_is_counted(some, django_assert_max_num_queries):
    with django_assert_max_num_queries(6):
        assert some.size() == Size(24, EXACT)
    assert some.size([eq("stage", "Won")]) == Size(8, EXACT)
    assert some.size(search="n0") == Size(8, EXACT)


def test_a_big_table_is_estimated_and_counting_stops(full):
    size = full.size()
    assert (size.kind, abs(size.number - MANY) < MANY / 10) == (ABOUT, True)
    assert str(size).startswith("about ")

    assert full.size([eq("stage", "Won")]) == Size(10_000, AT_LEAST)
    assert full.size([eq("name", "n17")]) == Size(20, EXACT)
