"""What ended long ago is deleted: to the second, in batches, and nothing else with it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from nocode.automation.engine import janitor
from nocode.automation.models import (
    ExecutionLog,
    NotificationDelivery,
    StepRun,
    WebhookDelivery,
    Workflow,
    WorkflowExecution,
)
from nocode.automation.services import executions
from nocode.automation.tasks import cleanup_old_executions
from nocode.foundation import retention
from nocode.foundation.ids import uuid7
from nocode.foundation.models import QueuedTask
from nocode.foundation.tasks.retention import forget_old_rows
from tests.automation.screens import make_office
from tests.factories import make_published, make_trigger, make_workflow

pytestmark = pytest.mark.django_db

Status = WorkflowExecution.Status
FINISHED = [Status.COMPLETED, Status.FAILED, Status.CANCELLED]
DAY = timedelta(days=1)


@pytest.fixture
def workflow() -> Workflow:
    return make_published(("a", "set", {}))


def ended(workflow: Workflow, ago: timedelta, status: str = Status.COMPLETED, **fields) -> WorkflowExecution:
    """An execution that ended so long ago, with a step and a line of log."""
    then = timezone.now() - ago
    execution = WorkflowExecution.objects.create(
        organization_id=workflow.organization_id,
        workflow=workflow,
        workflow_name=workflow.name,
        version_id=workflow.published_version_id,
        status=status,
        started_at=then,
        completed_at=then,
        **fields,
    )
    StepRun.objects.create(execution=execution, node_key="a", status="completed", started_at=then)
    ExecutionLog.objects.create(execution=execution, at=then, message="x")
    return execution


def is_there(execution: WorkflowExecution) -> bool:
    return WorkflowExecution.objects.filter(pk=execution.pk).exists()


@pytest.mark.parametrize("status", FINISHED)
@pytest.mark.parametrize(("seconds", "stays"), [(-2, True), (1, False)])
def test_finished_ones_are_kept_for_thirty_days_to_the_second(workflow, status, seconds, stays):
    execution = ended(workflow, 30 * DAY + timedelta(seconds=seconds), status)

    cleanup_old_executions()

    assert is_there(execution) is stays
    assert StepRun.objects.count() == ExecutionLog.objects.count() == int(stays)


@pytest.mark.parametrize("status", [Status.PENDING, Status.RUNNING, Status.WAITING])
def test_what_has_not_ended_is_never_touched(workflow, status):
    execution = ended(workflow, 400 * DAY, status)
    WorkflowExecution.objects.filter(pk=execution.pk).update(created_at=timezone.now() - 400 * DAY)
    before = WorkflowExecution.objects.values().get()

    assert cleanup_old_executions() == {}

    assert WorkflowExecution.objects.values().get() == before


def test_counts_age_by_the_end_not_by_the_start(workflow):
    execution = ended(workflow, 29 * DAY)
    WorkflowExecution.objects.update(created_at=timezone.now() - 90 * DAY, started_at=timezone.now() - 90 * DAY)

    cleanup_old_executions()

    assert is_there(execution)


@pytest.mark.parametrize(
    ("days", "ago", "stays"),
    [(1, timedelta(hours=23), True), (1, timedelta(hours=25), False), (60, 59 * DAY, True), (60, 61 * DAY, False)],
)
def test_a_workflow_says_how_long(workflow, days, ago, stays):
    Workflow.objects.filter(pk=workflow.pk).update(retention_days=days)
    mine = ended(workflow, ago)
    others = ended(make_published(("a", "set", {})), 29 * DAY)

    cleanup_old_executions()

    assert is_there(mine) is stays
    assert is_there(others)


@pytest.mark.parametrize(
    ("status", "days", "failed_days", "ago", "stays"),
    [
        (Status.FAILED, 1, 90, 89, True),
        (Status.CANCELLED, 1, 90, 91, False),
        (Status.COMPLETED, 1, 90, 2, False),
        (Status.FAILED, None, 90, 89, True),
        (Status.FAILED, 40, 2, 3, False),
        (Status.COMPLETED, 40, 2, 39, True),
        (Status.FAILED, 40, None, 39, True),
    ],
)
def test_what_failed_may_be_kept_for_another_time(workflow, status, days, failed_days, ago, stays):
    Workflow.objects.filter(pk=workflow.pk).update(retention_days=days, failed_retention_days=failed_days)
    execution = ended(workflow, ago * DAY, status)

    cleanup_old_executions()

    assert is_there(execution) is stays


def test_the_installation_says_how_long(workflow, settings):
    settings.EXECUTION_RETENTION_DAYS = 2
    old, new = ended(workflow, 3 * DAY), ended(workflow, DAY)

    cleanup_old_executions()

    assert (is_there(old), is_there(new)) == (False, True)


def test_executions_of_deleted_workflows_go_too(workflow):
    old, new = ended(workflow, 31 * DAY), ended(workflow, DAY)
    workflow.delete()

    cleanup_old_executions()

    assert (is_there(old), is_there(new)) == (False, True)


def test_counts_are_returned_and_what_hangs_on_executions_goes_with_them(workflow):
    for _number in range(3):
        execution = ended(workflow, 31 * DAY)
    user = make_office().owner
    NotificationDelivery.objects.create(
        execution=execution, event_id=uuid7(), type="completed", user=user, channel="console"
    )

    assert cleanup_old_executions() == {
        "automation.WorkflowExecution": 3,
        "automation.StepRun": 3,
        "automation.ExecutionLog": 3,
        "automation.NotificationDelivery": 1,
    }


def test_a_retry_outlives_what_it_repeats(workflow):
    first = ended(workflow, 31 * DAY)
    second = ended(workflow, DAY, retry_of=first)

    cleanup_old_executions()

    second.refresh_from_db()
    assert second.retry_of is None
    assert not is_there(first)


def test_a_chain_of_old_retries_goes_whole(workflow):
    first = ended(workflow, 33 * DAY)
    second = ended(workflow, 32 * DAY, retry_of=first)
    ended(workflow, 31 * DAY, retry_of=second)

    assert cleanup_old_executions()["automation.WorkflowExecution"] == 3


def test_batches_are_transactions_and_what_is_left_is_queued(workflow, monkeypatch):
    for _number in range(5):
        ended(workflow, 31 * DAY)
    QueuedTask.objects.all().delete()
    moments = iter([0.0, 1.0, 1.0, 1.0, 2.0, 300.0])  # the clock: at the start, then before each batch
    monkeypatch.setattr(retention.Sweep.__init__, "__defaults__", (240, 2))
    monkeypatch.setattr(retention.time, "monotonic", lambda: next(moments))

    assert cleanup_old_executions()["automation.WorkflowExecution"] > 0
    left = WorkflowExecution.objects.count()
    monkeypatch.undo()

    assert 0 < left < 5
    assert [task.name for task in QueuedTask.objects.all()] == [cleanup_old_executions.path]
    assert cleanup_old_executions()["automation.WorkflowExecution"] == left
    assert WorkflowExecution.objects.count() == 0


def test_a_batch_costs_the_same_whatever_is_in_it(workflow, django_assert_num_queries):
    ended(workflow, 31 * DAY)
    with CaptureQueriesContext(connection) as few:
        cleanup_old_executions()
    for _number in range(30):
        ended(workflow, 31 * DAY)

    with django_assert_num_queries(len(few)):
        cleanup_old_executions()


@pytest.mark.django_db(transaction=True)
def test_a_row_somebody_holds_is_left_to_the_next_time(workflow):
    held, free = ended(workflow, 31 * DAY), ended(workflow, 31 * DAY)

    with ThreadPoolExecutor(1) as other, transaction.atomic():
        WorkflowExecution.objects.select_for_update().get(pk=held.pk)
        other.submit(_clean_up).result(timeout=10)
    assert (is_there(held), is_there(free)) == (True, False)

    cleanup_old_executions()
    assert not is_there(held)


@pytest.mark.django_db(transaction=True)
def test_an_execution_that_is_opened_again_meanwhile_stays(workflow):
    execution = ended(workflow, 31 * DAY, Status.FAILED)
    opened, may_commit = Event(), Event()

    def reopen() -> None:
        with transaction.atomic():
            WorkflowExecution.objects.filter(pk=execution.pk).update(status=Status.WAITING, completed_at=None)
            opened.set()
            may_commit.wait(10)
        connection.close()

    with ThreadPoolExecutor(2) as pool:
        opening = pool.submit(reopen)
        opened.wait(10)
        cleaning = pool.submit(_clean_up)
        cleaning.result(timeout=10)
        may_commit.set()
        opening.result(timeout=10)

    assert is_there(execution)


@pytest.mark.django_db(transaction=True)
def test_two_at_once_delete_each_row_once(workflow):
    for _number in range(40):
        ended(workflow, 31 * DAY)

    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(lambda _number: _clean_up(), range(4)))

    assert sum(count.get("automation.WorkflowExecution", 0) for count in counts) == 40
    assert WorkflowExecution.objects.count() == StepRun.objects.count() == 0


def _clean_up() -> dict:
    try:
        return cleanup_old_executions()
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_what_somebody_else_holds_for_long_is_left_to_the_next_sweep(monkeypatch):
    monkeypatch.setattr(retention, "LOCK_TIMEOUT", "50ms")
    workflow = make_published(("a", "set", {}))
    execution = ended(workflow, 31 * DAY)
    held, over = Event(), Event()

    def hold() -> None:
        with transaction.atomic():
            list(StepRun.objects.select_for_update())
            held.set()
            over.wait(10)
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        holding = pool.submit(hold)
        held.wait(10)
        counts = cleanup_old_executions()
        over.set()
        holding.result()

    assert (counts, is_there(execution)) == ({}, True)
    assert cleanup_old_executions()["automation.WorkflowExecution"] == 1


def test_finding_them_uses_an_index(workflow):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")  # of two indexes the one that gives the order, on any statistics
        cursor.execute(
            "EXPLAIN SELECT id FROM automation_workflowexecution"
            " WHERE workflow_id = %s AND completed_at < now() AND status = 'failed'"
            " ORDER BY completed_at LIMIT 500 FOR UPDATE SKIP LOCKED",
            [workflow.pk],
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())

    assert "Index Scan using execution_to_forget" in plan
    assert "Sort" not in plan


@pytest.mark.parametrize("days", [0, -1])
def test_nothing_is_kept_for_no_day(days):
    workflow = make_workflow()

    workflow.retention_days = days
    with pytest.raises(ValidationError, match="greater than or equal"):
        workflow.full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        Workflow.objects.filter(pk=workflow.pk).update(retention_days=days)


@pytest.mark.parametrize(("typed", "kept"), [("7", 7), ("", None), ("0", 3)])
def test_the_general_settings_ask_for_it(typed, kept):
    office = make_office()
    workflow = make_workflow(office.organization, retention_days=3)
    url = f"/admin/automation/workflow/{workflow.pk}/change/"
    client = office.client("owner")
    form = client.get(url).context["adminform"].form
    values = {name: "" if form[name].value() is None else form[name].value() for name in form.fields}

    client.post(url, {**values, "variables": "{}", "retention_days": typed})

    workflow.refresh_from_db()
    assert workflow.retention_days == kept


# --- Webhook calls ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ago", "stays"), [(37 * DAY - timedelta(seconds=2), True), (37 * DAY + DAY, False)])
def test_calls_stay_some_time_after_they_could_be_repeated(workflow, ago, stays):
    delivery = WebhookDelivery.objects.create(
        trigger=make_trigger(workflow, "webhook"),
        execution_id=uuid7(),
        method="POST",
        headers={},
        query={},
        body=b"",
        received_at=timezone.now() - ago,
    )

    forget_old_rows()

    assert WebhookDelivery.objects.filter(pk=delivery.pk).exists() is stays


def test_an_execution_that_was_deleted_is_not_started_again(workflow):
    """A call whose execution was kept for one day only must not look as if the queue had lost it."""
    assert janitor.CALLS_LOOKED_AT < DAY


def test_a_retry_needs_no_execution_that_went_meanwhile(workflow):
    execution = ended(workflow, 31 * DAY, Status.FAILED)
    again = executions.retry(execution)

    cleanup_old_executions()

    again.refresh_from_db()
    assert (again.status, again.retry_of) == (Status.PENDING, None)
