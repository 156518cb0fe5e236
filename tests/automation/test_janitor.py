"""What nobody runs is queued again or ended; to the second."""

from datetime import timedelta

import pytest
from django.utils import timezone

from nocode.automation.engine import janitor
from nocode.automation.models import WorkflowExecution
from nocode.automation.services import executions
from nocode.automation.tasks import cleanup_stale_executions
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
