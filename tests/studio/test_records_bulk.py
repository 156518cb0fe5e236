"""Many rows at once: defaults, what nobody may write, edits made meanwhile, plans of pages, and what is forgotten."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from psycopg2 import sql

from nocode.foundation.models import OutboxEvent
from nocode.foundation.retention import Sweep
from nocode.studio import queries
from nocode.studio.errors import QueryRefused, RecordErrors
from nocode.studio.models import DataTable, RecordChange
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.services.records import MOST_ROWS, Records
from nocode.studio.tasks import old_record_changes
from tests.factories import make_table, make_user

pytestmark = pytest.mark.django_db

DEALS = (
    NewField("Name", "text"),
    NewField("Amount", "integer", default=10),
    NewField("Stage", "select", settings={"options": ["New", "Won"]}, default="New", required=True),
    NewField("Writer", "updated_by"),
)


@pytest.fixture
def deals() -> Records:
    table = make_table(label="Deals", fields=DEALS)
    SchemaManager(table.project).add_field(table, "Double", "formula", settings={"formula": "{Amount} * 2"})
    return Records(DataTable.objects.select_related("project").get(pk=table.pk))


def column(records: Records, name: str) -> list:
    return [row[name] for row in records.find(order="id")]


# --- What rows get and may be given -----------------------------------------------------------------------------------


def test_what_a_row_does_not_say_gets_its_default_and_what_it_says_is_empty_stays_empty(deals):
    deals.create_many([{"name": "A"}, {"name": "B", "amount": None, "stage": "Won"}, {"amount": 0}])

    assert column(deals, "amount") == [10, None, 0]
    assert column(deals, "stage") == ["New", "Won", "New"]


def test_a_default_is_not_given_again_by_a_change(deals):
    row = deals.create({"amount": 3, "stage": "Won"})

    assert deals.update(row["id"], {"name": "A"})["amount"] == 3
    assert deals.update(row["id"], {"amount": None})["amount"] is None


@pytest.mark.parametrize("name", ["writer", "double"])
def test_computed_fields_are_refused_in_every_way_of_writing(deals, name):
    ids = [row["id"] for row in deals.create_many([{}, {}])]

    for write in (
        lambda: deals.create({name: "1"}),
        lambda: deals.create_many([{}, {name: "1"}]),
        lambda: deals.update(ids[0], {name: "1"}),
        lambda: deals.update_many({name: "1"}, ids=ids),
    ):
        with pytest.raises(RecordErrors, match="it is computed; nobody writes it"):
            write()
    assert deals.count() == 2
    assert not RecordChange.objects.exists()


def test_computed_values_follow_a_change_of_many_rows_and_its_undo(deals):
    ids = [row["id"] for row in deals.create_many([{"amount": 1}, {"amount": 2}])]

    act = deals.update_many({"amount": 5}, ids=ids)
    assert column(deals, "double") == [10, 10]
    deals.restore(act.batch)

    assert column(deals, "double") == [2, 4]


def test_too_many_new_rows_are_refused(deals):
    with pytest.raises(QueryRefused, match="At most 1000 rows"):
        deals.create_many([{}] * (MOST_ROWS + 1))
    assert deals.create_many([]) == []
    assert deals.count() == 0


@pytest.mark.parametrize("amount", [1, 30])
def test_many_new_rows_cost_as_much_as_one(deals, amount, django_assert_max_num_queries):
    deals.create({})

    with django_assert_max_num_queries(5):
        made = deals.create_many([{"name": str(number)} for number in range(amount)])

    assert len(made) == amount
    assert OutboxEvent.objects.filter(name="studio.record.created").count() == amount + 1


# --- Who did it -------------------------------------------------------------------------------------------------------


def test_undo_of_a_change_by_somebody_else_is_that_persons_change(deals):
    organization = deals.table.project.organization
    ada, bob = make_user(organization=organization), make_user(organization=organization)
    row = deals.create({"amount": 1})

    act = Records(deals.table, actor=ada).update_many({"amount": 2}, ids=[row["id"]])
    assert deals.get(row["id"])["writer"] == ada.pk
    Records(deals.table, actor=bob).restore(act.batch)

    assert [(change.actor, change.verb) for change in deals.history(row["id"])] == [(bob, "restored"), (ada, "updated")]


def test_events_name_the_act_and_what_caused_it(deals):
    records = Records(deals.table, source="Nightly", cause="7f1c")
    row = records.create({"amount": 1})
    act = records.update_many({"amount": 2}, ids=[row["id"]])

    created, updated = OutboxEvent.objects.filter(name__startswith="studio.record.").order_by("id")
    assert (created.payload["cause"], created.payload.get("batch")) == ("7f1c", None)
    assert (updated.payload["cause"], updated.payload["batch"]) == ("7f1c", str(act.batch))


# --- Edited meanwhile -------------------------------------------------------------------------------------------------


def test_undo_keeps_what_was_edited_in_another_field(deals):
    ids = [row["id"] for row in deals.create_many([{"name": "A", "amount": 1}, {"name": "B", "amount": 2}])]
    act = deals.update_many({"amount": 9}, ids=ids)
    deals.update(ids[0], {"name": "edited"})

    assert deals.restore(act.batch).count == 2

    assert (column(deals, "name"), column(deals, "amount")) == (["edited", "B"], [1, 2])


def test_undo_of_two_fields_leaves_a_row_alone_of_which_one_was_edited(deals):
    ids = [row["id"] for row in deals.create_many([{"amount": 1}, {"amount": 2}])]
    act = deals.update_many({"amount": 9, "stage": "Won"}, ids=ids)
    deals.update(ids[0], {"amount": 100})

    assert deals.restore(act.batch).count == 1

    assert (column(deals, "amount"), column(deals, "stage")) == ([100, 2], ["Won", "New"])


def test_undo_of_a_deletion_leaves_out_a_field_that_has_gone_since(deals):
    row = deals.create({"name": "A", "amount": 1})
    act = deals.delete_many(ids=[row["id"]])
    table = DataTable.objects.select_related("project").get(pk=deals.table.pk)
    SchemaManager(table.project).drop_field(table.fields.get(physical_name="name"))

    again = Records(DataTable.objects.get(pk=table.pk))

    assert again.restore(act.batch).count == 1
    assert again.get(row["id"])["amount"] == 1


def test_undo_leaves_rows_alone_whose_values_are_none_of_the_type_the_field_has_now(deals):
    ids = [row["id"] for row in deals.create_many([{"name": "5"}, {"name": "6"}])]
    act = deals.update_many({"name": "many"}, ids=ids)
    table = DataTable.objects.select_related("project").get(pk=deals.table.pk)
    SchemaManager(table.project).retype_field(table.fields.get(physical_name="name"), "integer", {}, lossy=True)

    again = Records(DataTable.objects.select_related("project").get(pk=table.pk))

    assert again.restore(act.batch).count == 0
    assert column(again, "name") == [None, None]


def test_undo_of_links_leaves_rows_alone_that_were_linked_anew_or_have_gone(deals):
    first, second, third = (row["id"] for row in deals.create_many([{}, {}, {}]))
    settings = {"table": str(deals.table.pk)}
    SchemaManager(deals.table.project).add_field(deals.table, "See", "relations", settings=settings)
    deals = Records(DataTable.objects.select_related("project").get(pk=deals.table.pk))
    deals.update_many({"see": [first]}, ids=[first, second, third])
    act = deals.update_many({"see": [second]}, ids=[first, second, third])
    deals.update(second, {"see": [first, second]})
    deals.delete(third)

    assert deals.restore(act.batch).count == 1

    assert column(deals, "see") == [[first], [first, second]]


def test_undo_of_a_value_and_links_turns_both_back_or_neither(deals):
    first, second = (row["id"] for row in deals.create_many([{"amount": 1}, {"amount": 2}]))
    settings = {"table": str(deals.table.pk)}
    SchemaManager(deals.table.project).add_field(deals.table, "See", "relations", settings=settings)
    deals = Records(DataTable.objects.select_related("project").get(pk=deals.table.pk))
    act = deals.update_many({"amount": 9, "see": [first]}, ids=[first, second])
    deals.update(second, {"see": None})

    assert deals.restore(act.batch).count == 1

    assert (column(deals, "amount"), column(deals, "see")) == ([1, 9], [None, None])


# --- Plans ------------------------------------------------------------------------------------------------------------

ROWS = 20_000


@pytest.fixture
def full(deals) -> Records:
    """Rows of which a third has no amount, and an index on it."""
    target = deals.layout.target
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL(
                "INSERT INTO {} (name, amount, stage) SELECT 'n' || i, CASE WHEN i % 3 > 0 THEN i * 7919 % 9973 END,"
                " 'New' FROM generate_series(1, {}) AS i"
            ).format(target, sql.Literal(ROWS))
        )
        cursor.execute(sql.SQL("CREATE INDEX ON {} (amount)").format(target))
        cursor.execute(sql.SQL("ANALYZE {}").format(target))
    return deals


def nodes(plan: dict) -> list[dict]:
    return [plan, *(node for child in plan.get("Plans", []) for node in nodes(child))]


def plan_of(records: Records, order: str, start: dict | None, *, backwards: bool) -> list[dict]:
    """The nodes of the plan of the first phase of a page."""
    layout = records.layout
    keys = queries.keys_of(layout, order)
    place = start and records._start(keys, start["id"])
    phase = queries.phases(keys, place, backwards=backwards)[0]
    statement = queries.select(layout, sql.SQL("TRUE"), limit=51, phase=phase)
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {}").format(statement))
        answer = cursor.fetchone()[0]
    return nodes((json.loads(answer) if isinstance(answer, str) else answer)[0]["Plan"])


@pytest.mark.parametrize("order", ["amount", "-amount"])
@pytest.mark.parametrize("place", ["first", "deep", "deep backwards"])
def test_pages_by_an_indexed_field_follow_the_index_and_do_not_sort_the_table(full, order, place):
    filled = [{"field": "amount", "op": "is_not_empty"}]
    start = None if place == "first" else full.find(filled, order=order, offset=ROWS // 3, limit=1)[0]

    plan = plan_of(full, order, start, backwards=place == "deep backwards")

    kinds = [node["Node Type"] for node in plan]
    assert any(kind.startswith("Index") for kind in kinds), kinds
    assert not {"Sort", "Seq Scan", "Bitmap Heap Scan"} & set(kinds), kinds  # an Incremental Sort orders equal values
    assert max(node["Actual Rows"] for node in plan) < 200


# --- Forgetting -------------------------------------------------------------------------------------------------------


def test_what_became_of_rows_is_forgotten_after_its_time(deals, settings):
    settings.NOCODE_HISTORY_DAYS = 10
    row = deals.create({"amount": 1})
    for amount, days in ((2, 11), (3, 9), (4, 0)):
        deals.update(row["id"], {"amount": amount})
        newest = RecordChange.objects.latest("pk")
        RecordChange.objects.filter(pk=newest.pk).update(at=timezone.now() - timedelta(days=days))

    sweep = Sweep()
    sweep.delete(old_record_changes())

    assert [change.after["amount"] for change in deals.history(row["id"])] == [4, 3]
    assert sweep.deleted == {"studio.RecordChange": 1}


def test_history_is_kept_for_half_a_year_unless_said_otherwise(deals, settings):
    assert settings.NOCODE_HISTORY_DAYS == 180
    row = deals.create({"amount": 1})
    deals.update(row["id"], {"amount": 2})
    RecordChange.objects.update(at=timezone.now() - timedelta(days=179))

    assert not old_record_changes().exists()
