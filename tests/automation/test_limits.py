"""Executions beyond the plan: refused at the door, skipped by the clock, told by hand; and never half of one."""

from http import HTTPStatus

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from nocode.automation.models import Trigger, WebhookDelivery, WorkflowExecution
from nocode.automation.services import triggers
from nocode.automation.tasks import process_scheduled_triggers, process_webhook_trigger
from nocode.foundation.models import QueuedTask
from tests import factories

pytestmark = pytest.mark.django_db


def limited(executions: int):
    """A published workflow in an organization whose plan allows so many executions."""
    organization = factories.make_organization("Acme")
    factories.make_subscription(organization, factories.make_plan("Small", executions=executions))
    return factories.make_published(("a", "set", factories.set_values(v="1")), organization=organization)


def call(client, hook, number="1"):
    return client.post(
        f"/hooks/{hook.token}/", b"{}", content_type="application/json", headers={"Idempotency-Key": number}
    )


def test_the_call_beyond_the_limit_is_refused_and_leaves_nothing(client):
    hook = triggers.create(limited(1), "webhook", "Hook")

    first, second = call(client, hook, "1"), call(client, hook, "2")

    assert first.status_code == HTTPStatus.ACCEPTED
    assert second.status_code == HTTPStatus.PAYMENT_REQUIRED
    assert second.json() == {
        "error": "The plan “Small” allows 1 for “executions this month”, and 1 are used. "
        "Choose a larger plan under Billing, or wait for the next month.",
        "meter": "executions",
        "limit": 1,
        "used": 1,
        "plan": "Small",
    }
    assert (
        WebhookDelivery.objects.count()
        == WorkflowExecution.objects.count()
        == QueuedTask.objects.filter(name__endswith="process_webhook_trigger").count()
        == 1
    )


def test_an_accepted_call_runs_although_the_plan_is_full_by_then(client):
    hook = triggers.create(limited(1), "webhook", "Hook")
    call(client, hook)

    process_webhook_trigger(WebhookDelivery.objects.get().pk)

    assert WorkflowExecution.objects.get().status == "completed"


def test_a_call_sent_again_is_answered_although_the_plan_is_full(client):
    hook = triggers.create(limited(1), "webhook", "Hook")
    first, again = call(client, hook), call(client, hook)

    assert again.status_code == HTTPStatus.ACCEPTED
    assert again.json() == {**first.json(), "duplicate": True}


def test_a_call_that_waits_for_its_result_is_refused_the_same(client):
    hook = triggers.create(limited(1), "webhook", "Hook", config={"answer": "wait"})

    statuses = [call(client, hook, number).status_code for number in ("1", "2")]

    assert statuses == [HTTPStatus.OK, HTTPStatus.PAYMENT_REQUIRED]
    assert WorkflowExecution.objects.get().status == "completed"


def test_without_a_limit_on_executions_a_call_costs_what_it_did(client):
    organization = factories.make_organization()
    factories.make_subscription(organization, factories.make_plan(projects=5))
    workflow = factories.make_published(("a", "set", factories.set_values(v="1")), organization=organization)
    hook = triggers.create(workflow, "webhook", "Hook")
    call(client, hook, "1")

    with CaptureQueriesContext(connection) as queries:
        call(client, hook, "2")

    assert len([query for query in queries if "SAVEPOINT" not in query["sql"]]) == 2


def test_a_schedule_is_skipped_and_says_why_once(caplog):
    workflow = limited(0)
    schedule = triggers.create(workflow, "schedule", "Each minute", config={"mode": "cron", "cron": "* * * * *"})

    for _minute in range(3):
        Trigger.objects.filter(pk=schedule.pk).update(next_run_at=timezone.now())
        process_scheduled_triggers(False)

    schedule.refresh_from_db()
    assert "allows 0 for “executions this month”" in schedule.last_error
    assert schedule.next_run_at > timezone.now()
    assert caplog.text.count("starts nothing") == 1
    assert not WorkflowExecution.objects.exists()


def test_a_schedule_goes_on_when_there_is_room_again():
    workflow = limited(0)
    schedule = triggers.create(workflow, "schedule", "Each minute", config={"mode": "cron", "cron": "* * * * *"})
    Trigger.objects.filter(pk=schedule.pk).update(next_run_at=timezone.now())
    process_scheduled_triggers(False)
    plan = workflow.organization.subscriptions.get().plan
    plan.limits = {"executions": 5}
    plan.save()

    Trigger.objects.filter(pk=schedule.pk).update(next_run_at=timezone.now())
    process_scheduled_triggers(False)

    schedule.refresh_from_db()
    assert (schedule.last_error, WorkflowExecution.objects.count()) == ("", 1)


def test_starting_by_hand_is_refused_in_words(client):
    workflow = limited(0)
    client.force_login(factories.make_user(organization=workflow.organization))

    response = client.post(f"/admin/automation/workflow/{workflow.pk}/run/", {"input": "{}"}, follow=True)

    assert "The plan “Small” allows 0 for “executions this month”" in response.content.decode()
    assert not WorkflowExecution.objects.exists()
