"""`kill -9` of the worker in the middle of each task: the next run completes it, and nothing happens twice."""

from datetime import timedelta

import pytest
from django.utils import timezone

from nocode.automation import tasks
from nocode.automation.models import (
    ExecutionExport,
    ExecutionLog,
    StepRun,
    Trigger,
    WebhookDelivery,
    Workflow,
    WorkflowExecution,
)
from nocode.automation.services import executions, triggers
from nocode.foundation.ids import uuid7
from nocode.foundation.models import OutboxEvent, QueuedTask
from tests.automation.killing import Case, survive
from tests.factories import make_published, set_values

pytestmark = pytest.mark.django_db(transaction=True)

STEPS, LOGS, EXECUTIONS = "automation_steprun", "automation_executionlog", "automation_workflowexecution"
CHAIN = (("first", "set", set_values(x="{{ 1 }}")), ("second", "set", set_values(y="{{ steps.first.x + 1 }}")))
FAILING = (("first", "set", set_values(x="{{ 1 }}")), ("second", "stop", {"message": "No."}))


def told(execution: WorkflowExecution) -> list[str]:
    """The last word of each event about an execution."""
    events = OutboxEvent.objects.filter(key=f"execution:{execution.pk}", name__startswith="automation.execution.")
    return [event.name.rpartition(".")[2] for event in events.order_by("id")]


def attempts(execution: WorkflowExecution) -> list[tuple]:
    return list(execution.steps.order_by("pk").values_list("node_key", "attempt", "status"))


def only_execution() -> WorkflowExecution:
    return WorkflowExecution.objects.get()


def is_over(task) -> bool:
    """Whether nothing of a task is queued any more."""
    return not QueuedTask.objects.filter(name=task.path).exists()


def ran_once(_subject=None) -> None:
    execution = only_execution()
    assert (execution.status, execution.output) == ("completed", {"y": 2})
    assert attempts(execution) == [("first", 1, "completed"), ("second", 1, "completed")]
    assert told(execution) == ["started", "completed"]


# --- execute_workflow_async -------------------------------------------------------------------------------------------
def pending() -> WorkflowExecution:
    execution = executions.start(make_published(*CHAIN))
    QueuedTask.objects.all().delete()
    return execution


RUNNING = Case(
    arrange=pending,
    queue=lambda execution: tasks.execute_workflow_async.enqueue(str(execution.pk)),
    held=STEPS,
    is_done=lambda _execution: only_execution().is_finished,
    check=ran_once,
)


# --- process_webhook_trigger ------------------------------------------------------------------------------------------
def called() -> WebhookDelivery:
    workflow = make_published(*CHAIN)
    trigger = triggers.create(workflow, "webhook", "calls", is_active=True)
    headers = {"content-type": "application/json"}
    return WebhookDelivery.objects.create(
        trigger=trigger, execution_id=uuid7(), method="POST", headers=headers, query={}, body=b"{}"
    )


def started_once(delivery: WebhookDelivery) -> None:
    ran_once()
    assert only_execution().pk == delivery.execution_id


def webhook(held: str) -> Case:
    return Case(
        arrange=called,
        queue=lambda delivery: tasks.process_webhook_trigger.enqueue(delivery.pk),
        held=held,
        is_done=lambda _delivery: WorkflowExecution.objects.filter(status="completed").exists(),
        check=started_once,
    )


# --- process_scheduled_triggers ---------------------------------------------------------------------------------------
def due() -> Trigger:
    workflow = make_published(*CHAIN)
    trigger = triggers.create(
        workflow, "schedule", "hourly", is_active=True, config={"mode": "interval", "every": 1, "unit": "hours"}
    )
    Trigger.objects.filter(pk=trigger.pk).update(next_run_at=timezone.now() - timedelta(seconds=1))
    return trigger


def fired_once(trigger: Trigger) -> None:
    ran_once()
    trigger.refresh_from_db()
    assert trigger.next_run_at > timezone.now()
    assert trigger.last_error == ""


FIRING = Case(
    arrange=due,
    queue=lambda _trigger: tasks.process_scheduled_triggers.enqueue(),
    held=EXECUTIONS,
    is_done=lambda _trigger: WorkflowExecution.objects.filter(status="completed").exists(),
    check=fired_once,
)


# --- cleanup_old_executions -------------------------------------------------------------------------------------------
def old_and_new() -> Workflow:
    workflow = make_published(*CHAIN)
    for days in [31] * 20 + [1]:
        execution = executions.run_now(executions.start(workflow).pk, budget=10)
        ended = timezone.now() - timedelta(days=days)
        WorkflowExecution.objects.filter(pk=execution.pk).update(completed_at=ended)
        ExecutionLog.objects.create(execution=execution, at=ended, message="x")
    QueuedTask.objects.all().delete()
    return workflow


def only_the_new_is_left(_workflow: Workflow) -> None:
    assert attempts(only_execution()) == [("first", 1, "completed"), ("second", 1, "completed")]
    assert (StepRun.objects.count(), ExecutionLog.objects.count()) == (2, 1)


DELETING = Case(
    arrange=old_and_new,
    queue=lambda _workflow: tasks.cleanup_old_executions.enqueue(),
    held=LOGS,
    is_done=lambda _workflow: is_over(tasks.cleanup_old_executions),
    check=only_the_new_is_left,
)


# --- cleanup_stale_executions -----------------------------------------------------------------------------------------
def stale() -> WorkflowExecution:
    execution = pending()
    then = timezone.now() - timedelta(hours=3)
    WorkflowExecution.objects.filter(pk=execution.pk).update(
        status="running", started_at=then, lease_until=then, lease_token=uuid7(), updated_at=then
    )
    execution.steps.create(node_key="first", status="running", started_at=then)
    return execution


def failed_once(execution: WorkflowExecution) -> None:
    execution.refresh_from_db()
    assert (execution.status, attempts(execution)) == ("failed", [("first", 1, "failed")])
    assert "120 minutes" in execution.error_message
    assert told(execution)[-1:] == ["failed"]
    assert told(execution).count("failed") == 1


FAILING_STALE = Case(
    arrange=stale,
    queue=lambda _execution: tasks.cleanup_stale_executions.enqueue(),
    held=STEPS,
    is_done=lambda _execution: is_over(tasks.cleanup_stale_executions) and only_execution().is_finished,
    check=failed_once,
)


# --- retry_failed_step ------------------------------------------------------------------------------------------------
def failed() -> WorkflowExecution:
    execution = executions.run_now(executions.start(make_published(*FAILING)).pk, budget=10)
    QueuedTask.objects.all().delete()
    return execution


def repeated_once(execution: WorkflowExecution) -> None:
    execution.refresh_from_db()
    assert execution.status == "failed"
    assert attempts(execution) == [("first", 1, "completed"), ("second", 1, "failed"), ("second", 2, "failed")]
    assert told(execution) == ["started", "failed", "failed"]
    assert execution.logs.filter(message="Step repeated.").count() == 1


RETRYING = Case(
    arrange=failed,
    queue=lambda execution: tasks.retry_failed_step.enqueue(str(execution.pk), "second", 1),
    held=STEPS,
    is_done=lambda execution: is_over(tasks.retry_failed_step) and len(attempts(execution)) == 3,
    check=repeated_once,
)


# --- export_workflow_execution_logs -----------------------------------------------------------------------------------
def exported_once(execution: WorkflowExecution) -> None:
    export = ExecutionExport.objects.get()
    assert (export.execution, export.is_ready, export.error) == (execution, True, "")


EXPORTING = Case(
    arrange=failed,
    queue=lambda execution: tasks.export_workflow_execution_logs.enqueue(str(execution.pk)),
    held=LOGS,
    is_done=lambda _execution: is_over(tasks.export_workflow_execution_logs),
    check=exported_once,
)


@pytest.mark.parametrize("server_goes_on", [False, True], ids=["statement lost", "statement finished"])
@pytest.mark.parametrize(
    "case",
    [RUNNING, webhook(EXECUTIONS), webhook(STEPS), FIRING, DELETING, FAILING_STALE, RETRYING, EXPORTING],
    ids=[
        "execute_workflow_async",
        "process_webhook_trigger, at the start",
        "process_webhook_trigger, in the run",
        "process_scheduled_triggers",
        "cleanup_old_executions",
        "cleanup_stale_executions",
        "retry_failed_step",
        "export_workflow_execution_logs",
    ],
)
def test_the_next_worker_completes_it_and_nothing_happens_twice(start_cluster, case, server_goes_on):
    survive(case, start_cluster, server_goes_on=server_goes_on)
