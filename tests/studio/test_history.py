"""What became of rows: many changed or deleted at once, kept, shown, undone, reverted."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from nocode.foundation.models import OutboxEvent
from nocode.studio.errors import QueryRefused, RecordErrors, RecordNotFound
from nocode.studio.models import DataTable, RecordChange
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.services.history import Line
from nocode.studio.services.many import MOST_AT_ONCE
from nocode.studio.services.records import Records
from tests.factories import make_table, make_user
from tests.studio.importing import import_file

pytestmark = pytest.mark.django_db

DEALS = (
    NewField("Name", "text", required=True),
    NewField("E-mail", "email", unique=True),
    NewField("Amount", "decimal"),
    NewField("Stage", "select", settings={"options": ["New", "Won"]}, default="New"),
    NewField("Due", "date"),
    NewField("Seen", "datetime"),
    NewField("Extra", "json"),
    NewField("Tags", "multi_select", settings={"options": ["a", "b", "c"]}),
)
FULL = {
    "name": "Zoé 'x' %s",
    "amount": "12345678901234567890.123456789",
    "stage": "Won",
    "due": "2026-02-03",
    "seen": "2026-03-29T01:30:00.123456Z",
    "extra": {"text": 'a"b', "list": [1, None, "[x"]},
    "tags": ["a", "c"],
}


@pytest.fixture
def deals() -> Records:
    table = make_table(label="Deals", fields=DEALS)
    return Records(table, actor=make_user("ada@example.com", organization=table.project.organization))


def fresh(table: DataTable) -> DataTable:
    return DataTable.objects.select_related("project").get(pk=table.pk)


def told(since: int = 0) -> list[tuple[str, int]]:
    events = OutboxEvent.objects.filter(name__startswith="studio.record.", id__gt=since).order_by("id")
    return [(event.name.rpartition(".")[2], event.payload["record_id"]) for event in events]


def newest_event() -> int:
    return OutboxEvent.objects.order_by("-id").values_list("id", flat=True)[0]


def values(row: dict) -> dict:
    return {name: value for name, value in row.items() if name != "updated_at"}


# --- What is kept -----------------------------------------------------------------------------------------------------


def test_a_change_keeps_what_was_new_and_who_did_it(deals):
    row = deals.create({"name": "Ada", "amount": 5})
    deals.update(row["id"], {"amount": "5.0", "stage": "Won", "due": "2026-02-03"})

    [change] = deals.history(row["id"])

    assert (change.verb, str(change.actor), change.source) == ("updated", "ada@example.com", "")
    assert (change.before, change.after) == ({"stage": "New", "due": None}, {"stage": "Won", "due": "2026-02-03"})
    assert change.lines == [Line("Stage", "New", "Won"), Line("Due", "", "3 Feb 2026")]


def test_what_changes_nothing_or_is_refused_is_not_kept(deals):
    row = deals.create({"name": "Ada", "e_mail": "a@example.com"})
    other = deals.create({"name": "Bob"})

    deals.update(row["id"], {"name": "Ada"})
    with pytest.raises(RecordErrors):
        deals.update(other["id"], {"e_mail": "a@example.com"})

    assert not RecordChange.objects.exists()


def test_a_source_is_kept_where_nobody_did_it(deals):
    workflow = Records(deals.table, source="Workflow “Bills”")
    row = workflow.create({"name": "Ada"})
    workflow.update(row["id"], {"name": "Bob"})

    [change] = deals.history(row["id"])
    assert (change.actor, change.source) == (None, "Workflow “Bills”")


@pytest.mark.parametrize("amount", [1, 30])
def test_history_is_one_statement_and_the_newest_first(deals, amount, django_assert_num_queries):
    row = deals.create({"name": "0"})
    for number in range(1, amount + 1):
        deals.update(row["id"], {"name": str(number)})

    with django_assert_num_queries(1):
        found = deals.history(row["id"])

    assert [change.after["name"] for change in found] == [str(number) for number in range(amount, 0, -1)]


def test_history_leaves_out_fields_that_have_gone(deals):
    row = deals.create({"name": "Ada", "amount": 1})
    deals.update(row["id"], {"name": "Bob", "amount": 2})
    SchemaManager(deals.table.project).drop_field(deals.table.fields.get(label="Amount"))

    later = Records(fresh(deals.table))

    assert later.history(row["id"])[0].lines == [Line("Name", "Ada", "Bob")]
    later.revert(row["id"], later.history(row["id"])[0].pk)
    assert later.get(row["id"])["name"] == "Ada"


# --- One row goes back ------------------------------------------------------------------------------------------------


def test_revert_gives_back_the_values_before_and_is_a_change_itself(deals):
    row = deals.create(FULL)
    deals.update(row["id"], dict.fromkeys(["amount", "stage", "due", "seen", "extra", "tags"]) | {"name": "x"})

    deals.revert(row["id"], deals.history(row["id"])[0].pk)

    assert values(deals.get(row["id"])) == values(row)
    assert [change.verb for change in deals.history(row["id"])] == ["updated", "updated"]


def test_a_change_of_another_row_or_table_is_not_known(deals):
    row, other = deals.create_many([{"name": "Ada"}, {"name": "Bob"}])
    deals.update(row["id"], {"name": "x"})
    change = RecordChange.objects.get()
    stranger = Records(make_table(label="Deals", fields=DEALS))
    stranger.create({"name": "y"})

    for records, row_id in ((deals, other["id"]), (stranger, row["id"])):
        with pytest.raises(RecordNotFound):
            records.revert(row_id, change.pk)
    with pytest.raises(RecordNotFound):
        stranger.restore(change.batch)


# --- Many rows --------------------------------------------------------------------------------------------------------


def test_many_rows_change_at_once_and_only_what_is_new_is_told(deals):
    made = deals.create_many([{"name": str(number), "amount": number % 2} for number in range(4)])
    since = newest_event()

    act = deals.update_many({"amount": 1}, ids=[row["id"] for row in made] + [999])

    assert [row["amount"] for row in deals.find(order="id")] == [1, 1, 1, 1]
    assert told(since) == [("updated", 1), ("updated", 3)]
    assert set(RecordChange.objects.values_list("batch", "record_id")) == {(act.batch, 1), (act.batch, 3)}


@pytest.mark.parametrize("amount", [1, 30])
def test_many_rows_cost_as_much_as_one(deals, amount, django_assert_max_num_queries):
    ids = [row["id"] for row in deals.create_many([{"name": str(number)} for number in range(amount)])]

    with django_assert_max_num_queries(5):  # savepoint, rows, history, events, release
        act = deals.update_many({"amount": 7}, ids=ids)
    with django_assert_max_num_queries(8):
        deals.restore(act.batch)
    with django_assert_max_num_queries(7):  # the rows are held first
        gone = deals.delete_many(ids=ids)
    with django_assert_max_num_queries(8):
        assert deals.restore(gone.batch).count == amount


def test_many_rows_are_all_changed_or_none(deals):
    ids = [row["id"] for row in deals.create_many([{"name": "Ada"}, {"name": "Bob"}])]

    with pytest.raises(RecordErrors, match="must be unique"):
        deals.update_many({"e_mail": "a@example.com"}, ids=ids)
    with pytest.raises(RecordErrors, match="a value is required"):
        deals.update_many({"name": ""}, ids=ids)
    with pytest.raises(QueryRefused, match="At most"):
        deals.delete_many(ids=range(MOST_AT_ONCE + 1))

    assert [row["e_mail"] for row in deals.find()] == [None, None]
    assert not RecordChange.objects.exists()


def test_undoing_a_change_gives_each_row_what_it_had(deals):
    made = deals.create_many([{**FULL, "name": "A"}, {"name": "B", "stage": None}, {"name": "C", "amount": 3}])
    empty = dict.fromkeys(["amount", "due", "seen", "extra", "tags"]) | {"stage": "Won", "name": "x"}
    act = deals.update_many(empty, ids=[1, 2, 3])

    assert deals.restore(act.batch).count == 3

    assert [values(row) for row in deals.find(order="id")] == [values(row) for row in made]
    assert [change.verb for change in deals.history(1)] == ["restored", "updated"]


def test_undoing_leaves_rows_alone_that_were_changed_since(deals):
    deals.create_many([{"name": "A", "amount": 1}, {"name": "B", "amount": 2}, {"name": "C", "amount": 3}])
    act = deals.update_many({"amount": 9}, ids=[1, 2, 3])
    deals.update(2, {"amount": 10})
    deals.delete(3)

    assert deals.restore(act.batch).count == 1
    assert [row["amount"] for row in deals.find(order="id")] == [1, 10]
    assert deals.restore(act.batch).count == 0


def test_undoing_a_deletion_brings_rows_back_as_they_were(deals):
    made = deals.create_many([FULL, {"name": "B", "stage": None}, {"name": "C", "e_mail": "c@example.com"}])
    act = deals.delete_many(ids=[1, 2, 3, 4])
    assert (act.count, deals.count()) == (3, 0)
    since = newest_event()

    assert deals.restore(act.batch).count == 3

    assert [values(row) for row in deals.find(order="id")] == [values(row) for row in made]
    assert told(since) == [("created", 1), ("created", 2), ("created", 3)]
    assert deals.create({"name": "D"})["id"] == 4
    assert deals.restore(act.batch).count == 0


def test_undoing_a_deletion_is_refused_where_a_unique_value_is_taken(deals):
    deals.create({"name": "A", "e_mail": "a@example.com"})
    act = deals.delete_many(ids=[1])
    deals.create({"name": "B", "e_mail": "a@example.com"})

    with pytest.raises(RecordErrors, match="E-mail: another row already has this value"):
        deals.restore(act.batch)
    assert deals.count() == 1


# --- Rows that go with others -----------------------------------------------------------------------------------------


@pytest.fixture
def orders(deals) -> Records:
    return Records(make_table(deals.table.project, "Orders", (NewField("Title", "text"),)), actor=deals.actor)


def relate(orders: Records, deals: Records, on_delete: str) -> tuple[Records, Records]:
    manager = SchemaManager(orders.table.project)
    settings = {"table": str(deals.table.pk), "on_delete": on_delete}
    manager.add_field(fresh(orders.table), "Deal", "relation", settings=settings)
    return Records(fresh(orders.table), actor=deals.actor), Records(fresh(deals.table), actor=deals.actor)


def test_rows_that_go_with_a_deleted_one_are_kept_told_and_come_back(orders, deals):
    orders, deals = relate(orders, deals, "cascade")
    deals.create_many([{"name": "A"}, {"name": "B"}])
    made = orders.create_many([{"title": "1", "deal": 1}, {"title": "2", "deal": 1}, {"title": "3", "deal": 2}])
    since = newest_event()

    act = deals.delete_many(ids=[1])

    assert [row["title"] for row in orders.find()] == ["3"]
    assert told(since) == [("deleted", 1), ("deleted", 2), ("deleted", 1)]
    assert deals.restore(act.batch).count == 3
    assert [values(row) for row in orders.find(order="id")] == [values(row) for row in made]


def test_rows_that_forget_a_deleted_one_remember_it_when_it_comes_back(orders, deals):
    orders, deals = relate(orders, deals, "set_null")
    deals.create({"name": "A"})
    orders.create_many([{"title": "1", "deal": 1}, {"title": "2", "deal": 1}])

    act = deals.delete_many(ids=[1])
    assert [row["deal"] for row in orders.find()] == [None, None]

    assert deals.restore(act.batch).count == 3
    assert [row["deal"] for row in orders.find()] == [1, 1]


def test_a_row_others_need_is_not_deleted(orders, deals):
    orders, deals = relate(orders, deals, "restrict")
    deals.create({"name": "A"})
    orders.create({"title": "1", "deal": 1})

    with pytest.raises(RecordErrors, match="Rows of “Orders” still point to it"):
        deals.delete(1)
    assert deals.count() == 1


@pytest.mark.parametrize("on_delete", ["cascade", "set_null"])
def test_a_table_that_points_to_itself_loses_a_whole_branch(deals, on_delete):
    _deals, deals = relate(deals, deals, on_delete)
    deals.create({"name": "root"})
    deals.create_many([{"name": "child", "deal": 1}, {"name": "child", "deal": 1}])
    deals.create({"name": "grandchild", "deal": 2})
    before = [values(row) for row in deals.find(order="id")]

    act = deals.delete_many(ids=[1])

    assert deals.count() == (0 if on_delete == "cascade" else 3)
    deals.restore(act.batch)
    assert [values(row) for row in deals.find(order="id")] == before


def test_links_to_many_rows_come_back_with_their_row(orders, deals):
    manager = SchemaManager(orders.table.project)
    manager.add_field(fresh(orders.table), "Deals", "relations", settings={"table": str(deals.table.pk)})
    orders = Records(fresh(orders.table))
    deals.create_many([{"name": "A"}, {"name": "B"}])
    orders.create({"title": "1", "deals": [1, 2]})

    changed = orders.update_many({"deals": [2]}, ids=[1])
    orders.restore(changed.batch)
    assert orders.get(1)["deals"] == [1, 2]
    gone = orders.delete_many(ids=[1])
    orders.restore(gone.batch)
    assert orders.get(1)["deals"] == [1, 2]


@pytest.mark.parametrize("amount", [1, 30])
def test_rows_that_follow_cost_as_much_as_one(orders, deals, amount):
    orders, deals = relate(orders, deals, "cascade")
    ids = [row["id"] for row in deals.create_many([{"name": str(number)} for number in range(amount)])]
    orders.create_many([{"title": "x", "deal": each} for each in ids])
    deals.layout.reverse()

    with CaptureQueriesContext(connection) as asked:
        deals.delete_many(ids=ids)

    assert len(asked) <= 14


def test_the_history_names_the_rows_that_relations_led_to(orders, deals, django_assert_max_num_queries):
    orders, deals = relate(orders, deals, "set_null")
    deals.create_many([{"name": "Ann"}, {"name": "Bob"}])
    row = orders.create({"title": "1", "deal": 1})["id"]
    orders.update(row, {"deal": 2})
    deals.delete(1)

    with django_assert_max_num_queries(2):
        [change] = orders.history(row)

    assert change.lines == [Line("Deal", "#1", "Bob")]


def test_a_row_knows_the_import_it_came_with(deals):
    project, table = deals.table.project, fresh(deals.table)
    own = deals.create({"name": "Ann"})["id"]
    import_file(project, "Name\nBob\n", table, name="trial.csv", dry_run=True)
    job = import_file(project, "Name\nBob\nCid\n", table)
    later = deals.create({"name": "Dan"})["id"]

    bob, cid = own + 1, own + 2

    assert [deals.origin(row) for row in (own, bob, cid, later, later + 1)] == [None, job, job, None, None]
    assert (job.result["file"], deals.get(cid)["name"]) == ("people.csv", "Cid")
