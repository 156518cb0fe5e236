"""How executions ended: who is told, in which ways, and once however often the task runs."""

import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from nocode.automation import notifying
from nocode.automation.models import NotificationDelivery, NotificationRule, Workflow
from nocode.automation.services import executions
from nocode.automation.services import notifications as service
from nocode.automation.tasks import call_notification_address, send_workflow_notification
from nocode.foundation.events import deliver_events
from nocode.foundation.models import Email, Membership, Notification, OutboxEvent, QueuedTask
from tests.automation.screens import FAILING, make_office
from tests.factories import make_organization, make_user
from tests.fixtures.mail import run_queue

pytestmark = pytest.mark.django_db

CONSOLE, EMAIL, WEBHOOK = "console", "email", "webhook"
CANARY = "hooks-canary-5d20aa"


@pytest.fixture
def office():
    return make_office()


class Listener(BaseHTTPRequestHandler):
    """Keeps what it is sent and answers what it is told to."""

    def do_POST(self):  # noqa: N802
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.calls.append(({name.lower(): value for name, value in self.headers.items()}, json.loads(body)))
        self.send_response(self.server.answers.pop(0) if self.server.answers else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture
def listener(settings):
    settings.OUTGOING_HTTP_ALLOW = ["127.0.0.1"]
    with listening() as server:
        yield server


@contextmanager
def listening():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    server.calls, server.answers = [], []
    server.url = f"http://127.0.0.1:{server.server_port}/{CANARY}"
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def choose(user, organization, workflow=None, address="", **channels) -> None:
    """choose(…, failed=[CONSOLE, EMAIL])"""
    service.save(user, organization, workflow, {on: set(ways) for on, ways in channels.items()}, address)


def failed(office, **fields):
    return office.finished(office.workflow(*FAILING, **fields))


def settle() -> None:
    """Deliver the events, and do what follows from them."""
    deliver_events()
    run_queue()


def last_event(execution) -> OutboxEvent:
    return OutboxEvent.objects.filter(key=f"execution:{execution.pk}", name__startswith="automation.execution.").latest(
        "pk"
    )


def told() -> list[tuple]:
    return sorted((each.user.pk, each.kind.rpartition(".")[2]) for each in Notification.objects.select_related("user"))


# --- Who ----------------------------------------------------------------------------------------------------------


def test_without_any_rule_the_author_is_told_of_a_failure(office):
    execution = failed(office, created_by=office.owner, name="Invoices")

    settle()

    [told] = Notification.objects.all()
    assert (told.user, told.organization, told.level) == (office.owner, office.organization, "error")
    assert told.title == str(told) == "“Invoices” has failed"
    with translation.override("fr"):  # in the language of whoever reads it
        assert "Invoices" in str(told)
        assert "a échoué" in str(told)
    assert told.text == "The file has no header."
    assert told.link == f"/admin/live/{execution.pk}/"
    assert told.kind == "automation.notification.failed"


def test_without_any_rule_nobody_is_told_of_what_went_well(office):
    office.finished(office.workflow(created_by=office.owner))

    deliver_events()

    assert not QueuedTask.objects.filter(name__contains="notification").exists()
    assert not Notification.objects.exists()


def test_a_rule_for_every_workflow_and_one_for_a_single_workflow(office):
    noisy, other = office.workflow(name="Noisy"), office.workflow(name="Other")
    choose(office.viewer, office.organization, completed=[CONSOLE])
    choose(office.viewer, office.organization, noisy)  # silence
    choose(office.owner, office.organization, noisy, completed=[CONSOLE])

    office.finished(noisy)
    office.finished(other)
    settle()

    titles = set(Notification.objects.values_list("user", "title"))
    assert titles == {
        (office.viewer.pk, "“Other” has completed"),
        (office.owner.pk, "“Noisy” has completed"),
    }


def test_a_general_choice_leaves_authors_what_they_did_not_choose(office):
    choose(office.owner, office.organization, completed=[EMAIL])

    failed(office, created_by=office.owner)
    settle()

    assert told() == [(office.owner.pk, "failed")]


def test_an_author_may_ask_for_silence(office):
    workflow = office.workflow(*FAILING, created_by=office.owner)
    choose(office.owner, office.organization, workflow)

    office.finished(workflow)
    settle()

    assert not Notification.objects.exists()


def test_rules_of_other_organizations_say_nothing_here(office):
    elsewhere = office.stranger.organizations.get()
    choose(office.stranger, elsewhere, failed=[CONSOLE, EMAIL])

    failed(office)
    settle()

    assert not NotificationDelivery.objects.exists()


@pytest.mark.parametrize("how", ["left", "deactivated"])
def test_who_is_gone_is_told_nothing_in_no_way(office, how):
    choose(office.owner, office.organization, failed=[CONSOLE, EMAIL])
    if how == "left":
        Membership.objects.filter(user=office.owner, organization=office.organization).delete()
    else:
        type(office.owner).objects.filter(pk=office.owner.pk).update(is_active=False)

    failed(office, created_by=office.owner)
    settle()

    assert not Notification.objects.exists()
    assert not Email.objects.exists()
    assert not NotificationDelivery.objects.exists()


def test_a_cancelled_execution_is_told_too(office):
    choose(office.viewer, office.organization, cancelled=[CONSOLE])
    execution = office.execution()
    executions.cancel(execution, office.owner)

    settle()

    assert told() == [(office.viewer.pk, "cancelled")]


def test_a_deleted_workflow_does_not_keep_others_from_being_told(office):
    choose(office.viewer, office.organization, failed=[CONSOLE])
    workflow = office.workflow(*FAILING, created_by=office.owner)
    office.finished(workflow)
    Workflow.objects.get(pk=workflow.pk).delete()

    settle()

    assert told() == [(office.viewer.pk, "failed")]


# --- What is announced, and how often --------------------------------------------------------------------------------


def test_each_person_told_is_an_event(office):
    choose(office.owner, office.organization, failed=[CONSOLE, EMAIL])
    choose(office.viewer, office.organization, failed=[CONSOLE])
    execution = failed(office, name="Invoices")

    settle()

    events = OutboxEvent.objects.filter(name="automation.notification.failed")
    assert {event.organization_id for event in events} == {office.organization.pk}
    assert sorted((event.payload for event in events), key=lambda payload: payload["user_id"]) == [
        {"execution_id": str(execution.pk), "workflow_name": "Invoices", "status": "failed", "user_id": user.pk}
        for user in sorted([office.owner, office.viewer], key=lambda user: user.pk)
    ]


def test_told_once_however_often_the_task_runs(office, listener, mail_server):
    choose(office.owner, office.organization, failed=[CONSOLE, EMAIL, WEBHOOK], address=listener.url)
    execution = failed(office)
    event = last_event(execution)

    for _time in range(3):
        send_workflow_notification(str(execution.pk), "failed", str(event.event_id))
        run_queue()

    assert (Notification.objects.count(), len(mail_server.messages), len(listener.calls)) == (1, 1, 1)
    assert OutboxEvent.objects.filter(name="automation.notification.failed").count() == 1


def test_a_second_failure_of_the_same_execution_is_told_again(office):
    execution = failed(office, created_by=office.owner)
    settle()
    executions.retry_step(execution, "second")
    executions.run_now(execution.pk, budget=10)

    settle()

    assert told() == [(office.owner.pk, "failed")] * 2


def test_an_execution_that_is_gone_is_told_to_nobody():
    send_workflow_notification(str(uuid4()), "failed", str(uuid4()))

    assert not NotificationDelivery.objects.exists()


@pytest.mark.parametrize("ends", [1, 30])
def test_where_nobody_listens_one_query_is_all_it_costs_for_many(office, ends):
    """The ends of executions are looked at together; none of them costs a transaction, and no task is queued."""
    workflow = office.workflow()
    choose(office.owner, office.organization, workflow)  # silence
    deliver_events()
    for _number in range(ends):
        office.finished(workflow)
    QueuedTask.objects.all().delete()

    with CaptureQueriesContext(connection) as captured:
        deliver_events()

    assert len([query for query in captured if "notificationrule" in query["sql"]]) == 1
    assert len([query for query in captured if "FOR UPDATE" in query["sql"]]) == 0
    assert not OutboxEvent.objects.filter(delivered_at=None).exists()


# --- Ways of telling -------------------------------------------------------------------------------------------------


def test_an_email_says_what_happened_and_leads_there(office, mail_server, settings):
    settings.PUBLIC_URL = "https://nocode.example"
    choose(office.owner, office.organization, failed=[EMAIL])
    execution = failed(office, name="Invoices\nBcc: evil@example.com")

    settle()

    [message] = mail_server.messages
    assert message["To"] == office.owner.email
    assert message["Subject"].strip() == "“Invoices Bcc: evil@example.com” has failed"
    assert message["Bcc"] is None
    text = message.get_body(["plain"]).get_content()
    assert "The file has no header." in text
    assert f"https://nocode.example/admin/live/{execution.pk}/" in text
    assert not Notification.objects.exists()


def test_an_address_is_called_with_what_happened(office, listener):
    choose(office.owner, office.organization, failed=[WEBHOOK], address=listener.url)
    execution = failed(office, name="Invoices")
    event = last_event(execution)

    settle()

    [(headers, body)] = listener.calls
    assert headers["idempotency-key"] == f"{event.event_id}:{office.owner.pk}"
    assert {name: body[name] for name in ("type", "execution_id", "workflow_name", "status", "user_id")} == {
        "type": "automation.notification.failed",
        "execution_id": str(execution.pk),
        "workflow_name": "Invoices",
        "status": "failed",
        "user_id": office.owner.pk,
    }
    assert NotificationDelivery.objects.get().status == "delivered"


def test_a_call_that_fails_for_now_is_tried_again_with_the_same_key(office, listener):
    listener.answers = [503, 429]
    choose(office.owner, office.organization, failed=[CONSOLE, WEBHOOK], address=listener.url)
    failed(office)

    settle()
    delivery = NotificationDelivery.objects.get(channel=WEBHOOK)
    assert (delivery.status, delivery.attempts, len(listener.calls)) == ("pending", 1, 1)
    assert Notification.objects.count() == 1  # the console did not wait
    QueuedTask.objects.update(due_at=delivery.created_at)
    run_queue()
    QueuedTask.objects.update(due_at=delivery.created_at)
    run_queue()

    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts, delivery.error) == ("delivered", 3, "")
    assert len({headers["idempotency-key"] for headers, _body in listener.calls}) == 1


def test_a_refused_way_does_not_keep_the_others_from_being_taken(office, listener, mail_server):
    listener.answers = [404]
    type(office.owner).objects.filter(pk=office.owner.pk).update(email="not an address")
    choose(office.owner, office.organization, failed=[CONSOLE, EMAIL, WEBHOOK], address=listener.url)
    failed(office)

    settle()

    outcome = dict(NotificationDelivery.objects.values_list("channel", "status"))
    assert outcome == {CONSOLE: "delivered", EMAIL: "failed", WEBHOOK: "failed"}
    errors = dict(NotificationDelivery.objects.values_list("channel", "error"))
    assert "is not an e-mail address" in errors[EMAIL]
    assert "404" in errors[WEBHOOK]
    undelivered = Notification.objects.filter(kind="automation.notification.undelivered")
    assert {each.user for each in undelivered} == {office.owner}
    assert undelivered.count() == 2


def test_attempts_come_to_an_end(office, settings):
    settings.OUTGOING_HTTP_ALLOW = ["127.0.0.1"]
    with listening() as server:
        choose(office.owner, office.organization, failed=[WEBHOOK], address=server.url)
    failed(office)
    settle()
    delivery = NotificationDelivery.objects.get()

    for _attempt in range(notifying.MAX_ATTEMPTS + 2):
        call_notification_address(delivery.pk)

    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == ("failed", notifying.MAX_ATTEMPTS)
    assert "connection" in delivery.error.lower()


def test_private_addresses_are_not_called(office):
    with listening() as server:
        choose(office.owner, office.organization, failed=[WEBHOOK], address=server.url)
        failed(office)
        settle()

        assert server.calls == []
    assert "private network" in NotificationDelivery.objects.get().error


def test_an_address_that_was_removed_is_not_called(office, listener):
    choose(office.owner, office.organization, failed=[WEBHOOK], address=listener.url)
    failed(office)
    deliver_events()
    choose(office.owner, office.organization, failed=[])
    run_queue()
    failed_before = NotificationDelivery.objects.filter(channel=WEBHOOK)

    assert listener.calls == []
    assert not failed_before.filter(status="delivered").exists()


def test_the_address_is_kept_secret(office, listener):
    choose(office.owner, office.organization, failed=[WEBHOOK], address=listener.url)
    listener.answers = [404]
    failed(office)
    settle()

    assert CANARY not in NotificationRule.objects.get(on="failed").webhook_url
    assert CANARY not in NotificationDelivery.objects.get().error
    assert CANARY not in "".join(Notification.objects.values_list("text", flat=True))


# --- The screens -----------------------------------------------------------------------------------------------------


def test_a_person_chooses_for_one_workflow_in_a_dialog(office, listener):
    workflow = office.workflow()
    url = f"/admin/automation/workflow/{workflow.pk}/notifications/"
    client = office.client("viewer")

    page = client.get(f"/admin/automation/workflow/{workflow.pk}/change/").content.decode()
    dialog = client.get(url, headers={"HX-Request": "true"}).content.decode()
    answer = client.post(url, {"failed-email": "on", "failed-webhook": "on", "address": listener.url})

    assert f'hx-get="{url}"' in page
    assert "<html" not in dialog
    assert answer.status_code == 302
    rules = {rule.on: rule for rule in NotificationRule.objects.filter(user=office.viewer, workflow=workflow)}
    assert {on: rule.channels for on, rule in rules.items()} == {
        "failed": {EMAIL, WEBHOOK},
        "completed": set(),
        "cancelled": set(),
    }
    assert rules["failed"].read_address() == listener.url
    again = client.get(url).content.decode()
    assert "Now: an address at 127.0.0.1" in again
    assert CANARY not in again
    client.post(url, {"failed-webhook": "on", "completed-console": "on"})
    assert NotificationRule.objects.get(workflow=workflow, on="failed").read_address() == listener.url
    assert NotificationRule.objects.get(workflow=workflow, on="completed").channels == {CONSOLE}


@pytest.mark.parametrize("address", ["", "ftp://example.com/", "not an address"])
def test_an_address_is_asked_for_where_one_is_needed(office, address):
    workflow = office.workflow()

    page = office.client("owner").post(
        f"/admin/automation/workflow/{workflow.pk}/notifications/", {"failed-webhook": "on", "address": address}
    )

    assert page.status_code == 200
    assert page.context["form"].errors.keys() == {"address"}
    assert not NotificationRule.objects.exists()


def test_my_notifications_lists_changes_and_forgets(office):
    workflow = office.workflow(*FAILING, name="Invoices", created_by=office.owner)
    client = office.client("owner")
    choose(office.owner, office.organization, workflow, failed=[CONSOLE])

    client.post(f"/admin/automation/notifications/{office.organization.pk}/", {"completed-email": "on"})
    page = client.get("/admin/automation/notifications/").content.decode()
    client.post(f"/admin/automation/workflow/{workflow.pk}/notifications/forget/")

    assert ["Acme" in page, "Invoices" in page, "Completed: by e-mail" in page] == [True] * 3
    assert not NotificationRule.objects.filter(workflow=workflow).exists()
    assert NotificationRule.objects.get(on="completed").channels == {EMAIL}
    # Without a choice of its own the workflow is like the others; its author still hears of failures.
    assert service.choice_of(office.owner, office.organization, workflow).channels == {
        "failed": {CONSOLE},
        "completed": {EMAIL},
        "cancelled": set(),
    }


def test_what_could_not_be_told_is_shown(office):
    with listening() as server:
        choose(office.owner, office.organization, failed=[WEBHOOK], address=server.url)
    failed(office, name="Invoices")
    settle()

    page = office.client("owner").get("/admin/automation/notifications/").content.decode()

    assert "Could not be told" in page
    assert "private network" in page
    assert "private network" not in office.client("viewer").get("/admin/automation/notifications/").content.decode()


def test_the_page_costs_the_same_with_one_workflow_and_with_thirty(office, django_assert_max_num_queries):
    client = office.client("owner")
    choose(office.owner, office.organization, office.workflow(), failed=[CONSOLE])
    client.get("/admin/automation/notifications/")
    with django_assert_max_num_queries(10) as few:
        client.get("/admin/automation/notifications/")
    for _number in range(29):
        choose(office.owner, office.organization, office.workflow(), failed=[CONSOLE])

    with django_assert_max_num_queries(len(few)):
        client.get("/admin/automation/notifications/")


def test_strangers_and_teammates_reach_only_their_own(office):
    workflow = office.workflow(name="Invoices")
    choose(office.owner, office.organization, workflow, failed=[CONSOLE])
    stranger, viewer = office.client("stranger"), office.client("viewer")
    urls = [
        f"/admin/automation/workflow/{workflow.pk}/notifications/",
        f"/admin/automation/workflow/{workflow.pk}/notifications/forget/",
        f"/admin/automation/notifications/{office.organization.pk}/",
    ]

    assert [stranger.post(url, {"failed-console": "on"}).status_code for url in urls] == [404] * 3
    assert "Invoices" not in stranger.get("/admin/automation/notifications/").content.decode()
    viewer.post(urls[1])
    assert NotificationRule.objects.filter(user=office.owner).count() == 3
    viewer.get("/admin/automation/notifications/")  # says what was just done
    assert "Invoices" not in viewer.get("/admin/automation/notifications/").content.decode()


def test_who_left_sees_no_name_of_what_they_had_chosen(office):
    workflow = office.workflow(name="Invoices")
    choose(office.owner, office.organization, workflow, failed=[CONSOLE])
    Membership.objects.filter(user=office.owner).delete()
    Membership.objects.create(user=office.owner, organization=make_organization())

    assert "Invoices" not in office.client("owner").get("/admin/automation/notifications/").content.decode()


def test_the_seam_between_organizations(office):
    """Thirty people of one organization: told with few statements, each once."""
    people = [make_user(organization=office.organization) for _number in range(30)]
    for person in people:
        choose(person, office.organization, failed=[CONSOLE])
    execution = failed(office)

    settle()

    assert Notification.objects.count() == NotificationDelivery.objects.count() == 30
    assert execution.notifications.filter(status="delivered").count() == 30
