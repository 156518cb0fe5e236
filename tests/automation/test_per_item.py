"""Steps that run once for each item of the list that enters them: order, roots, failures, keys, limits."""

import json
from contextlib import contextmanager

import pytest

from nocode.automation.engine import peritem, runner
from nocode.automation.errors import PermanentFailure, TransientFailure
from nocode.automation.models import ExecutionLog
from nocode.automation.nodes import Effect, NodeType, node_types
from nocode.automation.nodes.base import Family
from nocode.automation.services import workflows
from nocode.studio.schema.manager import NewField
from nocode.studio.services.records import Records
from tests.automation.looping import make_loop
from tests.automation.stepping import run, run_step
from tests.factories import make_node, make_published, make_table, make_workflow, set_values

pytestmark = pytest.mark.django_db
DOUBLE = set_values(n="{{ item * 2 }}", at="{{ index }}", same="{{ input === item && $json === item }}") | {
    "for_each": True
}


@contextmanager
def caller(*, refused=(), passing=()):
    """A step type that calls out; `keys` are the idempotency keys it used."""

    class Caller(NodeType):
        kind, label, summary, icon, family = "test.caller", "Caller", "", "call", Family.OUTSIDE
        effect = Effect.OUTSIDE
        keys: list = []

        def run(self, settings, step):
            self.keys.append(step.idempotency_key)
            if step.input in refused:
                raise PermanentFailure(f"{step.input} is refused")
            if step.input in passing:
                raise TransientFailure(f"{step.input} is busy")
            return step.input * 10

    node_types.register(Caller)
    Caller.keys.clear()
    try:
        yield Caller.keys
    finally:
        del node_types._entries["test.caller"]


def test_results_stand_in_the_order_of_the_items_and_each_item_is_the_input():
    execution = run_step("set", DOUBLE, [3, 1])

    assert execution.output == [{"n": 6, "at": 0, "same": True}, {"n": 2, "at": 1, "same": True}]
    assert "{{ item * 2 }}" in json.dumps(execution.steps.get().settings)  # as written: there is one for each item


@pytest.mark.parametrize(("data", "expected"), [([], []), (4, {"n": None, "at": None}), ([None], [{"n": 0, "at": 0}])])
def test_an_empty_list_gives_one_and_what_is_no_list_runs_once(data, expected):
    config = set_values(n="{{ item === undefined || index === null ? null : item * 2 }}", at="{{ index }}")

    assert run_step("set", config | {"for_each": True}, data).output == expected


def test_what_follows_sees_the_list_and_no_item():
    workflow = make_published(
        ("each", "set", DOUBLE), ("after", "set", set_values(all="{{ input.length }}", item="{{ item }}"))
    )

    assert run(workflow, [1, 2]).output == {"all": 2, "item": None}


def test_inside_a_loop_the_item_of_the_loop_comes_back_afterwards():
    body = [
        ("each", "set", set_values(x="{{ item }}") | {"for_each": True}),
        ("last", "set", set_values(of="{{ item }}")),
    ]
    execution = run(make_loop(*body), {"items": [[1, 2], [3]]})

    assert execution.output == {"all": [{"of": [1, 2]}, {"of": [3]}]}


def test_a_failure_names_its_item_and_the_step_gives_nothing():
    with caller(refused={2}) as keys:
        execution = run_step("test.caller", {"for_each": True}, [1, 2, 3])

    assert execution.error_message == "Item 2: 2 is refused"
    assert [key.partition(":")[2] for key in keys] == ["step:0:0", "step:0:1"]


def publish(config, on_error, **fields):
    workflow = make_workflow(**fields)
    make_node(workflow, "step", config.pop("kind"), config=config | {"for_each": True}, on_error=on_error)
    workflows.publish(workflow)
    workflow.refresh_from_db()
    return workflow


def test_a_step_that_goes_on_puts_the_error_in_the_place_of_its_item():
    with caller(refused={2}):
        execution = run(publish({"kind": "test.caller"}, "continue"), [1, 2, 3])

    assert execution.output == [10, {"error": "2 is refused", "input": 2}, 30]
    assert ExecutionLog.objects.get(execution=execution, level="warning").message == "Item 2 failed."


def test_a_failure_that_passes_repeats_all_with_the_same_keys():
    with caller(passing={2}) as keys:
        execution = run(publish({"kind": "test.caller"}, "continue"), [1, 2])
        first = list(keys)
        execution.steps.update(wake_at=execution.created_at)
        type(execution).objects.update(wake_at=execution.created_at)
        runner.run(execution.pk, continue_later=lambda *args: None)

    assert execution.status == "waiting"
    assert keys == first * 2


def test_settings_that_do_not_fit_one_item_are_that_items_failure():
    workflow = publish({"kind": "limit", "items": "{{ item.list }}", "count": "{{ item.count }}"}, "continue")

    execution = run(workflow, [{"list": [1, 2], "count": 1}, {"list": [1], "count": "x"}])

    assert execution.output[0] == [1]
    assert "At most" in execution.output[1]["error"]


@pytest.fixture
def table():
    return make_table(label="Names", fields=(NewField("Name", "text", required=True),))


@pytest.mark.parametrize(("on_error", "rows"), [("stop", set()), ("continue", {"a", "c"})])
def test_rows_are_written_all_or_none_or_all_that_can_be(table, on_error, rows):
    values = [{"field": "name", "value": "{{ item }}"}]
    config = {"kind": "record.create", "table": "names", "values": values}
    workflow = publish(config, on_error, organization=table.project.organization, project=table.project)

    execution = run(workflow, ["a", "", "c"])

    assert {row["name"] for row in Records(table).find()} == rows
    assert execution.status == ("failed" if on_error == "stop" else "completed")
    assert on_error == "stop" or [each.get("name") for each in execution.output] == ["a", None, "c"]


def test_rows_are_found_for_each_item_and_the_way_is_the_one_that_was_taken(table):
    Records(table).create({"name": "a"})
    where = [{"field": "name", "op": "eq", "value": "{{ item }}"}]
    place = {"organization": table.project.organization, "project": table.project}
    config = {"table": "names", "where": where, "first": True, "for_each": True}

    step = run_step("record.find", config, ["a", "z"], **place).steps.get()

    assert ([each and each["name"] for each in step.output], step.ports) == (["a", None], ["found", "none"])


def test_there_are_limits_on_items_and_on_results(monkeypatch):
    many = run_step("set", {"for_each": True}, [None] * (peritem.MOST_ITEMS + 1))
    monkeypatch.setattr(peritem, "MOST_CHARACTERS", 100)
    large = run_step("set", set_values(a="{{ 'x'.repeat(60) }}") | {"for_each": True}, [1, 2])

    assert "at most 10000 items" in many.error_message
    assert "use a loop" in large.error_message


def test_a_step_that_cannot_says_so_before_it_is_published():
    workflow = make_workflow()
    make_node(workflow, "wait", "wait", config={"amount": 1, "for_each": True})

    [problem] = workflows.validate(workflow)

    assert "use a loop" in problem.message
