"""Acts on all rows that match: at once or by a job, counted, stopped, resumed, undone; by two people at once."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from nocode.foundation.models import OutboxEvent, Role
from nocode.studio.errors import QueryRefused, RecordErrors, RecordNotFound, RowsBusy
from nocode.studio.jobs import bulk as bulk_jobs
from nocode.studio.models import DataTable, RecordChange, TableJob
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.services import bulk, jobs, many
from nocode.studio.services.many import Matching
from nocode.studio.services.records import Records
from nocode.studio.tasks import run_table_job
from tests.factories import make_organization, make_project, make_table, make_user
from tests.locks import until_it_waits

FIELDS = (
    NewField("Name", "text"),
    NewField("Stage", "select", settings={"options": ["New", "Won"]}),
    NewField("Amount", "integer"),
)
NEW = Matching([{"field": "stage", "op": "eq", "value": "New"}])
State = TableJob.State


@pytest.fixture
def owner():
    return make_user(organization=make_organization())


@pytest.fixture
def deals(owner) -> Records:
    """Seven rows, of which five are new."""
    project = make_project(owner.organizations.get())
    records = Records(make_table(project, "Deals", FIELDS), actor=owner)
    stages = ["New", "Won", "New", "New", "Won", "New", "New"]
    records.create_many([{"name": f"n{place}", "stage": stage, "amount": place} for place, stage in enumerate(stages)])
    return records


@pytest.fixture
def few(monkeypatch):
    """More than two rows are many, and a job takes two at a time."""
    monkeypatch.setattr(bulk, "MOST_IN_A_REQUEST", 2)
    monkeypatch.setattr(bulk_jobs, "AT_ONCE", 2)


def column(records: Records, name: str) -> list:
    return [row[name] for row in records.find(order="id")]


def run(job: TableJob) -> TableJob:
    run_table_job(str(job.pk))
    job.refresh_from_db()
    return job


# --- At once


@pytest.mark.django_db
def test_rows_that_match_are_changed_counted_and_undone_together(deals):
    before = column(deals, "stage")

    act = deals.update_many({"stage": "Won"}, matching=NEW)

    assert (act.count, set(column(deals, "stage"))) == (5, {"Won"})
    assert deals.update_many({"stage": "Won"}, matching=NEW).count == 0
    assert deals.restore(act.batch).count == 5
    assert column(deals, "stage") == before


@pytest.mark.django_db
def test_rows_that_have_the_value_already_are_not_counted(deals):
    assert deals.update_many({"stage": "Won"}, matching=Matching(search="n")).count == 5


@pytest.mark.django_db
def test_words_and_conditions_both_hold(deals):
    act = deals.delete_many(matching=Matching(NEW.filters, "n3"))

    assert (act.count, column(deals, "name")) == (1, ["n0", "n1", "n2", "n4", "n5", "n6"])


@pytest.mark.django_db
def test_rows_that_match_are_deleted_and_brought_back(deals):
    before = column(deals, "name")

    act = deals.delete_many(matching=NEW)
    assert (act.count, column(deals, "stage")) == (5, ["Won", "Won"])
    assert deals.restore(act.batch).count == 5

    assert column(deals, "name") == before


@pytest.mark.django_db
def test_a_condition_that_cannot_be_understood_changes_nothing(deals):
    with pytest.raises(QueryRefused, match="no field"):
        deals.delete_many(matching=Matching([{"field": "gone", "op": "eq", "value": "1"}]))

    assert deals.count() == 7


@pytest.mark.django_db
def test_whose_rows_are_meant_must_be_said(deals):
    with pytest.raises(TypeError):
        deals.delete_many()
    with pytest.raises(TypeError):
        deals.delete_many(ids=[1], matching=NEW)

    assert deals.count() == 7


@pytest.mark.django_db
def test_more_rows_than_an_act_may_hold_are_refused_whole(deals, monkeypatch):
    monkeypatch.setattr(many, "MOST_AT_ONCE", 4)

    with pytest.raises(QueryRefused, match="At most 4"):
        deals.update_many({"stage": "Won"}, matching=NEW)

    assert column(deals, "stage").count("New") == 5


@pytest.mark.django_db
def test_few_rows_are_acted_on_at_once(deals, owner):
    act = bulk.change(deals.table, NEW, {"amount": "7"}, owner)

    assert act.count == 5
    assert not TableJob.objects.exists()
    assert bulk.undo(deals.table, act.batch, owner).count == 5


# --- By a job


@pytest.mark.django_db
def test_a_job_changes_many_rows_part_by_part_and_undoes_them_together(deals, owner, few):
    job = run(bulk.change(deals.table, NEW, {"stage": "Won", "amount": "12"}, owner))

    assert (job.state, job.done, job.total) == (State.DONE, 5, 5)
    assert bulk_jobs.ChangeRows().facts(job) == [("Rows changed", "5")]
    assert set(column(deals, "stage")) == {"Won"}
    changes = RecordChange.objects.filter(batch=job.options["batch"])
    assert (changes.count(), {each.actor for each in changes}) == (5, {owner})
    assert OutboxEvent.objects.filter(name="studio.record.updated", payload__batch=job.options["batch"]).count() == 5

    undone = run(bulk.undo(deals.table, job.options["batch"], owner))

    assert (undone.state, undone.result["rows"]) == (State.DONE, 5)
    assert column(deals, "amount") == list(range(7))
    assert column(deals, "stage").count("New") == 5


@pytest.mark.django_db
def test_a_job_deletes_rows_with_those_that_go_with_them_and_brings_all_back(deals, owner, few):
    orders = make_table(deals.table.project, "Orders", (NewField("Title", "text"),))
    settings = {"table": str(deals.table.pk), "on_delete": "cascade"}
    SchemaManager(orders.project).add_field(orders, "Deal", "relation", settings=settings)
    orders = Records(DataTable.objects.get(pk=orders.pk))
    orders.create_many([{"title": "x", "deal": deal} for deal in (1, 1, 2, 4, 7)])
    deals = Records(DataTable.objects.select_related("project").get(pk=deals.table.pk))
    before = [deals.find(order="id"), orders.find(order="id")]

    job = run(bulk.delete(deals.table, NEW, owner))

    assert (job.state, job.result["rows"]) == (State.DONE, 5)
    assert (column(deals, "id"), column(orders, "deal")) == ([2, 5], [2])
    run(bulk.undo(deals.table, job.options["batch"], owner))
    after = [deals.find(order="id"), orders.find(order="id")]
    assert _timeless(after) == _timeless(before)


def _timeless(tables: list) -> list:
    return [[row | {"updated_at": None} for row in rows] for rows in tables]


@pytest.mark.django_db
def test_a_job_takes_fewer_rows_at_once_where_too_many_go_with_them(deals, owner, few, monkeypatch):
    orders = make_table(deals.table.project, "Orders", (NewField("Title", "text"),))
    settings = {"table": str(deals.table.pk), "on_delete": "cascade"}
    SchemaManager(orders.project).add_field(orders, "Deal", "relation", settings=settings)
    orders = Records(DataTable.objects.get(pk=orders.pk))
    orders.create_many([{"deal": deal} for deal in (1, 1, 3, 3, 4, 4, 6, 7)])
    deals = Records(DataTable.objects.select_related("project").get(pk=deals.table.pk))
    monkeypatch.setattr("nocode.studio.services.cascades.MOST", 2)

    job = run(bulk.delete(deals.table, NEW, owner))

    assert (job.state, job.result["rows"], orders.count()) == (State.DONE, 5, 0)


@pytest.mark.django_db
def test_values_are_checked_before_a_job_is_started(deals, owner, few):
    with pytest.raises(RecordErrors, match="Lost"):
        bulk.change(deals.table, NEW, {"stage": "Lost"}, owner)

    assert not TableJob.objects.exists()


@pytest.mark.django_db
def test_rows_left_to_a_job_are_counted_by_the_job(deals, owner, few):
    with CaptureQueriesContext(connection) as asked:
        change = bulk.change(deals.table, NEW, {"stage": "Won"}, owner)
        deletion = bulk.delete(deals.table, Matching(search="n"), owner)

    counts = [each["sql"] for each in asked if "AS counted" in each["sql"]]
    assert len(counts) == 2
    assert all("LIMIT 3" in each for each in counts)
    assert [run(change).total, run(deletion).total] == [5, 7]


@pytest.mark.django_db
def test_a_job_refuses_more_text_than_anybody_means_to_write(deals, owner, few, monkeypatch):
    monkeypatch.setattr(many, "MOST_WRITTEN", 400)

    job = run(bulk.change(deals.table, NEW, {"name": "x" * 100}, owner))

    assert (job.state, column(deals, "name")[0]) == (State.FAILED, "n0")
    assert "This would write" in job.error


@pytest.mark.django_db
def test_a_job_of_somebody_who_lost_the_right_meanwhile_does_nothing(deals, owner, few):
    job = bulk.delete(deals.table, NEW, owner)
    owner.memberships.update(role=Role.VIEWER)

    run(job)

    assert (job.state, deals.count()) == (State.FAILED, 7)
    assert "may not" in job.error


@pytest.mark.django_db
def test_what_stops_a_job_leaves_what_was_done_and_its_undo(deals, owner, few):
    orders = make_table(deals.table.project, "Orders", (NewField("Title", "text"),))
    settings = {"table": str(deals.table.pk), "on_delete": "restrict"}
    SchemaManager(orders.project).add_field(orders, "Deal", "relation", settings=settings)
    Records(DataTable.objects.get(pk=orders.pk)).create({"deal": 4})
    deals = Records(DataTable.objects.select_related("project").get(pk=deals.table.pk))

    job = run(bulk.delete(deals.table, NEW, owner))

    assert (job.state, job.error) == (State.FAILED, "Rows of “Orders” still point to it.")
    assert (column(deals, "id"), job.result["rows"]) == ([2, 4, 5, 6, 7], 2)
    assert bulk_jobs.DeleteRows().way_back(job)[0].endswith(f"?undo={job.options['batch']}")
    assert bulk.undo(deals.table, job.options["batch"], owner).count == 2
    assert deals.count() == 7


@pytest.mark.django_db
def test_the_undo_of_another_table_is_not_known_here(deals, owner):
    act = deals.delete_many(matching=NEW)
    other = make_table(deals.table.project, "Other")

    with pytest.raises(RecordNotFound):
        bulk.undo(other, act.batch, owner)


# --- Stopped, killed, and with others at work: over real transactions


@pytest.mark.django_db(transaction=True)
def test_a_job_that_is_stopped_says_so_and_keeps_what_it_did(deals, owner, few, monkeypatch):
    job = bulk.change(deals.table, NEW, {"stage": "Won"}, owner)
    monkeypatch.setattr("nocode.studio.jobs.base.SECONDS_BETWEEN_WRITES", 0)
    done = bulk_jobs.InParts._next

    def then_stop(self, own, most):
        met = done(self, own, most)
        jobs.cancel(own)
        return met

    monkeypatch.setattr(bulk_jobs.InParts, "_next", then_stop)
    run(job)

    assert (job.state, job.result["rows"]) == (State.CANCELLED, 2)
    assert job.error == "It was stopped on the way: what was done until then stays, and can be undone."
    assert column(deals, "stage").count("New") == 3
    assert bulk.undo(deals.table, job.options["batch"], owner).count == 2


@pytest.mark.django_db(transaction=True)
def test_a_job_whose_worker_died_goes_on_where_it_was(deals, owner, few, monkeypatch):
    job = bulk.change(deals.table, NEW, {"stage": "Won"}, owner)
    acts = []

    class Died(BaseException):
        pass

    real = Records.act_on_next

    def dies(self, *args, **options):
        acts.append(options["after"])
        part = real(self, *args, **options)
        if len(acts) == 2:
            raise Died  # in the transaction of this part: nothing of it stays
        return part

    monkeypatch.setattr(Records, "act_on_next", dies)
    with pytest.raises(Died):
        run_table_job(str(job.pk))
    run(job)

    assert acts == [0, 3, 3, 6, 7]
    assert (job.state, job.result["rows"]) == (State.DONE, 5)
    assert RecordChange.objects.filter(batch=job.options["batch"]).count() == 5


@pytest.mark.django_db
def test_a_job_waits_for_rows_in_use_and_counts_its_attempts_at_each_part_anew(deals, owner, few, monkeypatch):
    job = bulk.change(deals.table, NEW, {"stage": "Won"}, owner)
    pauses, real = [], Records.act_on_next

    def often_busy(self, *args, **options):
        if len(pauses) % 3 != 2:
            raise RowsBusy
        pauses.append(0)
        return real(self, *args, **options)

    monkeypatch.setattr(Records, "act_on_next", often_busy)
    monkeypatch.setattr(bulk_jobs.time, "sleep", pauses.append)
    run(job)

    assert (job.state, job.result["rows"]) == (State.DONE, 5)
    assert pauses == [1, 2, 0] * 4


@pytest.mark.django_db
def test_a_job_gives_up_rows_that_stay_in_use(deals, owner, few, monkeypatch):
    job = bulk.change(deals.table, NEW, {"stage": "Won"}, owner)
    pauses = []

    def busy(self, *args, **options):
        raise RowsBusy

    monkeypatch.setattr(Records, "act_on_next", busy)
    monkeypatch.setattr(bulk_jobs.time, "sleep", pauses.append)
    run(job)

    assert (job.state, column(deals, "stage").count("New")) == (State.FAILED, 5)
    assert pauses == [1, 2, 3, 4]


@pytest.mark.django_db(transaction=True)
def test_a_row_that_stops_matching_while_an_act_waits_for_it_stays(deals):
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Records(deals.table).update(3, {"stage": "Won"})
            waiting = pool.submit(_in_thread, lambda: deals.delete_many(matching=NEW))
            until_it_waits(waiting)
        assert waiting.result(30).count == 4

    assert column(deals, "id") == [2, 3, 5]
    assert deals.get(3)["stage"] == "Won"


@pytest.mark.django_db(transaction=True)
def test_two_people_who_act_on_the_same_rows_do_not_block_each_other(deals):
    deals.create_many([{"name": str(number), "stage": "New", "amount": 0} for number in range(300)])
    ids = column(deals, "id")
    start = threading.Barrier(4)
    acts = [
        lambda: deals.update_many({"amount": 1}, matching=NEW),
        lambda: deals.update_many({"name": "x"}, ids=ids[::-1]),
        lambda: deals.delete_many(ids=ids[200:][::-1]),
        lambda: deals.delete_many(matching=Matching([{"field": "id", "op": "gt", "value": 250}])),
    ]

    def at_once(act):
        start.wait(30)
        return act()

    for _round in range(3):
        with ThreadPoolExecutor(len(acts)) as pool:
            done = [pool.submit(_in_thread, at_once, act) for act in acts]
            batches = [each.result(60).batch for each in done]
        for batch in batches[2:]:
            if RecordChange.objects.filter(batch=batch).exists():
                deals.restore(batch)
    assert column(deals, "id") == ids


@pytest.mark.django_db(transaction=True)
def test_a_row_that_comes_to_point_to_one_that_goes_learns_of_it(deals):
    orders = make_table(deals.table.project, "Orders", (NewField("Title", "text"),))
    settings = {"table": str(deals.table.pk), "on_delete": "cascade"}
    SchemaManager(orders.project).add_field(orders, "Deal", "relation", settings=settings)
    orders = Records(DataTable.objects.get(pk=orders.pk))
    deals = Records(DataTable.objects.select_related("project").get(pk=deals.table.pk))

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            orders.create({"title": "late", "deal": 1})
            waiting = pool.submit(_in_thread, lambda: deals.delete_many(ids=[1]))
            until_it_waits(waiting)
        act = waiting.result(30)

    assert orders.count() == 0
    assert RecordChange.objects.filter(batch=act.batch, table=orders.table).count() == 1


def _in_thread(act, *args):
    try:
        return act(*args)
    finally:
        connection.close()
