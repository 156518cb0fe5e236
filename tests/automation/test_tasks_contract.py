"""What the tasks promise about time: pauses between attempts, nights when the clock changes, several clusters."""

import socket
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from nocode.automation import tasks
from nocode.automation.engine import backoff, schedules
from nocode.automation.models import StepRun, Trigger, WorkflowExecution
from nocode.automation.services import executions, triggers
from nocode.foundation.models import QueuedTask
from tests.factories import make_published, set_values

pytestmark = pytest.mark.django_db

STEP = ("a", "set", {})


@pytest.fixture
def closed_port(settings) -> int:
    """A port of this machine at which nobody answers."""
    settings.OUTGOING_HTTP_ALLOW = ["127.0.0.1"]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, and not listening: nobody else gets it, and every call is refused
        yield taken.getsockname()[1]


# --- Attempts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 60), (2, 120), (3, 240), (4, 480), (7, 3600), (50, 3600)])
@pytest.mark.parametrize(("jitter", "factor"), [(0, 1.0), (1, 1.1)])
def test_pauses_double_and_spread_by_a_tenth(attempt, seconds, jitter, factor):
    assert backoff.delay(attempt, jitter=jitter) == timedelta(seconds=seconds * factor)


def test_a_passing_failure_is_tried_four_times_in_the_same_execution_without_holding_a_worker(closed_port):
    call = {"method": "GET", "url": f"http://127.0.0.1:{closed_port}/", "timeout": "2"}
    execution = executions.start(
        make_published(("first", "set", set_values(x="{{ 1 }}")), ("call", "http.request", call))
    )

    pauses = []
    for _attempt in range(4):
        QueuedTask.objects.all().delete()
        tasks.execute_workflow_async(str(execution.pk))
        execution.refresh_from_db()
        if execution.status != "waiting":
            break
        [queued] = QueuedTask.objects.all()
        assert (queued.name, queued.due_at) == (tasks.execute_workflow_async.path, execution.wake_at)
        pauses.append((execution.wake_at - timezone.now()).total_seconds())
        now = timezone.now()
        WorkflowExecution.objects.update(wake_at=now)
        StepRun.objects.filter(status="failed").update(wake_at=now)

    assert [round(pause / 60) for pause in pauses] == [1, 2, 4]
    assert all(55 <= pause / 2**number <= 67 for number, pause in enumerate(pauses))
    assert (execution.status, execution.error_step) == ("failed", "call")
    assert WorkflowExecution.objects.count() == 1
    assert list(execution.steps.order_by("pk").values_list("node_key", "attempt")) == [
        ("first", 1), ("call", 1), ("call", 2), ("call", 3), ("call", 4)
    ]  # fmt: skip


@pytest.mark.parametrize(
    "step",
    [
        ("a", "stop", {"message": "No."}),
        ("a", "set", set_values(x="{{ nobody.there }}")),
        ("a", "http.request", {"method": "GET", "url": "http://10.0.0.1/", "timeout": "2"}),
    ],
    ids=["stopped", "expression", "address that is not allowed"],
)
def test_what_would_fail_again_is_not_tried_again(step):
    execution = executions.start(make_published(step))
    QueuedTask.objects.all().delete()

    tasks.execute_workflow_async(str(execution.pk))

    execution.refresh_from_db()
    assert (execution.status, execution.steps.count()) == ("failed", 1)
    assert not QueuedTask.objects.filter(name=tasks.execute_workflow_async.path).exists()


# --- Nights when the clock changes ------------------------------------------------------------------------------------


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("zone", "cron", "evening", "runs"),
    [
        ("Europe/Paris", "30 2 * * *", "2026-03-28T22:00+00:00", ["2026-03-29T03:00+02:00"]),
        ("Europe/Paris", "30 2 * * *", "2026-10-24T22:00+00:00", ["2026-10-25T02:30+02:00"]),
        (
            "Europe/Paris", "30 1-3 * * *", "2026-10-24T22:00+00:00",
            ["2026-10-25T01:30+02:00", "2026-10-25T02:30+02:00", "2026-10-25T03:30+01:00"],
        ),
        ("America/New_York", "30 2 * * *", "2026-03-08T04:00+00:00", ["2026-03-08T03:00-04:00"]),
        ("America/New_York", "30 1 * * *", "2026-11-01T03:00+00:00", ["2026-11-01T01:30-04:00"]),
        (
            "America/New_York", "@hourly", "2026-11-01T04:30+00:00",
            [f"2026-11-01T{hour:02}:00+00:00" for hour in range(5, 15)],
        ),
    ],
    ids=["Paris, spring", "Paris, autumn", "Paris, a range", "New York, spring", "New York, autumn", "every real hour"],
)  # fmt: skip
def test_ticks_through_the_night_start_each_due_run_once(zone, cron, evening, runs):
    evening = utc(evening)
    trigger = triggers.create(
        make_published(STEP), "schedule", "nightly", config={"cron": cron, "time_zone": zone, "missed": "all"}
    )
    schedules.plan(trigger, evening)
    Trigger.objects.filter(pk=trigger.pk).update(next_run_at=trigger.next_run_at)

    for minutes in range(0, 601, 10):
        for _cluster in range(2):
            schedules.fire_due(tasks.continue_later, evening + timedelta(minutes=minutes))

    started = WorkflowExecution.objects.order_by("input__scheduled_for").values_list("input__scheduled_for", flat=True)
    assert [utc(moment) for moment in started] == [utc(run) for run in runs]


@pytest.mark.django_db(transaction=True)
def test_the_minute_task_of_two_clusters_starts_each_due_run_once():
    workflow = make_published(STEP)
    for _number in range(5):
        trigger = triggers.create(workflow, "schedule", "x", config={"cron": "0 * * * *", "time_zone": "UTC"})
        Trigger.objects.filter(pk=trigger.pk).update(next_run_at=timezone.now() - timedelta(seconds=1))

    def tick(_cluster: int) -> dict:
        try:
            return tasks.process_scheduled_triggers(False)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as clusters:
        counts = list(clusters.map(tick, range(4)))

    assert sum(count["started"] for count in counts) == 5
    assert WorkflowExecution.objects.values("trigger").distinct().count() == WorkflowExecution.objects.count() == 5
