"""A pending execution has no lease: whoever commits first has begun it, and nobody else has done anything."""

import os
import signal
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from nocode.automation.engine import runner, store
from nocode.automation.errors import LeaseLost
from nocode.automation.models import WorkflowExecution
from nocode.automation.nodes import NodeType, node_types
from nocode.automation.nodes.base import Effect, Family
from nocode.automation.services import executions, workflows
from nocode.foundation.models import OutboxEvent
from tests.factories import make_chain, make_organization, make_project, make_published, make_table, make_workflow
from tests.fixtures.cluster import is_alive
from tests.fixtures.stack import eventually
from tests.locks import cut_off, nobody_may_use, waits_for

Status = WorkflowExecution.Status


@pytest.fixture
def think():
    """A pure step type; the test says what happens meanwhile as `think.does`."""

    class Think(NodeType):
        kind, label, summary, icon, family = "test.think", "Think", "", "bug_report", Family.LOGIC
        effect = Effect.PURE
        does = staticmethod(lambda: None)

        def run(self, settings, step):
            return self.does()

    node_types.register(Think)
    yield node_types["test.think"]
    del node_types._entries["test.think"]


def run(execution: WorkflowExecution) -> list[tuple]:
    """Run it; what was asked to be continued later."""
    later = []
    runner.run(execution.pk, continue_later=lambda *args: later.append(args))
    execution.refresh_from_db()
    return later


def told(execution: WorkflowExecution) -> list[str]:
    events = OutboxEvent.objects.filter(key=f"execution:{execution.pk}").order_by("id")
    return [event.name.rpartition(".")[2] for event in events]


@pytest.mark.django_db
def test_reading_a_pending_execution_leaves_it_as_it_was():
    execution = executions.start(make_published(("a", "set", {})))
    before = WorkflowExecution.objects.filter(pk=execution.pk).values().get()

    first, second = store.take(execution.pk), store.take(execution.pk)

    assert first.token != second.token
    assert first.deadline_at - first.started_at == timedelta(seconds=execution.timeout)
    assert WorkflowExecution.objects.filter(pk=execution.pk).values().get() == before
    assert told(execution) == []


@pytest.mark.django_db
def test_of_two_workers_the_first_to_commit_goes_on_and_the_other_comes_back_later(think):
    execution = executions.start(make_published(("a", "test.think", {}), ("b", "set", {})))
    think.does = lambda: store.take(execution.pk, cautious=True) and None

    [(_id, pause)] = run(execution)

    assert (execution.status, execution.steps.count(), told(execution)) == (Status.RUNNING, 0, ["started"])
    assert timedelta(seconds=store.LEASE_SECONDS - 2) < pause < timedelta(seconds=store.LEASE_SECONDS + 1)


@pytest.mark.django_db
def test_what_another_worker_has_finished_meanwhile_is_left_alone(think):
    execution = executions.start(make_published(("a", "test.think", {}), ("b", "set", {})))

    def overtake():
        think.does = lambda: None
        run(execution)

    think.does = overtake

    assert run(execution) == []
    assert (execution.status, execution.steps.count()) == (Status.COMPLETED, 2)
    assert told(execution) == ["started", "completed"]


@pytest.mark.django_db
def test_an_execution_cancelled_before_its_first_commit_leaves_nothing(think):
    execution = executions.start(make_published(("a", "test.think", {}), ("b", "set", {})))
    think.does = lambda: executions.cancel(execution) and None

    assert run(execution) == []
    assert (execution.status, execution.started_at, execution.steps.count()) == (Status.CANCELLED, None, 0)
    assert told(execution) == ["cancelled"]


@pytest.mark.django_db
def test_long_pure_work_is_seen_running_from_its_first_commit(think, monkeypatch):
    monkeypatch.setattr(runner, "FLUSH_ROWS", 1)
    execution = executions.start(make_published(("a", "test.think", {}), ("b", "test.think", {})))
    seen = []
    think.does = lambda: seen.append(
        WorkflowExecution.objects.filter(pk=execution.pk, lease_until__gt=timezone.now()).values_list("status").first()
    )

    run(execution)

    assert seen == [None, (Status.RUNNING,)]
    assert (execution.status, told(execution)) == (Status.COMPLETED, ["started", "completed"])
    assert execution.created_at < execution.started_at < execution.completed_at < execution.deadline_at


@pytest.mark.django_db
def test_an_execution_that_is_pending_for_long_leaves_a_trace_before_it_runs(think):
    """A task that ran out of its time, or a queue that does not count deaths, must not let it be tried for ever."""
    execution = executions.start(make_published(("a", "test.think", {})))
    WorkflowExecution.objects.filter(pk=execution.pk).update(created_at=timezone.now() - store.FRESH)

    def die():
        raise SystemExit

    think.does = die
    for _death in range(runner.MAX_CRASHES + 1):
        with pytest.raises(SystemExit):
            run(execution)
        WorkflowExecution.objects.filter(pk=execution.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    run(execution)

    assert (execution.status, execution.steps.count(), told(execution)) == (Status.FAILED, 0, ["started", "failed"])
    assert "stopped 6 times" in execution.error_message


@pytest.mark.django_db
def test_a_commit_that_fails_has_not_begun_it():
    leased = store.take(executions.start(make_published(("a", "set", {}))).pk)

    with transaction.atomic():
        store.flush(leased, [], [])
        transaction.set_rollback(True)
    store.flush(leased, [], [])

    execution = WorkflowExecution.objects.get()
    assert (execution.lease_token, told(execution)) == (leased.token, ["started"])
    with pytest.raises(LeaseLost):
        store.flush(store.Leased(**{**vars(leased), "token": execution.pk}), [], [])


@pytest.mark.django_db(transaction=True)
def test_a_first_step_that_kills_its_workers_ends_as_failed(start_cluster):
    """The first death leaves no trace in the execution; the queue has counted it, and the next one does."""
    project = make_project(make_organization())
    workflow = make_workflow(project.organization, project=project)
    make_chain(workflow, ("find", "record.find", {"table": make_table(project).physical_name}))
    workflows.publish(workflow)
    workflow.refresh_from_db()
    cluster = start_cluster(workers=1)
    seen = []
    with nobody_may_use("studio_datatable"):
        execution = executions.start(workflow)
        for _death in range(2):
            servers = eventually(lambda: waits_for("studio_datatable"), within=20, what="the step to be under way")
            execution.refresh_from_db()
            seen.append((execution.status, execution.crashes))
            [victim] = cluster.workers
            os.kill(victim, signal.SIGKILL)
            eventually(lambda victim=victim: not is_alive(victim), within=10, what="the worker to be dead")
            cut_off(servers)
        WorkflowExecution.objects.filter(pk=execution.pk).update(crashes=runner.MAX_CRASHES)

        def is_over() -> bool:
            execution.refresh_from_db()
            return execution.is_finished

        eventually(is_over, within=20, what="the execution to be given up")

    assert seen == [("pending", 0), ("running", 0)]
    assert (execution.status, told(execution)) == (Status.FAILED, ["started", "failed"])
    assert "stopped 6 times" in execution.error_message
