"""What happens to rows starts workflows: those that wait for it, once each, and never round and round."""

from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from nocode.automation.engine import rowevents
from nocode.automation.models import Trigger, Workflow, WorkflowExecution
from nocode.automation.services import executions, triggers, workflows
from nocode.automation.signals import workflows_using_table
from nocode.automation.triggers import InvalidTrigger, trigger_types
from nocode.foundation import outbox
from nocode.foundation.events import bus, deliver_events
from nocode.foundation.models import OutboxEvent, QueuedTask
from nocode.studio.models import DataTable
from nocode.studio.schema.manager import NewField
from nocode.studio.services.records import Records
from tests.automation.screens import make_office
from tests.factories import make_chain, make_project, make_published, make_table, make_workflow, set_values
from tests.fixtures.stack import eventually

pytestmark = pytest.mark.django_db

ORDERS = (NewField("Reference", "text"), NewField("Total", "integer"), NewField("Note", "text"))
ECHO = ("echo", "set", set_values(reference="{{ trigger.record.reference }}"))


@pytest.fixture
def office():
    return make_office()


@pytest.fixture
def orders(office) -> DataTable:
    return make_table(make_project(office.organization, "Shop"), "Orders", ORDERS)


def make_watch(table: DataTable, *events: str, steps=(ECHO,), **config) -> Trigger:
    """A published workflow that waits for rows."""
    workflow = make_workflow(table.project.organization, project=table.project)
    make_chain(workflow, *steps)
    settings = {"table": table.physical_name, "events": list(events or ("created",)), **config}
    trigger = triggers.create(workflow, "record", "Orders come", config=settings)
    workflows.publish(workflow)
    return trigger


def started() -> list[dict]:
    """What was given to each execution, the first started first."""
    return [execution.input for execution in WorkflowExecution.objects.order_by("pk")]


# --- What starts, with what -----------------------------------------------------------------------------------------


def test_a_new_row_starts_the_workflow_with_the_row(orders):
    trigger = make_watch(orders)

    row = Records(orders).create({"reference": "A-1", "total": 5})
    deliver_events()

    execution = WorkflowExecution.objects.get()
    assert (execution.trigger, execution.trigger_kind) == (trigger, "record")
    assert execution.input == {
        "event": "created",
        "table": "orders",
        "record_id": row["id"],
        "changed": ["reference", "total"],
        "record": row,
        "before": {},
        "chain": 1,
    }
    assert QueuedTask.objects.get(name="nocode.automation.tasks.execute_workflow_async")
    done = executions.run_now(execution.pk, budget=10)
    assert (done.status, done.output) == ("completed", {"reference": "A-1"})
    trigger.refresh_from_db()
    assert trigger.last_run_at
    assert trigger.last_error == ""


def test_a_change_tells_what_was_there_before(orders):
    row = Records(orders).create({"reference": "A-1", "total": 5})
    make_watch(orders, "updated")

    Records(orders).update(row["id"], {"reference": "A-1", "total": 7})
    deliver_events()

    [given] = started()
    assert (given["event"], given["changed"], given["before"]) == ("updated", ["total"], {"total": 5})
    assert given["record"]["total"] == 7


def test_a_deletion_tells_what_the_row_was(orders):
    row = Records(orders).create({"reference": "A-1", "total": 5})
    make_watch(orders, "deleted")

    Records(orders).delete(row["id"])
    deliver_events()

    [given] = started()
    assert (given["event"], given["record"], given["record_id"]) == ("deleted", None, row["id"])
    assert (given["before"]["reference"], given["before"]["total"]) == ("A-1", 5)


def test_a_row_that_is_gone_again_starts_with_nothing(orders):
    make_watch(orders)

    Records(orders).delete(Records(orders).create({"reference": "A-1"})["id"])
    deliver_events()

    [given] = started()
    assert (given["event"], given["record"]) == ("created", None)


def test_many_rows_start_one_execution_each(orders):
    make_watch(orders, "created", "updated", "deleted")
    made = Records(orders).create_many([{"reference": f"A-{number}"} for number in range(30)])
    ids = [row["id"] for row in made]

    Records(orders).update_many({"total": 1}, ids=ids)
    Records(orders).delete_many(ids=ids)
    deliver_events()

    assert len(started()) == 90
    assert [given["event"] for given in started()].count("updated") == 30
    assert {given["before"].get("total", 0) for given in started() if given["event"] == "updated"} == {None}


# --- What does not --------------------------------------------------------------------------------------------------


def test_only_the_chosen_events_start(orders):
    make_watch(orders, "updated")

    row = Records(orders).create({"reference": "A-1"})
    Records(orders).delete(row["id"])
    deliver_events()

    assert started() == []


def test_only_changes_of_the_chosen_fields_start(orders):
    make_watch(orders, "updated", fields_watched=[{"field": "total"}])
    row = Records(orders).create({"reference": "A-1", "total": 1})

    Records(orders).update(row["id"], {"reference": "A-2"})
    Records(orders).update(row["id"], {"reference": "A-3", "total": 2})
    deliver_events()

    assert [given["changed"] for given in started()] == [["reference", "total"]]


def test_conditions_are_about_the_row_as_it_is_now(orders):
    make_watch(
        orders,
        "created",
        "updated",
        where=[{"field": "total", "op": "gte", "value": "100"}, {"field": "note", "op": "is_empty"}],
    )
    small = Records(orders).create({"total": 99})
    Records(orders).create({"total": 100})
    Records(orders).create({"total": 100, "note": "x"})
    deliver_events()
    assert [given["record"]["total"] for given in started()] == [100]

    Records(orders).update(small["id"], {"total": 1000})
    deliver_events()
    assert [given["record"]["total"] for given in started()] == [100, 1000]


def test_other_tables_and_other_projects_start_nothing(orders, office):
    make_watch(orders)
    same_name = make_table(make_project(office.organization), "Orders", ORDERS)
    sibling = make_table(orders.project, "Customers", ORDERS)

    Records(same_name).create({"total": 1})
    Records(sibling).create({"total": 1})
    deliver_events()

    assert started() == []


@pytest.mark.parametrize("state", ["trigger off", "paused", "never published"])
def test_what_is_not_active_and_published_starts_nothing(orders, state):
    trigger = make_watch(orders)
    if state == "trigger off":
        Trigger.objects.update(is_active=False)
    elif state == "paused":
        workflows.pause(trigger.workflow)
    else:
        Workflow.objects.update(published_version=None)

    Records(orders).create({"total": 1})
    deliver_events()

    assert started() == []
    assert not OutboxEvent.objects.filter(name__startswith="studio.record.", delivered_at=None).exists()


# --- Once ------------------------------------------------------------------------------------------------------------


def test_an_event_told_again_starts_nothing_again(orders):
    make_watch(orders)
    Records(orders).create({"total": 1})
    deliver_events()

    OutboxEvent.objects.update(delivered_at=None)
    deliver_events()

    assert len(started()) == 1


def test_a_delivery_that_is_rolled_back_has_started_nothing(orders, monkeypatch):
    make_watch(orders)
    Records(orders).create({"total": 1})
    mark = outbox.MARK_TOLD
    monkeypatch.setattr(outbox, "MARK_TOLD", "SELECT no_such_function(%s, %s, %s, %s)")
    deliver_events()
    assert started() == []
    assert not QueuedTask.objects.filter(name__endswith="execute_workflow_async").exists()

    monkeypatch.setattr(outbox, "MARK_TOLD", mark)
    OutboxEvent.objects.update(retry_at=None)
    deliver_events()

    assert len(started()) == 1


@pytest.mark.django_db(transaction=True)
def test_a_cluster_runs_it_once(start_cluster, orders):
    make_watch(orders)
    start_cluster()

    Records(orders).create({"reference": "A-1"})

    eventually(lambda: WorkflowExecution.objects.filter(status="completed").count() == 1, what="a completed execution")
    eventually(lambda: not OutboxEvent.objects.filter(delivered_at=None).exists(), what="events that were told")
    assert WorkflowExecution.objects.get().output == {"reference": "A-1"}


# --- Trouble ---------------------------------------------------------------------------------------------------------


def run_all() -> int:
    """Tell all events and run all executions until nothing moves; how many there are."""
    while OutboxEvent.objects.filter(delivered_at=None).exists() or (
        WorkflowExecution.objects.filter(status="pending").exists()
    ):
        deliver_events()
        for execution in WorkflowExecution.objects.filter(status="pending"):
            executions.run_now(execution.pk, budget=10)
    return WorkflowExecution.objects.count()


def test_workflows_that_start_each_other_are_stopped(orders):
    again = {"table": "orders", "values": [{"field": "total", "value": "{{ trigger.record.total + 1 }}"}]}
    trigger = make_watch(orders, steps=(("again", "record.create", again),))

    Records(orders).create({"total": 1})
    assert run_all() == 5

    assert [given["chain"] for given in started()] == [1, 2, 3, 4, 5]
    assert Records(orders).count() == 6
    trigger.refresh_from_db()
    assert "started each other 5 times in a row" in trigger.last_error
    assert not OutboxEvent.objects.filter(gave_up=True).exists()

    Records(orders).create({"total": 1})  # what a person does begins a new chain
    assert run_all() == 10


def test_rows_that_a_workflow_writes_say_so_in_their_history(orders):
    row = Records(orders).create({"total": 1})
    change = {"table": "orders", "record_id": row["id"], "values": [{"field": "total", "value": "2"}]}
    workflow = make_watch(orders, "deleted", steps=(("change", "record.update", change),)).workflow
    workflow.refresh_from_db()

    executions.run_now(executions.start(workflow).pk, budget=10)

    [line] = Records(orders).history(row["id"])
    assert (line.actor, line.source) == (None, workflow.name)


def test_one_that_cannot_start_does_not_keep_the_others(orders):
    broken = make_watch(orders)
    Trigger.objects.filter(pk=broken.pk).update(
        config=broken.config | {"where": [{"field": "gone", "op": "eq", "value": "1"}]}
    )
    make_watch(orders)

    Records(orders).create({"total": 1})
    deliver_events()

    assert len(started()) == 1
    broken.refresh_from_db()
    assert "has no field “gone”" in broken.last_error


def test_where_nobody_listens_nothing_is_asked_but_once(orders, office):
    make_watch(make_table(make_project(office.organization), "Others", ORDERS))
    Records(orders).create_many([{"total": number} for number in range(30)])
    ids = list(OutboxEvent.objects.filter(name="studio.record.created").values_list("pk", flat=True))
    assert len(ids) == 30

    with CaptureQueriesContext(connection) as asked:
        told = bus.listeners([(pk, "studio.record.created") for pk in ids])

    assert not any(told.values())
    asked_about = [
        kind for kind in ("'record'", "'event'") for query in asked if f"trigger.kind = {kind}" in query["sql"]
    ]
    assert asked_about == ["'record'", "'event'"]


def test_asking_for_awaited_events_finds_those_only(orders):
    make_watch(orders, "updated")
    row = Records(orders).create({"total": 1})
    Records(orders).update(row["id"], {"total": 2})
    events = dict(OutboxEvent.objects.filter(name__startswith="studio.record.").values_list("pk", "name"))

    assert [events[pk] for pk in rowevents.awaited(list(events))] == ["studio.record.updated"]


# --- Settings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        ({"table": "nonsense"}, "has no table “nonsense”"),
        ({"events": []}, "required"),
        ({"events": ["exploded"]}, "exploded"),
        ({"fields_watched": [{"field": "gone"}]}, "has no field “gone”"),
        ({"where": [{"field": "gone", "op": "eq", "value": "1"}]}, "has no field “gone”"),
        ({"where": [{"field": "total", "op": "gt", "value": "many"}]}, "“many”"),
        ({"where": [{"field": "total", "op": "in", "value": "1"}]}, "in"),
        ({"events": ["deleted"], "where": [{"field": "total", "op": "eq", "value": "1"}]}, "deleted row meets no"),
    ],
)
def test_settings_that_make_no_sense_are_refused(orders, config, problem):
    workflow = make_workflow(orders.project.organization, project=orders.project)

    with pytest.raises(InvalidTrigger, match=problem):
        triggers.create(workflow, "record", "x", config={"table": "orders", "events": ["created"], **config})


def test_tables_of_other_projects_cannot_be_watched(orders, office):
    elsewhere = make_project(office.organization)
    for project in (elsewhere, None):
        workflow = make_workflow(office.organization, project=project)
        with pytest.raises(InvalidTrigger):
            triggers.create(workflow, "record", "x", config={"table": "orders", "events": ["created"]})


def test_it_says_in_words_what_it_waits_for(orders):
    trigger = make_watch(orders, "created", "updated", "deleted")

    assert trigger_types["record"].describe(trigger) == "When a row of “Orders” is added, changed or deleted"


FORM = {
    "name": "Orders come",
    "is_active": "on",
    "config-table": "orders",
    "config-events": ["created", "updated"],
    "config-fields_watched-field": ["total", ""],
    "config-where-field": ["total", ""],
    "config-where-op": ["gt", "eq"],
    "config-where-value": ["10", ""],
}


def test_the_page_saves_it_and_shows_it_again(orders, office):
    workflow = make_workflow(office.organization, project=orders.project)
    address = f"{reverse('admin:automation_trigger_add')}?workflow={workflow.pk}&kind=record"
    client = office.client("owner")
    assert "Orders" in client.get(address).content.decode()

    answer = client.post(address, FORM)

    trigger = workflow.triggers.get()
    assert answer.status_code == 302
    assert trigger.config == {
        "table": "orders",
        "events": ["created", "updated"],
        "fields_watched": [{"field": "total"}],
        "where": [{"field": "total", "op": "gt", "value": "10"}],
    }
    shown = unescape(client.get(reverse("admin:automation_trigger_change", args=[trigger.pk])).content.decode())
    assert '<option value="orders" selected>Orders</option>' in shown
    assert '<option value="total" selected>Total</option>' in shown
    assert "data-when" not in shown  # a list of boxes does not decide what else is shown


def test_the_page_says_what_is_wrong_beside_the_field(orders, office):
    workflow = make_workflow(office.organization, project=orders.project)
    address = f"{reverse('admin:automation_trigger_add')}?workflow={workflow.pk}&kind=record"

    answer = office.client("owner").post(address, {**FORM, "config-where-value": ["many", ""]})

    assert answer.status_code == 200
    assert "“many”" in unescape(answer.content.decode())
    assert not workflow.triggers.exists()


@pytest.mark.parametrize(("who", "status"), [("owner", 200), ("viewer", 200), ("stranger", 404)])
def test_who_may_look_at_it(orders, office, who, status):
    trigger = make_watch(orders)

    assert office.client(who).get(reverse("admin:automation_trigger_change", args=[trigger.pk])).status_code == status


def test_a_viewer_cannot_change_it(orders, office):
    trigger = make_watch(orders)

    answer = office.client("viewer").post(reverse("admin:automation_trigger_change", args=[trigger.pk]), FORM)

    assert answer.status_code == 403


def test_a_table_names_the_workflows_that_watch_it(orders):
    trigger = make_watch(orders)

    assert [name for name, _link in workflows_using_table(orders)] == [f"Workflow “{trigger.workflow.name}”"]
    other = make_published(ECHO)
    assert not any(other.name in name for name, _link in workflows_using_table(orders))
