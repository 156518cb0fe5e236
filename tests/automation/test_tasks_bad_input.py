"""Tasks that get what they cannot use: a clear message where people look, nothing lost, nothing done."""

import logging

import pytest
from django.urls import reverse
from django.utils import timezone
from django_q.models import Failure

from nocode.automation import tasks
from nocode.automation.engine.reopen import reopen
from nocode.automation.errors import AlreadyRepeated, NoSuchId, WorkflowNotRunnable
from nocode.automation.models import WebhookDelivery, Workflow, WorkflowExecution
from nocode.automation.services import executions, triggers, workflows
from nocode.foundation.errors import IllegalTransition
from nocode.foundation.ids import uuid7
from nocode.foundation.models import QueuedTask
from nocode.foundation.queue import execution as queue
from nocode.foundation.queue import results
from tests.automation.screens import make_office
from tests.console.conftest import log_in
from tests.factories import make_published, make_user, set_values

pytestmark = pytest.mark.django_db

FAILING = (("first", "set", set_values(x="{{ 1 }}")), ("second", "stop", {"message": "No."}))
UNKNOWN = "00000000-0000-4000-8000-000000000000"
JSON = {"content-type": "application/json"}


def run(execution) -> WorkflowExecution:
    return executions.run_now(execution.pk, budget=10)


def make_delivery(workflow: Workflow, body: bytes = b"{}") -> WebhookDelivery:
    trigger = triggers.create(workflow, "webhook", "calls", is_active=True)
    return WebhookDelivery.objects.create(
        trigger=trigger, execution_id=uuid7(), method="POST", headers=JSON, query={}, body=body
    )


@pytest.mark.parametrize(
    ("task", "arguments", "says"),
    [
        (tasks.execute_workflow_async, (UNKNOWN,), f"There is no execution {UNKNOWN}; perhaps it was deleted."),
        (tasks.execute_workflow_async, ("seven",), "“seven” is not the id of an execution."),
        (tasks.execute_workflow_async, (None,), "“None” is not the id of an execution."),
        (tasks.process_webhook_trigger, (12345,), "There is no webhook delivery 12345; perhaps its trigger was"),
        (tasks.process_webhook_trigger, ("12'; --",), "“12'; --” is not the number of a webhook delivery."),
        (tasks.retry_failed_step, (UNKNOWN, "a", 1), f"There is no execution {UNKNOWN}"),
        (tasks.retry_failed_step, ("seven", "a", 1), "“seven” is not the id of an execution."),
        (tasks.export_workflow_execution_logs, (UNKNOWN,), f"There is no execution {UNKNOWN}"),
        (tasks.export_workflow_execution_logs, ("seven",), "“seven” is not the id of an execution."),
    ],
)
def test_unknown_and_malformed_ids_are_told_and_shown_among_the_failed_tasks(task, arguments, says):
    task.enqueue(*arguments)
    [row] = QueuedTask.objects.all()

    package, _problem = queue.unpack(row.name, row.payload)
    outcome = queue.run(package, lambda: None)
    results.save(package, started=timezone.now(), success=outcome.success, result=outcome.result, attempts=1)

    assert outcome.success is False
    assert says in Failure.objects.get().result
    page = log_in(make_user(is_superuser=True)).get(reverse("admin:django_q_failure_changelist"))
    assert says[:30] in page.content.decode().replace("&#x27;", "'")


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled"])
def test_an_execution_that_has_ended_is_left_as_it_is(status):
    execution = run(executions.start(make_published(("a", "set", {}))))
    WorkflowExecution.objects.filter(pk=execution.pk).update(status=status)
    before = WorkflowExecution.objects.values().get()

    tasks.execute_workflow_async(str(execution.pk))

    assert WorkflowExecution.objects.values().get() == before
    assert execution.steps.count() == 1


@pytest.mark.parametrize(
    ("node", "attempt", "error"),
    [("first", 1, WorkflowNotRunnable), ("nowhere", 1, WorkflowNotRunnable), ("second", 2, WorkflowNotRunnable)],
    ids=["step that went well", "step that is not there", "attempt that never was"],
)
def test_only_what_failed_is_repeated(node, attempt, error):
    execution = run(executions.start(make_published(*FAILING)))

    with pytest.raises(error, match="has not failed in this execution"):
        tasks.retry_failed_step(str(execution.pk), node, attempt)

    assert WorkflowExecution.objects.get().status == "failed"
    assert execution.steps.count() == 2


def test_a_completed_execution_has_nothing_to_repeat():
    execution = run(executions.start(make_published(("a", "set", {}))))

    with pytest.raises(IllegalTransition):
        tasks.retry_failed_step(str(execution.pk), "a", 1)


def test_a_request_that_comes_late_does_not_repeat_what_failed_anew(caplog):
    caplog.set_level(logging.INFO)
    execution = run(executions.start(make_published(*FAILING)))

    for _delivery in range(3):
        tasks.retry_failed_step(str(execution.pk), "second", 1)

    assert list(execution.steps.order_by("pk").values_list("node_key", "attempt")) == [
        ("first", 1), ("second", 1), ("second", 2)
    ]  # fmt: skip
    assert caplog.text.count("Attempt 1 at “second” was repeated already.") == 2
    assert WorkflowExecution.objects.get().status == "failed"


def test_the_button_queues_the_attempt_people_saw_and_a_second_click_is_refused():
    office = make_office()
    execution = office.finished(office.workflow(*FAILING))
    QueuedTask.objects.all().delete()

    executions.retry_step(execution, "second", office.owner)
    with pytest.raises(IllegalTransition):
        executions.retry_step(execution, "second", office.owner)

    [row] = QueuedTask.objects.all()
    package, _problem = queue.unpack(row.name, row.payload)
    assert (row.name, package["args"]) == (tasks.retry_failed_step.path, (str(execution.pk), "second", 1, 0))
    tasks.retry_failed_step(*package["args"])
    assert execution.steps.filter(node_key="second").count() == 2
    with pytest.raises(AlreadyRepeated):
        reopen(execution.pk, "second", 1)


def test_what_was_started_is_run_although_its_workflow_was_deleted_meanwhile():
    workflow = make_published(("a", "set", set_values(x="{{ 1 }}")))
    execution = executions.start(workflow)
    name = workflow.name
    workflow.delete()

    tasks.execute_workflow_async(str(execution.pk))

    execution.refresh_from_db()
    assert (execution.status, execution.output, execution.workflow_name) == ("completed", {"x": 1}, name)


@pytest.mark.parametrize("change", [workflows.pause, workflows.archive])
def test_a_call_whose_workflow_was_switched_off_meanwhile_says_why(change, caplog):
    office = make_office()
    workflow = office.workflow(("a", "set", {}))
    delivery = make_delivery(workflow)
    change(workflow)

    tasks.process_webhook_trigger(delivery.pk)

    delivery.refresh_from_db()
    assert not WorkflowExecution.objects.exists()
    assert "activate it first" in delivery.error
    assert f"webhook delivery {delivery.pk} starts nothing" in caplog.text
    page = office.client("owner").get(reverse("admin:automation_trigger_change", args=[delivery.trigger_id]))
    assert "activate it first" in page.content.decode()


def test_ten_megabytes_are_taken_and_kept():
    workflow = make_published(("a", "set", set_values(length="{{ trigger.text.length }}")))
    execution = executions.start(workflow, input={"text": "x" * 10 * 1024 * 1024})

    tasks.execute_workflow_async(str(execution.pk))

    execution.refresh_from_db()
    assert (execution.status, execution.output) == ("completed", {"length": 10 * 1024 * 1024})


def test_an_expression_that_breaks_names_itself_the_step_and_the_field():
    office = make_office()
    execution = office.execution(office.workflow(("greet", "set", set_values(x="{{ trigger.nobody.name }}"))))

    tasks.execute_workflow_async(str(execution.pk))

    execution.refresh_from_db()
    assert (execution.status, execution.error_step) == ("failed", "greet")
    assert "trigger.nobody.name" in execution.error_message
    page = office.client("viewer").get(reverse("admin:execution_detail", args=[execution.pk]))
    assert "trigger.nobody.name" in page.content.decode()


def test_ids_are_refused_before_anything_is_asked(django_assert_num_queries):
    with django_assert_num_queries(0), pytest.raises(NoSuchId):
        tasks.execute_workflow_async("'; DROP TABLE automation_workflow; --")
