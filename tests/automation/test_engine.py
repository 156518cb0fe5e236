"""The engine on the real database: what a run leaves behind, and at what cost."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from nocode.automation.engine import runner, store
from nocode.automation.errors import TransientFailure
from nocode.automation.models import StepRun, WorkflowExecution
from nocode.automation.nodes import NodeType, Outcome, node_types
from nocode.automation.nodes.base import Effect, Family
from nocode.automation.services import executions, workflows
from nocode.automation.tasks import retry_failed_step
from nocode.foundation.errors import IllegalTransition
from nocode.foundation.models import OutboxEvent, QueuedTask
from tests.factories import (
    make_chain,
    make_edge,
    make_node,
    make_published,
    make_trigger,
    make_workflow,
    set_values,
)

pytestmark = pytest.mark.django_db

Status = WorkflowExecution.Status


def start(workflow, **options) -> WorkflowExecution:
    return executions.start(workflow, **options)


def run(execution: WorkflowExecution, **options) -> WorkflowExecution:
    later = []
    runner.run(execution.pk, continue_later=lambda *args: later.append(args), **options)
    execution = WorkflowExecution.objects.get(pk=execution.pk)
    execution.later = later
    return execution


def outputs(execution: WorkflowExecution) -> dict:
    return {step.node_key: step.output for step in execution.steps.filter(status="completed")}


def event_names(execution: WorkflowExecution) -> list[str]:
    events = OutboxEvent.objects.filter(key=f"execution:{execution.pk}").order_by("id")
    return [event.name.rpartition(".")[2] for event in events]


@pytest.fixture
def flaky():
    """A step type that fails as many times as it is told, and the calls it got."""

    class Flaky(NodeType):
        kind, label, summary, icon, family = "test.flaky", "Flaky", "", "bug_report", Family.OUTSIDE
        effect = Effect.OUTSIDE
        failures, calls = 0, []

        def run(self, settings, step):
            self.calls.append(step.idempotency_key)
            if len(self.calls) <= self.failures:
                raise TransientFailure(f"try {len(self.calls)} failed")
            return {"tries": len(self.calls)}

    Flaky.calls = []
    node_types.register(Flaky)
    yield node_types["test.flaky"]
    del node_types._entries["test.flaky"]


def test_steps_run_in_order_and_the_last_output_is_the_result():
    workflow = make_published(
        ("double", "set", set_values(n="{{ trigger.n * 2 }}")),
        ("say", "set", set_values(text="n is {{ steps.double.n }}", same="{{ input.n }}")),
    )

    execution = run(start(workflow, input={"n": 21}))

    assert execution.status == Status.COMPLETED
    assert outputs(execution) == {"double": {"n": 42}, "say": {"text": "n is 42", "same": 42}}
    assert execution.output == {"text": "n is 42", "same": 42}
    assert execution.completed_at >= execution.started_at
    assert execution.lease_token is None


def test_each_transition_is_announced_once_with_its_payload():
    workflow = make_published(("a", "set", set_values(x="1")))

    execution = run(start(workflow))

    assert event_names(execution) == ["started", "completed"]
    event = OutboxEvent.objects.get(name="automation.execution.completed")
    assert event.organization_id == workflow.organization_id
    assert event.payload == {
        "execution_id": str(execution.pk),
        "workflow_id": str(workflow.pk),
        "workflow_name": workflow.name,
        "organization_id": str(workflow.organization_id),
        "status": "completed",
        "duration": pytest.approx(execution.duration),
        "error_message": "",
    }
    execution.save()
    assert event_names(execution) == ["started", "completed"]


def test_four_pure_steps_cost_two_statements_when_warm():
    workflow = make_published(*((key, "set", set_values(v="{{ 1 + 1 }}")) for key in "abcd"))
    run(start(workflow))
    execution = start(workflow)

    with CaptureQueriesContext(
        connection,
    ) as captured:
        runner.run(execution.pk, continue_later=None)

    statements = [query["sql"] for query in captured if "SAVEPOINT" not in query["sql"]]
    assert len(statements) == 2, statements


def test_choice_takes_one_branch_and_joins_again():
    workflow = make_workflow()
    check = make_node(
        workflow, "check", "if", config={"conditions": [{"left": "{{ trigger.total }}", "op": "gte", "right": "1000"}]}
    )
    large, small = make_node(workflow, "large"), make_node(workflow, "small")
    end = make_node(workflow, "end", "merge")
    make_edge(check, large, "true")
    make_edge(check, small, "false")
    make_edge(large, end)
    make_edge(small, end)
    workflows.publish(workflow)
    workflow.refresh_from_db()

    execution = run(start(workflow, input={"total": 999}))

    assert set(outputs(execution)) == {"check", "small", "end"}
    assert execution.output == [{}]


def test_switch_can_follow_every_rule_that_holds():
    rules = [
        {"port": "big", "left": "{{ trigger.n }}", "op": "gt", "right": "10"},
        {"port": "even", "left": "{{ trigger.n % 2 }}", "op": "eq", "right": "0"},
    ]
    workflow = make_workflow()
    switch = make_node(workflow, "switch", "switch", config={"rules": rules, "every": True})
    for port in ("big", "even", "otherwise"):
        make_edge(switch, make_node(workflow, port), port)
    workflows.publish(workflow)
    workflow.refresh_from_db()

    assert set(outputs(run(start(workflow, input={"n": 12})))) == {"switch", "big", "even"}
    assert set(outputs(run(start(workflow, input={"n": 3})))) == {"switch", "otherwise"}


def test_filter_sees_each_item():
    conditions = [{"left": "{{ item.price }}", "op": "lt", "right": "{{ trigger.limit }}"}]
    workflow = make_published(("keep", "filter", {"items": "{{ trigger.items }}", "conditions": conditions}))

    execution = run(start(workflow, input={"limit": 5, "items": [{"price": 3}, {"price": 9}, {"price": 4}]}))

    assert execution.output == [{"price": 3}, {"price": 4}]


def test_expression_error_names_step_setting_and_expression():
    workflow = make_published(("broken", "set", set_values(x="{{ trigger.missing.deep }}")))

    execution = run(start(workflow, input={}))

    assert (execution.status, execution.error_step) == (Status.FAILED, "broken")
    assert "Values" in execution.error_message
    assert "trigger.missing.deep" in execution.error_message
    assert event_names(execution) == ["started", "failed"]


def test_stop_fails_with_the_persons_own_message():
    workflow = make_published(("no", "stop", {"message": "Order {{ trigger.id }} refused"}))

    execution = run(start(workflow, input={"id": 7}))

    assert (execution.status, execution.error_message) == (Status.FAILED, "Order 7 refused")


def test_error_branch_gets_the_error_and_the_input():
    workflow = make_workflow()
    broken = make_node(workflow, "broken", config=set_values(x="{{ nothing.here }}"), on_error="branch")
    mend = make_node(workflow, "mend", config=set_values(why="{{ input.error }}", what="{{ input.input.id }}"))
    make_edge(broken, make_node(workflow, "usual"))
    make_edge(broken, mend, "error")
    workflows.publish(workflow)
    workflow.refresh_from_db()

    execution = run(start(workflow, input={"id": 7}))

    assert execution.status == Status.COMPLETED
    assert "nothing" in execution.output["why"]
    assert execution.output["what"] == 7
    assert not execution.steps.filter(node_key="usual").exists()


def test_transient_failure_retries_the_same_step_with_growing_pauses_and_the_same_key(flaky):
    flaky.__class__.failures = 2
    workflow = make_published(("first", "set", set_values(x="1")), ("call", "test.flaky", {}), ("last", "set", {}))
    execution = start(workflow)

    pauses = []
    for _try in range(2):
        execution = run(execution)
        assert execution.status == Status.WAITING
        [(_id, due_at)] = execution.later
        assert due_at == execution.wake_at
        pauses.append((due_at - timezone.now()).total_seconds())
        early = run(execution)
        assert (early.status, len(flaky.calls)) == (Status.WAITING, _try + 1)
        WorkflowExecution.objects.filter(pk=execution.pk).update(wake_at=timezone.now())
        StepRun.objects.filter(execution=execution, status="failed").update(wake_at=timezone.now())
    execution = run(execution)

    assert execution.status == Status.COMPLETED
    assert [55 < pauses[0] < 67, 115 < pauses[1] < 133] == [True, True]
    assert len(flaky.calls) == 3
    assert set(flaky.calls) == {f"{execution.pk}:call:0"}
    steps = execution.steps.values_list("node_key", "attempt", "status")
    assert list(steps) == [
        ("first", 1, "completed"),
        ("call", 1, "failed"),
        ("call", 2, "failed"),
        ("call", 3, "completed"),
        ("last", 1, "completed"),
    ]


def test_retries_end_and_one_step_can_be_repeated_with_the_saved_context(flaky):
    flaky.__class__.failures = 1
    workflow = make_workflow()
    first, call = make_chain(workflow, ("first", "set", set_values(x="1")), ("call", "test.flaky", {}))
    call.max_retries = 0
    call.save()
    make_edge(call, make_node(workflow, "last", config=set_values(x="{{ steps.first.x }}")))
    workflows.publish(workflow)
    workflow.refresh_from_db()
    execution = run(start(workflow))
    assert (execution.status, execution.error_message) == (Status.FAILED, "try 1 failed")

    executions.retry_step(execution, "call")
    execution = run(execution)

    assert (execution.status, execution.error_message) == (Status.COMPLETED, "")
    assert execution.output == {"x": "1"}
    assert list(execution.steps.values_list("node_key", "attempt")) == [
        ("first", 1), ("call", 1), ("call", 2), ("last", 1)
    ]  # fmt: skip
    with pytest.raises(IllegalTransition):
        executions.retry_step(execution, "call")


def test_the_time_between_a_failure_and_the_retry_is_no_duration(flaky):
    flaky.__class__.failures = 2
    workflow = make_workflow()
    make_chain(workflow, ("call", "test.flaky", {}))
    workflow.nodes.update(max_retries=0)
    workflows.publish(workflow)
    workflow.refresh_from_db()
    execution = run(start(workflow))
    for _time in range(2):
        ago = timezone.now() - timedelta(hours=1)
        began = ago - execution.idle - timedelta(seconds=30)
        WorkflowExecution.objects.update(started_at=began, completed_at=ago)
        executions.retry_step(execution, "call")
        execution = run(execution)

    assert execution.status == Status.COMPLETED
    assert execution.completed_at - execution.started_at > timedelta(hours=2)
    assert 30 <= execution.duration < 300
    told = OutboxEvent.objects.get(name="automation.execution.completed").payload
    assert told["duration"] == pytest.approx(execution.duration)
    assert execution.counted_from == execution.started_at + execution.idle


def test_the_retry_task_may_run_twice(flaky):
    flaky.__class__.failures = 1
    workflow = make_published(("call", "test.flaky", {}))
    workflow.nodes.update(max_retries=0)
    workflows.publish(workflow)
    workflow.refresh_from_db()
    execution = run(start(workflow))
    assert execution.status == Status.FAILED

    retry_failed_step(str(execution.pk), "call", 1)
    retry_failed_step(str(execution.pk), "call", 1)

    execution.refresh_from_db()
    assert (execution.status, len(flaky.calls)) == (Status.COMPLETED, 2)


def test_wait_releases_the_worker_and_goes_on_when_its_time_has_come():
    workflow = make_published(("pause", "wait", {"amount": "3600", "unit": "seconds"}), ("end", "set", {}))

    execution = run(start(workflow, input={"n": 1}))
    assert (execution.status, execution.lease_token) == (Status.WAITING, None)
    assert timedelta(minutes=59) < execution.wake_at - timezone.now() < timedelta(minutes=61)
    WorkflowExecution.objects.filter(pk=execution.pk).update(wake_at=timezone.now())
    execution.steps.update(wake_at=timezone.now())
    execution = run(execution)

    assert execution.status == Status.COMPLETED
    assert list(execution.steps.values_list("node_key", "attempt", "status")) == [
        ("pause", 1, "completed"), ("end", 1, "completed")
    ]  # fmt: skip


def test_a_held_execution_is_left_alone_and_an_expired_lease_is_taken_over():
    workflow = make_published(("a", "set", {}))
    execution = start(workflow)
    assert store.take(execution.pk, cautious=True) is not None

    held = run(execution)
    assert (held.status, held.steps.count()) == (Status.RUNNING, 0)
    [(_id, pause)] = held.later  # whoever was refused comes back when the lease ends
    assert timedelta(seconds=5) < pause < timedelta(seconds=store.LEASE_SECONDS + 1)
    WorkflowExecution.objects.filter(pk=execution.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    execution = run(execution)

    assert execution.status == Status.COMPLETED
    assert "another one went on" in execution.logs.get().message


def test_taking_a_lease_in_somebodys_transaction_leaves_its_durability_alone():
    execution = start(make_published(("a", "set", {})))
    store.take(execution.pk, cautious=True)
    WorkflowExecution.objects.filter(pk=execution.pk).update(lease_until=timezone.now())

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = on")
        assert store.take(execution.pk) is not None
        cursor.execute("SHOW synchronous_commit")
        assert cursor.fetchone() == ("on",)


@pytest.mark.parametrize("cautious", [False, True], ids=["that was never written", "that another one took over"])
def test_a_worker_that_lost_its_lease_writes_nothing(cautious):
    workflow = make_published(("a", "set", {}))
    execution = start(workflow)
    slow = store.take(execution.pk, cautious=cautious)
    WorkflowExecution.objects.filter(pk=execution.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    run(execution)

    runner.Run(slow, None)
    with pytest.raises(store.LeaseLost):
        runner.Run(slow, None).go(1, False)

    assert execution.steps.count() == 1
    assert event_names(execution) == ["started", "completed"]


def test_a_step_that_kills_its_workers_ends_as_failed():
    workflow = make_published(("a", "set", {}))
    execution = start(workflow)
    for _crash in range(runner.MAX_CRASHES + 2):
        assert store.take(execution.pk, cautious=True) is not None
        WorkflowExecution.objects.filter(pk=execution.pk).update(lease_until=timezone.now() - timedelta(seconds=1))

    execution = run(execution)

    assert execution.status == Status.FAILED
    assert "stopped" in execution.error_message


def test_cancel_stops_the_run_and_is_announced_once():
    workflow = make_published(("pause", "wait", {"amount": "1", "unit": "hours"}), ("end", "set", {}))
    execution = run(start(workflow))

    execution = executions.cancel(execution)

    assert event_names(execution) == ["started", "cancelled"]
    assert execution.steps.get().status == StepRun.Status.CANCELLED
    assert run(execution).status == Status.CANCELLED
    with pytest.raises(IllegalTransition):
        executions.cancel(execution)


def test_time_limit_fails_the_execution():
    workflow = make_published(("a", "set", {}), ("b", "set", {}), timeout=5)
    execution = start(workflow)
    leased = store.take(execution.pk)
    leased.deadline_at = timezone.now() - timedelta(seconds=1)

    runner.Run(leased, None).go(1, False)

    execution.refresh_from_db()
    assert (execution.status, "5 seconds" in execution.error_message) == (Status.FAILED, True)


def test_budget_hands_the_rest_to_the_next_worker():
    workflow = make_published(*((key, "set", {}) for key in "abc"))

    execution = run(start(workflow), budget=0)

    assert (execution.status, execution.lease_token) == (Status.RUNNING, None)
    assert execution.later == [(execution.pk, None)]
    execution = run(execution)
    assert execution.status == Status.COMPLETED
    assert execution.steps.count() == 3


def test_response_is_given_before_the_rest_runs():
    workflow = make_published(("answer", "respond", {"status": 201, "body": "{{ trigger }}"}), ("rest", "set", {}))

    execution = run(start(workflow, input={"a": 1}), until_response=True)

    assert execution.response == {"status": 201, "headers": {}, "body": {"a": 1}}
    assert execution.status == Status.RUNNING
    assert execution.later == [(execution.pk, None)]


def test_outside_calls_of_parallel_branches_run_side_by_side():
    from threading import Barrier

    barrier = Barrier(2, timeout=5)

    class Meet(NodeType):
        kind, label, summary, icon, family = "test.meet", "Meet", "", "bug_report", Family.OUTSIDE
        effect = Effect.OUTSIDE

        def run(self, settings, step):
            barrier.wait()  # passes only when both calls are under way
            return Outcome(step.key)

    node_types.register(Meet)
    try:
        workflow = make_workflow()
        for key in ("left", "right"):
            make_node(workflow, key, "test.meet")
        workflows.publish(workflow)
        workflow.refresh_from_db()

        execution = run(start(workflow))
    finally:
        del node_types._entries["test.meet"]

    assert execution.output == {"left": "left", "right": "right"}


@pytest.mark.parametrize("text", ["\x00 nul", "lone \ud800 surrogate", "back\\u0000slash", "😀 é"])
def test_text_that_jsonb_refuses_is_stored_readably(text):
    workflow = make_published(("a", "set", set_values(x="{{ trigger.text }}")))

    execution = run(start(workflow, input={"text": store.json.loads(store.to_json(text))}))

    assert execution.status == Status.COMPLETED
    assert "\x00" not in execution.output["x"]
    assert execution.output["x"] == text.replace("\x00", "\ufffd").replace("\ud800", "\ufffd")


def test_start_is_refused_with_the_reason_and_leaves_nothing():
    draft = make_workflow(name="Draft one")
    paused = make_published(("a", "set", {}), name="Paused one")
    workflows.pause(paused)

    for workflow, reason in ((draft, "never been published"), (paused, "paused")):
        with pytest.raises(executions.WorkflowNotRunnable, match=reason):
            start(workflow)

    assert WorkflowExecution.objects.count() == QueuedTask.objects.filter(name__contains="execute").count() == 0


def test_a_trigger_starts_where_the_published_version_says():
    workflow = make_workflow()
    first, _second = make_chain(workflow, ("one", "set", set_values(x="1")), ("two", "set", set_values(x="2")))
    make_node(workflow, "other")
    trigger = make_trigger(workflow, entry="one")
    workflows.publish(workflow)
    first.key, trigger.entry = "uno", "uno"
    first.save()
    trigger.save()
    workflow.refresh_from_db()

    execution = run(start(workflow, trigger=trigger))

    assert set(outputs(execution)) == {"one", "two"}


def test_deleting_a_workflow_keeps_its_executions():
    workflow = make_published(("a", "set", set_values(x="1")))
    execution = run(start(workflow))

    workflow.delete()

    execution.refresh_from_db()
    assert (execution.workflow, execution.output) == (None, {"x": "1"})
    assert execution.version.graph["nodes"][0]["key"] == "a"
