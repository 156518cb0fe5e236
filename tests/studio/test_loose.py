"""Undoing acts whose rows lead to rows that are gone by now: everything else comes back, and these links are named."""

import pytest
from django.urls import reverse

from nocode.studio.errors import RecordErrors
from nocode.studio.jobs import bulk as bulk_jobs
from nocode.studio.models import DataTable, TableJob
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.services import bulk, jobs
from nocode.studio.services.loose import in_words
from nocode.studio.services.records import Records
from nocode.studio.tasks import run_table_job
from tests.factories import make_table, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> Records:
    table = make_table(label="People", fields=[NewField("Name", "text")])
    records = Records(table, actor=make_user("ada@example.com", organization=table.project.organization))
    records.create_many([{"name": name} for name in ("Ada", "Bob", "Cem")])
    return records


@pytest.fixture
def orders(people) -> Records:
    """Pen (buyer 1, read by 1 and 2), Ink (buyer 2, read by 2)."""
    table = make_table(people.table.project, "Orders", [NewField("Title", "text")])
    manager, to = SchemaManager(table.project), {"table": str(people.table.pk)}
    manager.add_field(table, "Buyer", "relation", settings=to | {"on_delete": "set_null"})
    manager.add_field(table, "Readers", "relations", settings=to)
    records = fresh(table, people)
    records.create_many([{"title": "Pen", "buyer": 1, "readers": [1, 2]}, {"title": "Ink", "buyer": 2, "readers": [2]}])
    return records


def fresh(table: DataTable, like: Records) -> Records:
    return Records(DataTable.objects.select_related("project").get(pk=table.pk), actor=like.actor)


def shown(records: Records, *names: str) -> list[tuple]:
    return [tuple(row[name] for name in names) for row in records.find(order="id")]


def required_buyer(orders: Records) -> Records:
    manager, buyer = SchemaManager(orders.table.project), orders.table.fields.get(label="Buyer")
    manager.change_field(buyer, required=True, settings=buyer.settings | {"on_delete": "restrict"})
    return fresh(orders.table, orders)


def test_a_change_is_undone_without_what_leads_to_rows_that_are_gone(people, orders):
    act = orders.update_many({"title": "x", "buyer": 3, "readers": [3]}, ids=[1, 2])
    people.delete(1)

    undone = orders.restore(act.batch)

    assert undone.count == 2
    assert shown(orders, "title", "buyer", "readers") == [("Pen", None, [2]), ("Ink", 2, [2])]
    assert in_words(undone.loose) == (
        "2 links lead to rows that are gone, and could not be put back: "
        "Orders · Buyer #1 → #1; Orders · Readers #1 → #1."
    )


def test_rows_edited_since_are_left_alone_and_nothing_is_said_of_their_links(people, orders):
    act = orders.update_many({"buyer": 3}, ids=[1, 2])
    people.delete(1)
    orders.update(1, {"buyer": None})

    undone = orders.restore(act.batch)

    assert (undone.count, undone.loose) == (1, [])
    assert shown(orders, "buyer") == [(None,), (2,)]


def test_deleted_rows_come_back_without_what_leads_to_rows_that_are_gone(people, orders):
    act = orders.delete_many(ids=[1, 2])
    people.delete(1)

    undone = orders.restore(act.batch)

    assert (undone.count, len(undone.loose)) == (2, 2)
    assert shown(orders, "title", "buyer", "readers") == [("Pen", None, [2]), ("Ink", 2, [2])]


def test_a_row_that_cannot_be_without_the_link_stays_away(people, orders):
    orders = required_buyer(orders)
    act = orders.delete_many(ids=[1, 2])
    people.delete(1)

    undone = orders.restore(act.batch)

    assert [(each.row, each.gone, each.stops) for each in undone.loose if each.stops] == [(1, [1], True)]
    assert (undone.count, shown(orders, "title")) == (1, [("Ink",)])


def test_a_row_that_cannot_be_without_the_link_keeps_what_it_has(people, orders):
    orders = required_buyer(orders)
    act = orders.update_many({"buyer": 3}, ids=[1, 2])
    people.delete(1)

    assert orders.restore(act.batch).count == 1

    assert shown(orders, "buyer") == [(3,), (2,)]


def chained(people: Records, orders: Records) -> tuple[Records, Records]:
    """People name their favourites among the orders that go with them."""
    manager, buyer = SchemaManager(people.table.project), orders.table.fields.get(label="Buyer")
    manager.change_field(buyer, settings=buyer.settings | {"on_delete": "cascade"})
    manager.add_field(people.table, "Favourites", "relations", settings={"table": str(orders.table.pk)})
    people, orders = fresh(people.table, people), fresh(orders.table, orders)
    people.update(1, {"favourites": [1, 2]})
    people.update(2, {"favourites": [2]})
    return people, orders


def test_links_to_rows_that_went_with_their_row_come_back_after_them(people, orders):
    people, orders = chained(people, orders)
    before = [shown(people, "name", "favourites"), shown(orders, "title", "buyer")]
    act = people.delete_many(ids=[1, 2, 3])
    assert (people.count(), orders.count()) == (0, 0)

    undone = people.restore(act.batch)

    assert (undone.count, undone.loose) == (5, [])
    assert [shown(people, "name", "favourites"), shown(orders, "title", "buyer")] == before


def test_a_job_puts_links_back_once_all_parts_are_there_and_names_what_is_left(people, orders, monkeypatch):
    monkeypatch.setattr(bulk_jobs, "AT_ONCE", 1)
    people, orders = chained(people, orders)
    act = people.delete_many(ids=[1, 2, 3])
    project, options = people.table.project, {"batch": str(act.batch), "act": str(act.batch), "rows": 5}

    job = jobs.start("undo", project=project, table=people.table, user=people.actor, options=options)
    run_table_job(job.pk)

    job = TableJob.objects.get(pk=job.pk)
    assert (job.state, job.result["rows"], job.result["loose"]) == (TableJob.State.DONE, 5, [])
    assert shown(people, "name", "favourites") == [("Ada", [1, 2]), ("Bob", [2]), ("Cem", None)]


def test_a_job_says_which_links_it_could_not_put_back(people, orders, monkeypatch):
    monkeypatch.setattr(bulk_jobs, "AT_ONCE", 1)
    monkeypatch.setattr(bulk_jobs, "MOST_LOOSE", 1)
    monkeypatch.setattr(bulk, "MOST_IN_A_REQUEST", 0)
    act = orders.delete_many(ids=[1, 2])
    people.delete_many(ids=[1, 2])

    job = bulk.undo(orders.table, act.batch, people.actor)
    run_table_job(job.pk)

    job = TableJob.objects.get(pk=job.pk)
    assert bulk_jobs.UndoAct().facts(job) == [
        ("Rows that are as they were", "2"),
        (
            "Not put back",
            "5 links lead to rows that are gone, and could not be put back: Orders · Buyer #2 → #2; ….",
        ),
    ]


def test_a_row_goes_back_to_earlier_values_without_links_to_rows_that_are_gone(people, orders):
    orders.update(1, {"title": "x", "buyer": 3, "readers": [3]})
    people.delete(1)

    undone = orders.revert(1, orders.history(1)[0].pk)

    assert len(undone.loose) == 2
    assert shown(orders, "title", "buyer", "readers")[0] == ("Pen", None, [2])


def test_a_row_does_not_go_back_when_it_cannot_be_without_the_link(people, orders):
    orders = required_buyer(orders)
    orders.update(1, {"title": "x", "buyer": 3})
    people.delete(1)

    with pytest.raises(RecordErrors, match="Buyer: there is no such row any more"):
        orders.revert(1, orders.history(1)[0].pk)
    assert shown(orders, "title", "buyer")[0] == ("x", 3)


def test_the_page_says_what_was_not_put_back(people, orders, client):
    act = orders.delete_many(ids=[1])
    people.delete(1)
    client.force_login(people.actor)

    answer = client.post(reverse("admin:studio_table_undo", args=[orders.table.pk, act.batch]), follow=True)

    text = answer.content.decode()
    assert "1 row is as it was." in text
    assert "2 links lead to rows that are gone, and could not be put back: Orders · Buyer #1 → #1;" in text
