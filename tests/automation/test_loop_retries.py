"""A step that failed inside a loop is tried again in its turn, and the loop goes on from there."""

import pytest

from nocode.automation import tasks
from nocode.automation.errors import WorkflowNotRunnable
from nocode.automation.models import WorkflowExecution
from nocode.automation.services import executions, workflows
from nocode.foundation.errors import IllegalTransition
from nocode.foundation.models import QueuedTask
from tests.automation.looping import KIND, make_loop, picky_step

pytestmark = pytest.mark.django_db


@pytest.fixture
def picky():
    with picky_step() as kind:
        yield kind


def run(workflow, items=(1, 2, 3, 4, 5)) -> WorkflowExecution:
    return executions.run_now(executions.start(workflow, input={"items": list(items)}).pk, budget=20)


def retry(execution, key="call", **which) -> WorkflowExecution:
    executions.retry_step(execution, key, **which)
    return executions.run_now(execution.pk, budget=20)


def attempts(execution, key="call") -> list[tuple]:
    rows = execution.steps.filter(node_key=key).order_by("iteration", "attempt")
    return list(rows.values_list("iteration", "attempt", "status"))


def test_only_the_turn_that_failed_is_repeated_and_the_others_follow(picky):
    picky.refused = {3}
    execution = run(make_loop(("call", KIND, {})))
    assert (execution.status, execution.error_step, picky.seen) == ("failed", "call", [1, 2, 3])

    picky.refused = set()
    execution = retry(execution)

    assert (execution.status, picky.seen) == ("completed", [1, 2, 3, 3, 4, 5])
    assert execution.output == {"all": [{"took": number} for number in range(1, 6)]}
    assert attempts(execution) == [
        (1, 1, "completed"), (2, 1, "completed"), (3, 1, "failed"), (3, 2, "completed"),
        (4, 1, "completed"), (5, 1, "completed"),
    ]  # fmt: skip
    assert [status for _turn, _attempt, status in attempts(execution, "loop")][1:] == ["completed"] * 6


def test_it_may_fail_again_where_it_failed(picky):
    picky.refused = {3}
    execution = retry(run(make_loop(("call", KIND, {}))))

    assert (execution.status, execution.error_step) == ("failed", "call")
    assert attempts(execution)[2:] == [(3, 1, "failed"), (3, 2, "failed")]


def test_turns_side_by_side_that_failed_are_all_repeated(picky):
    picky.refused = {2, 3}
    execution = run(make_loop(("call", KIND, {}), config={"concurrency": 3}))
    assert sorted(picky.seen) == [1, 2, 3]

    picky.refused = set()
    execution = retry(execution)

    assert (execution.status, sorted(picky.seen)) == ("completed", [1, 2, 2, 3, 3, 4, 5])


def test_a_turn_the_loop_went_on_without_is_not_repeated(picky):
    picky.refused = {2}
    workflow = make_loop(("call", KIND, {}), ("check", "set", {}), config={"on_failure": "continue"})
    end = workflow.nodes.get(key="end")
    end.kind, end.config = "stop", {"message": "Enough."}
    end.save()
    workflows.publish(workflow)
    workflow.refresh_from_db()
    execution = run(workflow)
    assert (execution.status, execution.error_step) == ("failed", "end")

    for which in ({}, {"iteration": 2}):
        with pytest.raises(WorkflowNotRunnable, match="has not failed in this execution"):
            executions.retry_step(execution, "call", **which)


def test_the_task_of_one_turn_that_comes_twice_repeats_it_once(picky):
    picky.refused = {3}
    execution = run(make_loop(("call", KIND, {})))

    tasks.retry_failed_step(str(execution.pk), "call", 1, 3)
    tasks.retry_failed_step(str(execution.pk), "call", 1, 3)

    assert attempts(execution)[2:] == [(3, 1, "failed"), (3, 2, "failed")]
    with pytest.raises(WorkflowNotRunnable):
        tasks.retry_failed_step(str(execution.pk), "call", 1, 2)


def test_a_second_click_is_refused_and_queues_nothing(picky):
    picky.refused = {3}
    execution = run(make_loop(("call", KIND, {})))
    executions.retry_step(execution, "call")
    queued = QueuedTask.objects.count()

    with pytest.raises(IllegalTransition):
        executions.retry_step(execution, "call")

    assert QueuedTask.objects.count() == queued
