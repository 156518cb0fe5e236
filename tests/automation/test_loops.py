"""For each: turns in order and side by side, results, failures, and what a worker that takes over finds."""

from threading import Barrier

import pytest

from nocode.automation.engine import runner
from nocode.automation.models import WorkflowExecution
from nocode.automation.nodes import Effect, Family, NodeType, node_types
from nocode.automation.nodes import loop as loop_nodes
from nocode.automation.services import executions, workflows
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.services.projects import create_project
from nocode.studio.services.records import Records
from tests.factories import (
    make_edge,
    make_node,
    make_organization,
    make_project,
    make_table,
    make_workflow,
    set_values,
)

pytestmark = pytest.mark.django_db


SETTINGS = {"list": "{{ trigger.items }}", "concurrency": 1, "on_failure": "stop", "collect": True}


AFTER = (("end", "set", set_values(all="{{ input }}")),)


def make_loop(*body, kind="loop", config=None, after=AFTER, **fields):
    """A published workflow: a loop, the chain of its body behind "each", a chain behind "done"."""
    workflow = make_workflow(**fields)
    settings = {name: value for name, value in SETTINGS.items() if kind == "loop" or name != "list"}
    loop = make_node(workflow, "loop", kind, config=settings | (config or {}))
    for port, chain in (("each", body), ("done", after)):
        before, way = loop, port
        for key, node_kind, settings in chain:
            node = make_node(workflow, key, node_kind, config=settings)
            make_edge(before, node, port=way)
            before, way = node, "main"
    workflows.publish(workflow)
    workflow.refresh_from_db()
    return workflow


def run(workflow, items) -> WorkflowExecution:
    execution = executions.start(workflow, input={"items": items})
    return executions.run_now(execution.pk, budget=20)


def turns(execution) -> list[tuple]:
    return list(
        execution.steps.filter(node_key="loop", iteration__gt=0)
        .order_by("iteration")
        .values_list("iteration", "status", "output")
    )


def test_the_body_runs_once_for_each_item_in_order():
    workflow = make_loop(
        ("double", "set", set_values(twice="{{ item * 2 }}", place="{{ index }}")),
        ("name", "set", set_values(text="{{ steps.double.twice }} of {{ item }}")),
    )

    execution = run(workflow, [1, 2, 3])

    assert (execution.status, execution.error_message) == ("completed", "")
    assert execution.output == {"all": [{"text": "2 of 1"}, {"text": "4 of 2"}, {"text": "6 of 3"}]}
    assert [number for number, _status, _output in turns(execution)] == [1, 2, 3]


def steps(execution, key) -> list:
    return list(execution.steps.filter(node_key=key).order_by("iteration").values_list("output", flat=True))


def test_nothing_in_nothing_out():
    execution = run(make_loop(("a", "set", set_values(x="1"))), [])
    assert (execution.status, execution.output) == ("completed", {"all": []})


def test_going_on_after_failures_keeps_what_went_wrong():
    body = (("number", "set", {"values": [{"name": "n", "value": "{{ item }}", "type": "number"}]}),)
    execution = run(make_loop(*body, config={"on_failure": "continue"}), [1, "two", 3])

    assert execution.status == "completed"
    assert [status for _number, status, _output in turns(execution)] == ["completed", "failed", "completed"]
    first, second, third = execution.output["all"]
    assert (first, third, second["item"]) == ({"n": 1}, {"n": 3}, "two")


def test_a_failure_is_repeated_where_it_was_and_the_rest_follows():
    body = (("number", "set", {"values": [{"name": "n", "value": "{{ item }}", "type": "number"}]}),)
    execution = run(make_loop(*body), [1, "two", 3])

    assert (execution.status, execution.error_step) == ("failed", "number")
    assert [status for _number, status, _output in turns(execution)] == ["completed", "failed"]


def test_a_slice_may_end_between_any_two_steps():
    workflow = make_loop(("a", "set", set_values(x="{{ item }}")), ("b", "set", set_values(y="{{ input.x + 1 }}")))
    pk = executions.start(workflow, input={"items": list(range(20))}).pk
    slices = 0
    while WorkflowExecution.objects.get(pk=pk).status in ("pending", "running"):
        runner.run(pk, continue_later=lambda *_later: None, budget=0)
        slices += 1

    execution = WorkflowExecution.objects.get(pk=pk)
    assert execution.output == {"all": [{"y": number + 1} for number in range(20)]}
    assert slices > 20
    assert not execution.steps.exclude(status="completed").exists()
    assert execution.steps.count() == 2 + 3 * 20


def test_what_one_turn_left_behind_is_seen_by_no_other_and_by_nothing_outside():
    peek = set_values(seen="{{ typeof steps.a?.x }}")
    after = (("end", "set", set_values(item="{{ item }}", inside="{{ steps.peek ?? 'nothing' }}")),)
    execution = run(make_loop(("peek", "set", peek), ("a", "set", set_values(x="{{ item }}")), after=after), [1, 2])

    assert [row["seen"] for row in steps(execution, "peek")] == ["undefined", "undefined"]
    assert execution.output == {"item": None, "inside": "nothing"}


def test_as_many_calls_as_asked_for_are_made_at_once():
    class Call(NodeType):
        kind, label, summary, icon, family = "test.call", "Call", "", "call", Family.OUTSIDE
        effect = Effect.OUTSIDE
        meeting = Barrier(3, timeout=10)

        def run(self, settings, step):
            self.meeting.wait()  # breaks unless three calls are under way together
            return {"took": step.input}

    node_types.register(Call)
    try:
        execution = run(make_loop(("call", "test.call", {}), config={"concurrency": 3}), [1, 2, 3, 4, 5, 6])
    finally:
        del node_types._entries[Call.kind]

    assert (execution.status, execution.error_message) == ("completed", "")
    assert execution.output == {"all": [{"took": number} for number in range(1, 7)]}


def test_a_failing_branch_gives_up_what_else_its_turn_had_begun():
    workflow = make_workflow()
    loop = make_node(workflow, "loop", "loop", config=SETTINGS | {"on_failure": "continue"})
    make_edge(loop, make_node(workflow, "wait", "wait", config={"amount": 1, "unit": "days"}), "each")
    make_edge(loop, make_node(workflow, "stop", "stop", config={"message": "no"}), "each")
    workflows.publish(workflow)
    workflow.refresh_from_db()

    execution = run(workflow, ["one"])

    assert (execution.status, execution.output) == ("completed", [{"error": "no", "item": "one"}])
    assert set(execution.steps.filter(iteration=1).values_list("node_key", "status")) == {
        ("loop", "failed"), ("wait", "cancelled"), ("stop", "failed")
    }  # fmt: skip


def test_every_row_of_a_table_has_its_turn_but_not_those_that_turns_add(monkeypatch):
    monkeypatch.setattr(loop_nodes, "PAGE", 2)
    project = create_project(make_organization(), "Shop")
    table = SchemaManager(project).create_table("Orders", [NewField("Total", "integer")])
    Records(table).create_many([{"total": number} for number in range(1, 6)])
    copy = {"table": "orders", "values": [{"field": "total", "value": "{{ item.total * 10 }}"}]}
    where = [{"field": "total", "op": "gte", "value": "2"}]
    config = {"table": "orders", "where": where, "collect": False}
    loop = make_loop(
        ("copy", "record.create", copy), kind="loop.records", config=config,
        organization=project.organization, project=project,
    )  # fmt: skip

    pk = executions.start(loop, input={}).pk
    while (execution := WorkflowExecution.objects.get(pk=pk)).status in ("pending", "running"):
        runner.run(pk, continue_later=lambda *_later: None, budget=0)

    assert (execution.status, execution.output) == ("completed", {"all": {"count": 4, "failed": 0}})
    assert sorted(row["total"] for row in Records(table).find()) == [1, 2, 3, 4, 5, 20, 30, 40, 50]


def test_something_that_is_no_list_fails_the_loop_by_name():
    execution = run(make_loop(("a", "set", set_values(x="1"))), "two")

    assert (execution.status, execution.error_step) == ("failed", "loop")
    assert "not a list" in execution.error_message


def test_ten_thousand_items():
    workflow = make_loop(("a", "set", set_values(x="{{ item }}")), config={"collect": False})
    execution = run(workflow, list(range(10_000)))
    assert execution.output == {"all": {"count": 10_000, "failed": 0}}


def test_a_worker_that_dies_after_the_last_step_of_a_turn_leaves_a_turn_that_ends():
    """A step that writes commits before its turn does: whoever takes over finds a turn without anything to do."""
    project = make_project()
    make_table(project, "Orders", (NewField("Reference", "text"),))
    write = {"table": "orders", "values": [{"field": "reference", "value": "{{ item }}"}]}
    workflow = make_loop(("write", "record.create", write), project=project, organization=project.organization)
    execution = run(workflow, ["a", "b"])
    last = execution.steps.filter(node_key="loop", iteration=2)
    last.update(status="running", ports=[], output=None, finished_at=None)
    execution.steps.filter(node_key="end").delete()
    execution.steps.filter(node_key="loop", iteration=0).update(status="running", ports=[], output=None)
    type(execution).objects.filter(pk=execution.pk).update(status="running", completed_at=None)

    runner.run(execution.pk, continue_later=lambda *_later: None)

    execution.refresh_from_db()
    assert execution.status == "completed"
    assert [row["reference"] for row in execution.output["all"]] == ["a", "b"]
