"""The engine under faults: dying workers, clocks that disagree, answers that cannot be stored."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from nocode.automation.engine import runner, statements, store
from nocode.automation.errors import PermanentFailure, WorkflowNotRunnable
from nocode.automation.models import WorkflowExecution
from nocode.automation.nodes import NodeType, node_types
from nocode.automation.nodes.base import Effect, Family
from nocode.automation.services import drafts, executions, workflows
from nocode.foundation.models import OutboxEvent
from nocode.studio.services.records import Records
from tests.factories import (
    make_chain,
    make_organization,
    make_project,
    make_published,
    make_table,
    make_trigger,
    make_workflow,
    set_values,
)

Status = WorkflowExecution.Status


@pytest.fixture
def call():
    """A step type that calls outside; the test says what happens then as `call.does`."""

    class Call(NodeType):
        kind, label, summary, icon, family = "test.call", "Call", "", "bug_report", Family.OUTSIDE
        effect = Effect.OUTSIDE
        does = None

        def run(self, settings, step):
            return self.does()

    node_types.register(Call)
    yield node_types["test.call"]
    del node_types._entries["test.call"]


def die():
    raise SystemExit


def run(execution: WorkflowExecution) -> WorkflowExecution:
    runner.run(execution.pk, continue_later=lambda *args: None)
    return WorkflowExecution.objects.get(pk=execution.pk)


def crash(execution: WorkflowExecution) -> None:
    """A worker takes the execution and dies on it; its lease ends."""
    with pytest.raises(SystemExit):
        run(execution)
    WorkflowExecution.objects.filter(pk=execution.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def nested(depth: int) -> list:
    value: list = []
    for _level in range(depth):
        value = [value]
    return value


@pytest.mark.django_db
def test_an_outside_call_that_kills_its_workers_ends_as_failed_and_can_be_repeated(call):
    execution = executions.start(make_published(("a", "set", {}), ("b", "test.call", {})))
    call.does = die
    for _time in range(runner.MAX_CRASHES + 1):
        crash(execution)

    execution = run(execution)

    assert (execution.status, execution.error_step) == (Status.FAILED, "b")
    assert list(execution.steps.values_list("node_key", "status")) == [("a", "completed"), ("b", "failed")]
    call.does = lambda: "done"
    executions.retry_step(execution, "b")
    assert run(execution).output == "done"


@pytest.mark.django_db
def test_a_step_that_ends_proves_that_it_does_not_kill_its_workers(call):
    execution = executions.start(make_published(("a", "test.call", {}), ("b", "test.call", {})))
    call.does = die
    for _time in range(runner.MAX_CRASHES):
        crash(execution)
    answers = iter(["a is done"])
    call.does = lambda: next(answers, None) or die()

    crash(execution)

    execution.refresh_from_db()
    assert execution.crashes == 0


@pytest.mark.django_db
def test_an_execution_that_is_too_late_leaves_no_step_running(call):
    execution = executions.start(make_published(("a", "test.call", {})))
    call.does = die
    crash(execution)
    WorkflowExecution.objects.filter(pk=execution.pk).update(deadline_at=timezone.now() - timedelta(seconds=1))

    execution = run(execution)

    assert execution.status == Status.FAILED
    assert [(step.status, step.error) for step in execution.steps.all()] == [("failed", execution.error_message)]


@pytest.mark.django_db
def test_an_error_message_that_postgresql_cannot_keep_is_kept_readably(call):
    def refuse():
        raise PermanentFailure("answered 400: a\0b\ud800")

    call.does = refuse

    execution = run(executions.start(make_published(("a", "test.call", {}))))

    assert (execution.status, execution.error_message) == (Status.FAILED, "answered 400: a\ufffdb\ufffd")
    event = OutboxEvent.objects.get(name="automation.execution.failed")
    assert event.payload["error_message"] == execution.error_message


@pytest.mark.django_db
@pytest.mark.parametrize("depth", range(900, 1000, 3))
def test_an_output_of_any_depth_is_stored_or_fails_its_step(call, depth):
    call.does = lambda: nested(depth)

    execution = run(executions.start(make_published(("a", "test.call", {}))))

    assert execution.is_finished
    assert execution.steps.get().status == execution.status


@pytest.mark.django_db
def test_settings_too_deep_fail_the_call_before_it_is_made():
    deep = "{{ JSON.parse('['.repeat(970) + ']'.repeat(970)) }}"
    workflow = make_published(("a", "http.request", {"url": "http://127.0.0.1:9/", "body": deep}))

    execution = run(executions.start(workflow))

    assert (execution.status, execution.error_step) == (Status.FAILED, "a")


@pytest.mark.django_db
def test_input_that_postgresql_cannot_keep_is_kept_readably():
    workflow = make_published(("a", "set", set_values(text="{{ trigger.text }}")))

    execution = run(executions.start(workflow, input={"text": "a\0b"}))

    assert execution.output == {"text": "a\ufffdb"}


@pytest.mark.django_db
def test_a_clock_behind_the_databases_does_not_keep_a_due_step_asleep(monkeypatch):
    execution = run(executions.start(make_published(("a", "wait", {"amount": "1", "unit": "hours"}))))
    past = timezone.now() - timedelta(seconds=1)
    execution.steps.update(wake_at=past)
    WorkflowExecution.objects.update(wake_at=past)
    now = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: now() - timedelta(seconds=30))

    assert run(execution).status == Status.COMPLETED


@pytest.mark.django_db
def test_leases_are_renewed_by_execution_and_only_by_their_holder():
    held, lost = (executions.start(make_published(("a", "set", {}))) for _number in range(2))
    leases = {execution.pk: store.take(execution.pk, cautious=True).token for execution in (held, lost)}
    WorkflowExecution.objects.update(lease_until=timezone.now())
    taken_over = store.take(lost.pk)

    store.renew(leases)

    held.refresh_from_db()
    lost.refresh_from_db()
    assert held.lease_until > timezone.now() + timedelta(seconds=store.LEASE_SECONDS - 2)
    assert lost.lease_token == taken_over.token
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN " + statements.RENEW, [8, list(leases), list(leases.values())])
        assert "automation_workflowexecution_pkey" in "".join(row[0] for row in cursor.fetchall())


@pytest.mark.django_db
def test_saving_what_was_read_anew_announces_nothing_twice():
    execution = executions.start(make_published(("a", "set", {})))
    run(execution)

    execution.refresh_from_db()
    execution.save()

    assert OutboxEvent.objects.filter(name="automation.execution.completed").count() == 1


@pytest.mark.django_db
def test_a_trigger_whose_first_step_is_not_published_is_refused_with_the_reason():
    workflow = make_published(("a", "set", {}), ("b", "set", {}))
    trigger = make_trigger(workflow, entry="b")
    node = workflow.nodes.get(key="b")
    node.key = "renamed"
    drafts.save_step(node)
    trigger.refresh_from_db()

    with pytest.raises(WorkflowNotRunnable, match="renamed"):
        executions.start(workflow, trigger=trigger)

    workflows.publish(workflow)
    workflow.refresh_from_db()
    assert run(executions.start(workflow, trigger=trigger)).status == Status.COMPLETED


@pytest.mark.django_db
def test_a_retry_starts_where_the_first_run_did_even_when_its_trigger_is_gone():
    workflow = make_published(("a", "set", {}), ("b", "set", {}))
    trigger = make_trigger(workflow, kind="webhook", entry="b")
    first = run(executions.start(workflow, trigger=trigger))
    trigger.delete()

    again = run(executions.retry(WorkflowExecution.objects.get(pk=first.pk)))

    assert (again.entry, again.trigger_kind, again.version_id) == ("b", "webhook", first.version_id)
    assert [step.node_key for step in again.steps.all()] == ["b"]


@pytest.mark.django_db(transaction=True)
def test_a_row_that_somebody_else_holds_is_tried_again_later(monkeypatch):
    project = make_project(make_organization())
    table = make_table(project)
    row = Records(table).create({"name": "before"})
    workflow = make_workflow(project.organization, project=project)
    values = [{"field": "name", "value": "after"}]
    config = {"table": table.physical_name, "record_id": str(row["id"]), "values": values}
    make_chain(workflow, ("update", "record.update", config))
    workflows.publish(workflow)
    workflow.refresh_from_db()
    execution = executions.start(workflow)
    monkeypatch.setattr(runner, "LOCK_TIMEOUT", "100ms")
    other = connection.copy()
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute(f'SELECT FROM "{project.schema_name}"."{table.physical_name}" FOR UPDATE')
        execution = run(execution)
    finally:
        other.rollback()
        other.close()

    assert execution.status == Status.WAITING
    assert "Somebody else is changing the same rows" in execution.steps.get().error
