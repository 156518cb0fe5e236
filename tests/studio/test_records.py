"""Rows: checked, written in one statement, announced, and safe in anybody's transaction."""

import json
import threading
import time

import pytest
from django.db import connection, connections, transaction
from psycopg2 import sql

from nocode.foundation.models import OutboxEvent
from nocode.studio.errors import (
    QueryRefused,
    RecordChanged,
    RecordErrors,
    RecordNotFound,
    TableChanged,
    TableMissing,
)
from nocode.studio.models import DataTable
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.services.records import Records
from tests.factories import make_table

pytestmark = pytest.mark.django_db
needs_commits = pytest.mark.django_db(transaction=True)

DEALS = (
    NewField("Customer", "text", required=True),
    NewField("E-mail", "email", unique=True),
    NewField("Amount", "decimal"),
    NewField("Stage", "select", settings={"options": ["New", "Won"]}),
    NewField("Due", "date"),
    NewField("Extra", "json"),
    NewField("Sure", "boolean"),
)


@pytest.fixture
def table() -> DataTable:
    return make_table(label="Deals", fields=DEALS)


@pytest.fixture
def deals(table) -> Records:
    return Records(table)


def events() -> list[tuple]:
    return [
        (event.name, event.payload["record_id"], event.payload["changed"])
        for event in OutboxEvent.objects.filter(name__startswith="studio.record.").order_by("id")
    ]


def test_create_answers_json(deals):
    row = deals.create(
        {"customer": "Zoé", "amount": "12.50", "stage": "won", "due": "2026-02-03", "extra": [1, {"a": None}]}
    )

    assert row == deals.get(row["id"])
    assert {name: value for name, value in row.items() if not name.endswith("_at")} == {
        "id": 1,
        "customer": "Zoé",
        "e_mail": None,
        "amount": 12.5,
        "stage": "Won",
        "due": "2026-02-03",
        "extra": [1, {"a": None}],
        "sure": None,
    }
    assert row["created_at"] == row["updated_at"]
    assert row["created_at"].endswith("Z")


def test_every_bad_field_is_told_at_once(deals):
    with pytest.raises(RecordErrors) as refusal:
        deals.create({"amount": "abc", "sure": "maybe", "stage": "Lost", "nonsense": 1})

    assert refusal.value.errors == {
        "nonsense": (
            "“Deals” has no field “nonsense”; its fields are: customer, e_mail, amount, stage, due, extra, sure."
        ),
        "customer": "Customer: a value is required.",
        "amount": "Amount: “abc” is not a number; write for example 1234.56.",
        "stage": "Stage: “Lost” is not one of the options: New, Won.",
        "sure": "Sure: “maybe” is neither true nor false.",
    }
    assert refusal.value.message.count("\n") == 4
    assert deals.count() == 0


@pytest.mark.parametrize("name", ["id", "created_at", "updated_at", "ctid", 'x" = 1; --'])
def test_only_fields_can_be_written(deals, name):
    row = deals.create({"customer": "Ada"})

    with pytest.raises(RecordErrors, match="has no field"):
        deals.update(row["id"], {name: "1"})


def test_unique_value_names_the_field_and_leaves_the_transaction_usable(deals):
    deals.create({"customer": "Ada", "e_mail": "a@example.com"})

    with pytest.raises(RecordErrors) as refusal:
        deals.create({"customer": "Bob", "e_mail": "a@example.com"})

    assert refusal.value.errors == {"e_mail": "E-mail: another row already has this value; it must be unique."}
    assert deals.count() == 1
    assert len(events()) == 1


def test_create_many_is_all_or_nothing(deals):
    made = deals.create_many([{"customer": f"C{number}"} for number in range(30)])

    assert [row["id"] for row in made] == list(range(1, 31))
    with pytest.raises(RecordErrors, match="Row 2 – Customer: a value is required"):
        deals.create_many([{"customer": "x"}, {}])
    with pytest.raises(RecordErrors, match="must be unique"):
        deals.create_many([{"customer": "x", "e_mail": "a@example.com"}] * 2)
    assert deals.count() == 30
    assert deals.create_many([]) == []


def test_update_writes_what_is_given_and_tells_what_is_new(deals):
    row = deals.create({"customer": "Ada", "amount": 5, "stage": "New"})

    after = deals.update(row["id"], {"amount": "5.0", "stage": "Won"})

    assert (after["customer"], after["amount"], after["stage"]) == ("Ada", 5, "Won")
    assert after["updated_at"] > row["updated_at"]
    assert events() == [
        ("studio.record.created", 1, ["amount", "customer", "stage"]),
        ("studio.record.updated", 1, ["stage"]),
    ]


def test_update_that_changes_nothing_is_silent(deals):
    row = deals.create({"customer": "Ada", "amount": 5})

    assert deals.update(row["id"], {"amount": 5, "customer": "Ada"}) == row
    assert deals.update(row["id"], {}) == row
    assert len(events()) == 1


def test_update_can_empty_a_field_unless_required(deals):
    row = deals.create({"customer": "Ada", "amount": 5})

    assert deals.update(row["id"], {"amount": None})["amount"] is None
    with pytest.raises(RecordErrors, match="Customer: a value is required"):
        deals.update(row["id"], {"customer": " "})


def test_update_of_a_row_changed_meanwhile_is_refused(deals):
    row = deals.create({"customer": "Ada"})
    deals.update(row["id"], {"amount": 1}, seen_at=row["updated_at"])

    with pytest.raises(RecordChanged):
        deals.update(row["id"], {"amount": 2}, seen_at=row["updated_at"])
    with pytest.raises(RecordChanged):
        deals.update(row["id"], {"amount": 2}, seen_at="nonsense")
    assert deals.get(row["id"])["amount"] == 1


def test_delete_answers_the_row_and_tells(deals):
    row = deals.create({"customer": "Ada"})

    assert deals.delete(row["id"]) == row
    assert deals.count() == 0
    assert events()[-1] == ("studio.record.deleted", 1, [])


@pytest.mark.parametrize("record_id", [99, "99", "x", "1; DROP TABLE deals", None, True, "9" * 40, -1, 2**63, "²"])
def test_row_that_is_not_there(deals, record_id):
    for act in (deals.get, deals.delete, lambda each: deals.update(each, {"amount": 1})):
        with pytest.raises(RecordNotFound, match="“Deals” has no row"):
            act(record_id)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ([], [1, 2, 3]),
        ([{"field": "customer", "op": "eq", "value": "Ada"}], [1]),
        ([{"field": "customer", "value": "Ada"}], [1]),
        ([{"field": "customer", "op": "ne", "value": "Ada"}], [2, 3]),
        ([{"field": "amount", "op": "gt", "value": "10"}], [2]),
        ([{"field": "amount", "op": "lte", "value": 10}], [1]),
        ([{"field": "amount", "op": "ne", "value": 10}], [2, 3]),
        ([{"field": "amount", "op": "is_empty"}], [3]),
        ([{"field": "amount", "value": None}], [3]),
        ([{"field": "amount", "op": "is_not_empty"}], [1, 2]),
        ([{"field": "customer", "op": "contains", "value": "%"}], [2]),
        ([{"field": "customer", "op": "contains", "value": "A"}], [1, 3]),
        ([{"field": "customer", "op": "starts_with", "value": "b"}], [2]),
        ([{"field": "customer", "op": "ends_with", "value": "\\_"}], [3]),
        ([{"field": "id", "op": "in", "value": [1, "3"]}], [1, 3]),
        ([{"field": "id", "op": "in", "value": []}], []),
        ([{"field": "e_mail", "value": "not an address"}], []),
        ([{"field": "stage", "value": "no option"}], []),
        ([{"field": "due", "op": "gte", "value": "2026-01-02"}, {"field": "sure", "value": True}], [2]),
        ([{"field": "created_at", "op": "gt", "value": "2000-01-01"}], [1, 2, 3]),
        ([{"field": "customer", "value": "' OR 1=1 --"}], []),
    ],
)
def test_find_filters(deals, filters, expected):
    deals.create_many(
        [
            {"customer": "Ada", "amount": 10, "due": "2026-01-01", "sure": True},
            {"customer": "Bob %s 100%", "amount": 20, "due": "2026-01-02", "sure": True},
            {"customer": "Carla \\_", "due": "2026-01-03", "sure": False},
        ]
    )

    assert [row["id"] for row in deals.find(filters)] == expected
    assert deals.count(filters) == len(expected)


def test_find_orders_pages_and_searches(deals):
    deals.create_many(
        [{"customer": name, "amount": amount} for name, amount in [("b", 1), ("a", 2), ("a", None), ("c_d", 3)]]
    )

    assert [row["id"] for row in deals.find(order="-amount")] == [4, 2, 1, 3]
    assert [row["id"] for row in deals.find(order=["customer", "-id"])] == [3, 2, 1, 4]
    assert [row["id"] for row in deals.find(order="-id", limit=2, offset=1)] == [3, 2]
    assert [row["id"] for row in deals.find(search="C_")] == [4]
    assert deals.count(search="a") == 2
    assert deals.find(limit=0) == []


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"filters": [{"field": "nope", "value": 1}]}, "has no field “nope”"),
        ({"filters": [{"field": "amount", "op": "=", "value": 1}]}, "has no valid comparison"),
        ({"filters": [{"field": "amount", "op": "in", "value": "1"}]}, "“in” takes a list"),
        ({"filters": [{"field": "amount", "op": "gt", "value": "lots"}]}, "“lots” is not a number"),
        ({"filters": [{"field": "customer", "op": "contains", "value": "\x00"}]}, "NUL"),
        ({"order": "amount; DROP TABLE deals"}, "has no field"),
        ({"limit": 1001}, "Between 0 and 1000"),
        ({"offset": -1}, "Between 0 and 1000"),
    ],
)
def test_query_that_makes_no_sense_is_refused(deals, asked, words):
    with pytest.raises(QueryRefused, match=words):
        deals.find(**asked)


@pytest.mark.parametrize(
    "text",
    ["'; DROP TABLE foundation_user; --", "\\'); SELECT 1; --", "%s %(a)s %", "{} {0}", "$1 $$ $x$", "é\u2028\u202e😀"],
)
def test_injection_in_values_stays_text(deals, text):
    row = deals.create({"customer": text, "extra": {text: text}})

    assert deals.get(row["id"])["customer"] == text
    assert deals.get(row["id"])["extra"] == {text: text}
    assert deals.find([{"field": "customer", "value": text}])[0]["id"] == row["id"]
    assert deals.find([{"field": "customer", "op": "contains", "value": text}])[0]["id"] == row["id"]
    assert deals.find(search=text)[0]["id"] == row["id"]


def test_naughty_values_come_back_as_they_were(shared_data, deals):
    texts = json.loads((shared_data / "strings" / "blns" / "blns.json").read_text())
    rows = [{"customer": "x", "extra": {"text": text}} for text in texts if "\x00" not in text]

    made = deals.create_many(rows)

    assert [row["extra"] for row in made] == [row["extra"] for row in rows]


def test_event_carries_what_listeners_need(table, deals):
    deals.create({"customer": "Ada"})

    event = OutboxEvent.objects.get(name__startswith="studio.record.")
    assert event.payload == {
        "project_id": str(table.project_id),
        "table_id": str(table.pk),
        "table": "deals",
        "record_id": 1,
        "changed": ["customer"],
    }
    assert event.key == f"record:{table.pk}:1"
    assert event.organization_id == table.project.organization_id


def test_rollback_forgets_row_and_event(deals):
    with transaction.atomic():
        deals.create({"customer": "Ada"})
        transaction.set_rollback(True)

    assert deals.count() == 0
    assert events() == []


@pytest.mark.parametrize("rows", [1, 30])
def test_cost_does_not_grow_with_the_rows(deals, rows, django_assert_num_queries):
    deals.create({"customer": "warm"})

    with django_assert_num_queries(4):  # savepoint, rows, events, release
        deals.create_many([{"customer": str(number)} for number in range(rows)])
    with django_assert_num_queries(3):  # savepoint, rows, release
        assert len(deals.find(limit=rows)) == rows


@needs_commits
def test_warm_operations_cost_one_statement(django_assert_num_queries):
    table = make_table(label="Deals", fields=DEALS)
    row = Records(table).create({"customer": "Ada"})
    other = Records(DataTable.objects.get(pk=table.pk))

    with django_assert_num_queries(1):
        other.get(row["id"])
    with transaction.atomic(), django_assert_num_queries(5):  # the row, its history and its event, in a savepoint
        other.update(row["id"], {"amount": 3})
    table.project.delete()


# --- The structure changes meanwhile ----------------------------------------------------------------------------------


def test_fields_changed_by_somebody_else_are_seen(table, deals):
    deals.create({"customer": "Ada"})
    elsewhere = DataTable.objects.get(pk=table.pk)
    manager = SchemaManager(table.project)

    manager.add_field(elsewhere, "Score", "integer")
    assert deals.create({"customer": "Bob", "score": "7"})["score"] == 7

    manager.change_field(elsewhere.fields.get(label="Stage"), settings={"options": ["Lost"]})
    with pytest.raises(RecordErrors, match="options: Lost"):
        Records(DataTable.objects.get(pk=table.pk)).create({"customer": "x", "stage": "New"})

    manager.drop_field(elsewhere.fields.get(label="Score"))
    with pytest.raises(TableChanged, match="“Deals” were changed meanwhile"):
        deals.find()
    with pytest.raises(RecordErrors, match="has no field “score”"):
        Records(DataTable.objects.get(pk=table.pk)).create({"customer": "x", "score": 1})


def test_table_dropped_behind_our_back_is_told(table, deals):
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("DROP TABLE {}").format(deals.layout.target))

    for act in (deals.find, deals.count, lambda: deals.create({"customer": "x"}), lambda: deals.delete(1)):
        with pytest.raises(TableMissing, match="“Deals” does not exist"):
            act()
    assert DataTable.objects.filter(pk=table.pk).exists()


def test_table_deleted_in_the_studio_is_told(table):
    stale = DataTable.objects.get(pk=table.pk)
    SchemaManager(table.project).drop_table(table)

    with pytest.raises(TableMissing):
        Records(stale).find()


@needs_commits
def test_concurrent_updates_tell_each_change_once():
    table = make_table(label="Deals", fields=DEALS)
    row = Records(table).create({"customer": "Ada", "amount": 0})
    start = threading.Barrier(4)

    def write(number: int) -> None:
        records = Records(DataTable.objects.get(pk=table.pk))
        start.wait(10)
        for step in range(1, 6):
            records.update(row["id"], {"amount": number * 10 + step, "customer": "Ada"})
        connections.close_all()

    threads = [threading.Thread(target=write, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert events()[1:] == [("studio.record.updated", row["id"], ["amount"])] * 20
    table.project.delete()


@needs_commits
def test_update_that_waited_compares_with_what_was_committed():
    table = make_table(label="Deals", fields=DEALS)
    row = Records(table).create({"customer": "Ada", "amount": 1})

    def write_the_same() -> None:
        Records(DataTable.objects.get(pk=table.pk)).update(row["id"], {"amount": 2})
        connections.close_all()

    thread = threading.Thread(target=write_the_same)
    with transaction.atomic():
        Records(table).update(row["id"], {"amount": 2})
        thread.start()
        with connection.cursor() as cursor:
            until(lambda: _waits(cursor))
    thread.join(10)

    assert len(events()) == 2
    table.project.delete()


def _waits(cursor) -> bool:
    cursor.execute("SELECT FROM pg_locks WHERE NOT granted AND transactionid = pg_current_xact_id()::xid")
    return cursor.rowcount > 0


def until(condition) -> None:
    """Wait for a condition, at most ten seconds."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
