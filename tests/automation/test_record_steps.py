"""Record steps write once, together with their StepRun, and say clearly what is wrong."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from nocode.automation.engine import runner, store
from nocode.automation.models import StepRun, WorkflowExecution
from nocode.automation.nodes import node_types
from nocode.automation.services import executions, workflows
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.services.projects import create_project
from nocode.studio.services.records import Records
from tests.factories import make_chain, make_edge, make_node, make_organization, make_workflow

pytestmark = pytest.mark.django_db


@pytest.fixture
def orders():
    project = create_project(make_organization(), "Shop")
    fields = [NewField("Reference", "text", required=True, unique=True), NewField("Total", "decimal")]
    return SchemaManager(project).create_table("Orders", fields)


def values(**cells) -> list[dict]:
    return [{"field": field, "value": value} for field, value in cells.items()]


def publish(table, *steps):
    workflow = make_workflow(table.project.organization, project=table.project)
    make_chain(workflow, *steps)
    workflows.publish(workflow)
    workflow.refresh_from_db()
    return workflow


def run(workflow, data=None) -> WorkflowExecution:
    execution = executions.start(workflow, input=data)
    runner.run(execution.pk, continue_later=lambda *args: None)
    execution.refresh_from_db()
    return execution


def create(**cells) -> tuple:
    return ("create", "record.create", {"table": "orders", "values": values(**cells)})


def test_create_writes_the_row_and_gives_it_to_the_next_step(orders):
    update = {"table": "orders", "record_id": "{{ steps.create.id }}", "values": values(total="{{ input.total * 2 }}")}
    workflow = publish(orders, create(reference="{{ trigger.ref }}", total="12.5"), ("double", "record.update", update))

    execution = run(workflow, {"ref": "A-1"})

    assert execution.status == "completed", execution.error_message
    [row] = Records(orders).find()
    assert (row["reference"], row["total"]) == ("A-1", 25)
    assert execution.steps.get(node_key="create").output["_table"] == str(orders.pk)


def test_a_run_that_writes_one_row_costs_seven_statements_when_warm(orders):
    workflow = publish(orders, create(reference="{{ trigger.ref }}"), ("end", "set", {}))
    run(workflow, {"ref": "A-1"})
    execution = executions.start(workflow, input={"ref": "A-2"})

    with CaptureQueriesContext(connection) as captured:
        runner.run(execution.pk, continue_later=None)

    kinds = [query["sql"].split()[0] for query in captured]
    assert kinds == [
        "EXECUTE",  # the execution
        "SAVEPOINT",  # the test's transaction is around it
        "SELECT",  # the limits of the transaction
        "EXECUTE",  # the table
        "INSERT",  # the row
        "INSERT",  # its event
        "EXECUTE",  # the step
        "RELEASE",
        "EXECUTE",  # the end
    ]


def test_find_leaves_through_found_or_none(orders):
    Records(orders).create({"reference": "A-1", "total": "5"})
    workflow = make_workflow(orders.project.organization, project=orders.project)
    where = [{"field": "reference", "op": "eq", "value": "{{ trigger.ref }}"}]
    find = make_node(workflow, "find", "record.find", config={"table": "orders", "where": where})
    make_edge(find, make_node(workflow, "yes", config={"keep_input": True}), "found")
    make_edge(find, make_node(workflow, "no"), "none")
    workflows.publish(workflow)
    workflow.refresh_from_db()

    assert run(workflow, {"ref": "A-1"}).output["total"] == 5
    assert list(run(workflow, {"ref": "A-2"}).steps.values_list("node_key", flat=True)) == ["find", "no"]


def test_refused_row_fails_the_step_and_writes_nothing(orders):
    workflow = publish(orders, create(reference="A-1", total="{{ 'many' }}"))

    execution = run(workflow)

    assert (execution.status, execution.error_step) == ("failed", "create")
    assert "Total" in execution.error_message
    assert Records(orders).count() == 0


def test_a_lost_lease_takes_the_row_back(orders):
    workflow = publish(orders, create(reference="A-1"))
    execution = executions.start(workflow)
    leased = store.take(execution.pk)
    assert store.take(execution.pk, cautious=True) is not None

    with pytest.raises(store.LeaseLost):
        runner.Run(leased, None).go(10, False)

    assert Records(orders).count() == 0
    assert StepRun.objects.count() == 0


def test_step_and_row_are_one_transaction(orders, monkeypatch):
    """A worker that dies between writing the row and keeping the step has written neither; the next writes both."""
    execution = executions.start(publish(orders, create(reference="A-1")))

    def die(*args, **kwargs):
        assert Records(orders).count() == 1  # the row is there, in a transaction that will not commit
        raise SystemExit

    monkeypatch.setattr(store, "flush", die)
    with pytest.raises(SystemExit):
        runner.run(execution.pk, continue_later=lambda *args: None)
    monkeypatch.undo()
    assert (Records(orders).count(), execution.steps.count()) == (0, 0)

    WorkflowExecution.objects.filter(pk=execution.pk).update(lease_until=None)
    runner.run(execution.pk, continue_later=lambda *args: None)

    assert (Records(orders).count(), execution.steps.count()) == (1, 1)


def test_table_that_vanished_is_a_clear_failure(orders):
    workflow = publish(orders, create(reference="A-1"))
    SchemaManager(orders.project).drop_table(orders)

    execution = run(workflow)

    assert (execution.status, "orders" in execution.error_message) == ("failed", True)


def test_table_dropped_behind_our_back_is_a_clear_failure(orders):
    workflow = publish(orders, create(reference="A-1"))
    with connection.cursor() as cursor:
        cursor.execute(f'DROP TABLE "{orders.project.schema_name}".orders')

    execution = run(workflow)

    assert execution.status == "failed"
    assert "Orders" in execution.error_message


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        ({"table": "nothing", "values": values(a="1")}, "no table"),
        ({"table": "orders", "values": values(colour="red")}, "no field"),
        ({"table": "orders"}, "required"),
        ({"table": "orders", "values": values(total="5")}, "needs a value for: Reference"),
    ],
)
def test_publish_names_what_is_missing(orders, config, problem):
    workflow = make_workflow(orders.project.organization, project=orders.project)
    make_chain(workflow, ("create", "record.create", config))

    [found] = workflows.validate(workflow)

    assert found.node == "create"
    assert problem in found.message


def test_the_form_offers_tables_and_their_fields(orders):
    workflow = make_workflow(orders.project.organization, project=orders.project)

    form = node_types["record.create"].form(workflow)

    assert [str(label) for _name, label in form.fields["table"].widget.choices][1:] == ["Orders"]
    html = str(form["values"])
    assert '<optgroup label="Orders">' in html
    assert "Reference *" in html


def test_a_workflow_without_a_project_is_told_to_choose_one(orders):
    workflow = make_workflow(orders.project.organization)
    make_chain(workflow, create(reference="A-1"))

    [found] = workflows.validate(workflow)

    assert (found.node, found.field) == ("create", "Table")
    assert "project" in found.message
