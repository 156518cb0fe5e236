"""What nobody runs is queued again or ended; to the second."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from nocode.automation.engine import janitor
from nocode.automation.models import WebhookDelivery, Workflow, WorkflowExecution
from nocode.automation.services import executions, triggers, workflows
from nocode.automation.tasks import cleanup_stale_executions, execute_workflow_async, process_webhook_trigger
from nocode.foundation.ids import uuid7
from nocode.foundation.models import OutboxEvent, QueuedTask
from tests.factories import make_published

pytestmark = pytest.mark.django_db

Status = WorkflowExecution.Status


@pytest.fixture
def execution():
    execution = executions.start(make_published(("a", "set", {})))
    QueuedTask.objects.all().delete()
    return execution


def age(execution, status: str = "pending", held: bool = False, **minutes_ago: float) -> None:
    """Set the status, whether a lease was never given back, and times as minutes before now."""
    now = timezone.now()
    times = {name: now - timedelta(minutes=minutes) for name, minutes in minutes_ago.items()}
    WorkflowExecution.objects.filter(pk=execution.pk).update(
        status=status, lease_token=uuid7() if held else None, **times
    )


@pytest.mark.parametrize(
    ("fields", "queued"),
    [
        ({"updated_at": 9.9}, 0),
        ({"updated_at": 10.1}, 1),
        ({"status": "waiting", "wake_at": -5, "updated_at": 600}, 0),
        ({"status": "waiting", "wake_at": 11, "updated_at": 600}, 1),
        ({"status": "running", "lease_until": 11, "updated_at": 11}, 1),
        ({"status": "running", "lease_until": -0.1, "updated_at": 60}, 0),
        ({"status": "running", "lease_until": 1, "updated_at": 1, "held": True}, 1),
        ({"status": "running", "lease_until": 1, "updated_at": 1}, 0),
        ({"status": "completed", "updated_at": 600}, 0),
    ],
    ids=[
        "new",
        "lost",
        "asleep",
        "overslept",
        "worker gone",
        "worker alive",
        "worker broke",
        "handed over",
        "finished",
    ],
)
def test_lost_executions_are_queued_again_once(execution, fields, queued):
    age(execution, **fields)

    assert cleanup_stale_executions() == {"failed": 0, "requeued": queued, "started": 0}
    assert QueuedTask.objects.filter(name__endswith="execute_workflow_async").count() == queued
    assert cleanup_stale_executions()["requeued"] == 0


@pytest.mark.parametrize(("minutes", "status"), [(119.9, "running"), (120.1, "failed")])
def test_running_without_a_heartbeat_for_two_hours_fails(execution, minutes, status):
    age(execution, status="running", started_at=130, lease_until=minutes)

    janitor.fail_stale()

    execution.refresh_from_db()
    assert execution.status == status
    events = OutboxEvent.objects.filter(name="automation.execution.failed")
    assert [event.payload["execution_id"] for event in events] == ([str(execution.pk)] if status == "failed" else [])
    assert ("120 minutes" in execution.error_message) is (status == "failed")


def test_a_stale_execution_without_a_lease_fails_too_and_leaves_no_step_running(execution):
    age(execution, status="running", started_at=121)
    execution.steps.create(node_key="a", status="running", started_at=timezone.now())

    janitor.fail_stale()

    execution.refresh_from_db()
    step = execution.steps.get()
    assert (execution.status, step.status, step.error) == ("failed", "failed", execution.error_message)


# --- Webhook calls whose task the queue has lost ----------------------------------------------------------------------


@pytest.fixture
def call():
    """A call that was answered, whose queued task somebody deleted."""
    workflow = make_published(("a", "set", {}))
    trigger = triggers.create(workflow, "webhook", "calls", is_active=True)
    answer = Client().post(f"/hooks/{trigger.token}/", "{}", content_type="application/json")
    assert answer.status_code == 202
    assert QueuedTask.objects.filter(name=process_webhook_trigger.path).delete()[0] == 1
    return WebhookDelivery.objects.get()


def received(call: WebhookDelivery, ago: timedelta) -> None:
    WebhookDelivery.objects.filter(pk=call.pk).update(received_at=timezone.now() - ago)


@pytest.mark.parametrize(
    ("ago", "started"),
    [
        (timedelta(minutes=9, seconds=58), 0),
        (timedelta(minutes=10, seconds=1), 1),
        (janitor.CALLS_LOOKED_AT - timedelta(seconds=5), 1),
        (janitor.CALLS_LOOKED_AT + timedelta(seconds=1), 0),
    ],
)
def test_a_call_that_no_task_will_start_is_started_once(call, ago, started):
    received(call, ago)

    assert cleanup_stale_executions()["started"] == started
    assert cleanup_stale_executions()["started"] == 0

    assert [execution.pk for execution in WorkflowExecution.objects.all()] == [call.execution_id] * started
    assert QueuedTask.objects.filter(name=execute_workflow_async.path).count() == started


def test_a_task_that_was_only_slow_finds_the_execution(call):
    received(call, timedelta(minutes=11))
    cleanup_stale_executions()

    process_webhook_trigger(call.pk)

    execution = WorkflowExecution.objects.get()
    assert (execution.status, execution.steps.count()) == ("completed", 1)


def test_a_call_that_cannot_start_is_asked_once(call, caplog):
    received(call, timedelta(minutes=11))
    workflows.pause(Workflow.objects.get())

    assert cleanup_stale_executions()["started"] == cleanup_stale_executions()["started"] == 0

    call.refresh_from_db()
    assert "activate it first" in call.error
    assert caplog.text.count("starts nothing") == 1


def test_calls_are_found_through_the_index_of_their_time():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "EXPLAIN SELECT id FROM automation_webhookdelivery WHERE received_at > now() - interval '6 hours'"
        )
        assert "delivery_received" in "".join(row[0] for row in cursor.fetchall())


@pytest.mark.parametrize(("seconds", "failed"), [(7199, 0), (7201, 1)])
def test_two_hours_are_two_hours_to_the_second(execution, seconds, failed):
    age(execution, status="running", started_at=200, lease_until=seconds / 60)

    assert janitor.fail_stale() == failed


@pytest.mark.django_db(transaction=True)
def test_two_janitors_at_once_do_everything_once(execution, call):
    age(execution, status="running", started_at=200, lease_until=121)
    received(call, timedelta(minutes=11))

    def clean_up(_number: int) -> dict:
        try:
            return cleanup_stale_executions()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(clean_up, range(4)))

    assert sum(count["failed"] for count in counts) == 1
    assert OutboxEvent.objects.filter(name="automation.execution.failed").count() == 1
    assert WorkflowExecution.objects.filter(pk=call.execution_id).count() == 1
