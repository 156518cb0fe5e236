"""The tasks of messages and statistics in real clusters, and `kill -9` in their middle."""

import pytest

from nocode.automation import tasks
from nocode.automation.models import IntegrationCall, IntegrationStats, NotificationDelivery, WorkflowExecution
from nocode.automation.services import executions, notifications
from nocode.foundation.models import Email, Notification, OutboxEvent, QueuedTask
from tests.automation.killing import Case, survive
from tests.automation.screens import FAILING, make_office
from tests.factories import make_integration, make_published
from tests.fixtures.cluster import queue_is_empty
from tests.fixtures.stack import eventually

pytestmark = pytest.mark.django_db(transaction=True)


# --- send_workflow_notification -----------------------------------------------------------------------------------
def ended() -> OutboxEvent:
    """An execution that failed; the owner wants to know in the console and by e-mail, the viewer in the console."""
    office = make_office()
    notifications.save(office.owner, office.organization, None, {"failed": {"console", "email"}})
    notifications.save(office.viewer, office.organization, None, {"failed": {"console"}})
    executions.run_now(executions.start(office.workflow(*FAILING)).pk, budget=10)
    QueuedTask.objects.all().delete()
    event = OutboxEvent.objects.get(name="automation.execution.failed")
    OutboxEvent.objects.update(delivered_at=event.created_at)
    return event


def told_once(event: OutboxEvent) -> None:
    assert sorted(NotificationDelivery.objects.values_list("channel", "status")) == [
        ("console", "delivered"),
        ("console", "delivered"),
        ("email", "delivered"),
    ]
    assert Notification.objects.filter(kind="automation.notification.failed").count() == 2
    assert Email.objects.count() == 1
    told = OutboxEvent.objects.filter(name="automation.notification.failed")
    assert {each.payload["execution_id"] for each in told} == {event.payload["execution_id"]}
    assert told.count() == 2


def telling(held: str) -> Case:
    return Case(
        arrange=ended,
        queue=lambda event: tasks.send_workflow_notification.enqueue(
            event.payload["execution_id"], "failed", event.event_id
        ),
        held=held,
        is_done=lambda _event: not QueuedTask.objects.filter(name=tasks.send_workflow_notification.path).exists(),
        check=told_once,
    )


# --- update_integration_stats -------------------------------------------------------------------------------------
def calls_of_two() -> list:
    integrations = [make_integration(), make_integration()]
    IntegrationCall.objects.bulk_create(
        IntegrationCall(
            integration_id=integrations[number % 2].pk,
            at=integrations[0].created_at,
            milliseconds=number,
            error="No." if number % 10 == 0 else "",
        )
        for number in range(1000)
    )
    return integrations


def counted_once(integrations: list) -> None:
    counts = sorted(IntegrationStats.objects.values_list("calls", "failures"))
    assert counts == [(500, 0), (500, 100)]
    assert not IntegrationCall.objects.exists()


COUNTING = Case(
    arrange=calls_of_two,
    queue=lambda _integrations: tasks.update_integration_stats.enqueue(),
    held="automation_integrationstats",
    is_done=lambda _integrations: not QueuedTask.objects.filter(name=tasks.update_integration_stats.path).exists(),
    check=counted_once,
)


@pytest.mark.parametrize("server_goes_on", [False, True], ids=["statement lost", "statement finished"])
@pytest.mark.parametrize(
    "case",
    [
        telling("foundation_notification"),
        telling("foundation_email"),
        telling("automation_notificationdelivery"),
        COUNTING,
    ],
    ids=["telling, console", "telling, e-mail", "telling, at the start", "counting"],
)
def test_the_next_worker_completes_it_and_nothing_happens_twice(start_cluster, case, server_goes_on):
    survive(case, start_cluster, server_goes_on=server_goes_on)


def test_from_an_execution_to_the_bell_in_a_real_cluster(start_cluster):
    """Nothing is called by hand: the queue runs the execution, the event is delivered, its author is told."""
    office = make_office()
    workflow = make_published(*FAILING, organization=office.organization, created_by=office.owner)
    start_cluster(workers=2)

    execution = executions.start(workflow)

    told = eventually(lambda: Notification.objects.filter(user=office.owner).first(), within=20, what="the bell")
    assert told.link == f"/admin/live/{execution.pk}/"
    assert WorkflowExecution.objects.get().status == "failed"
    eventually(queue_is_empty, within=20, what="an empty queue")
    assert Notification.objects.count() == 1
