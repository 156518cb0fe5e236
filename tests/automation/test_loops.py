"""For each: turns in order and side by side, results, failures, and what a worker that takes over finds."""

import pytest

from nocode.automation.engine import runner
from nocode.automation.models import WorkflowExecution
from nocode.automation.services import executions, workflows
from tests.factories import make_edge, make_node, make_workflow, set_values

pytestmark = pytest.mark.django_db


SETTINGS = {"list": "{{ trigger.items }}", "concurrency": 1, "on_failure": "stop", "collect": True}


AFTER = (("end", "set", set_values(all="{{ input }}")),)


def make_loop(*body, kind="loop", config=None, after=AFTER, **fields):
    """A published workflow: a loop, the chain of its body behind "each", a chain behind "done"."""
    workflow = make_workflow(**fields)
    loop = make_node(workflow, "loop", kind, config=SETTINGS | (config or {}))
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


def test_ten_thousand_items():
    workflow = make_loop(("a", "set", set_values(x="{{ item }}")), config={"collect": False})
    execution = run(workflow, list(range(10_000)))
    assert execution.output == {"all": {"count": 10_000, "failed": 0}}
