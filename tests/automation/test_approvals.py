"""Approvals: who is asked and who may answer, in the console and by a link, once; reminders, escalation, expiry."""

import re
from datetime import timedelta

import pytest
from django.core import signing
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from nocode.automation import asking
from nocode.automation.engine import runner
from nocode.automation.errors import AlreadyDecided, NoSuchId
from nocode.automation.models import Approval, StepRun, WorkflowExecution
from nocode.automation.services import approvals, executions, workflows
from nocode.automation.tasks import continue_later
from nocode.foundation.crypto import decrypt
from nocode.foundation.events import deliver_events
from nocode.foundation.ids import uuid7
from nocode.foundation.models import Email, Membership, Notification, OutboxEvent
from nocode.insights.models import UserActivity
from tests.factories import make_edge, make_node, make_organization, make_user, make_workflow, set_values
from tests.fixtures.mail import run_queue

pytestmark = pytest.mark.django_db


class Office:
    """An organization with a chief who decides, a teammate who is not asked, and a stranger."""

    def __init__(self):
        self.organization = make_organization("Office")
        self.chief = make_user("chief@example.com", organization=self.organization, name="Chief")
        self.teammate = make_user("mate@example.com", organization=self.organization, role="editor")
        self.stranger = make_user("stranger@example.com", organization=make_organization())

    def ask(self, **settings) -> WorkflowExecution:
        """An execution that waits for an answer; three ways lead on from it."""
        workflow = make_workflow(self.organization, name="Purchases")
        config = {
            "title": "Buy {{ trigger.what }}?",
            "text": "It costs **{{ trigger.price }}**.",
            "people": "chief@example.com",
        }
        ask = make_node(workflow, "ask", "approval", config=config | settings)
        for port in ("approved", "rejected", "expired"):
            values = set_values(way=port, by="{{ input.by && input.by.email }}", said="{{ input.comment }}")
            make_edge(ask, make_node(workflow, port, config=values), port)
        workflows.publish(workflow)
        workflow.refresh_from_db()
        execution = executions.start(workflow, input={"what": "a boat", "price": "9 €"})
        return executions.run_now(execution.pk, budget=20)


@pytest.fixture
def office(settings):
    settings.PUBLIC_URL = "https://nocode.example.com"
    return Office()


def settled(execution) -> WorkflowExecution:
    run_queue()
    execution.refresh_from_db()
    return execution


def later(execution, **pause) -> None:
    """Let time go by: everything that is due within it becomes due now."""
    shift = timedelta(**pause)
    approval = Approval.objects.get(execution=execution)
    for name in ("due_at", "remind_at", "escalate_at"):
        if moment := getattr(approval, name):
            setattr(approval, name, moment - shift)
    approval.save()
    past = timezone.now() - timedelta(seconds=1)
    StepRun.objects.filter(execution=execution, status="waiting").update(wake_at=past)
    WorkflowExecution.objects.filter(pk=execution.pk).update(wake_at=past)
    runner.run(execution.pk, continue_later=continue_later)
    execution.refresh_from_db()


def log_of(execution) -> list[str]:
    return list(execution.logs.order_by("pk").values_list("message", flat=True))


def link_in(email: Email) -> str:
    return re.search(r"https://nocode\.example\.com(/approvals/\S+/)", decrypt(email.text)).group(1)


# --- Asking and answering ---------------------------------------------------------------------------------------------


def test_those_who_are_asked_are_told_under_the_bell_and_by_email(office):
    execution = office.ask()

    assert execution.status == "waiting"
    [told] = Notification.objects.all()
    approval = Approval.objects.get()
    assert (told.user, told.title) == (office.chief, "Your decision is awaited: Buy a boat?")
    assert told.link == reverse("admin:approval", args=[approval.pk])
    [email] = Email.objects.all()
    assert (email.to, email.subject) == ("chief@example.com", "Your decision is awaited: Buy a boat?")
    assert log_of(execution) == ["Asked: Chief."]


@pytest.mark.parametrize("decision", ["approved", "rejected"])
def test_the_execution_goes_on_as_was_decided(office, decision):
    execution = office.ask()

    approvals.decide(Approval.objects.get().pk, office.chief, decision, comment=" It floats. ")

    assert settled(execution).output == {"way": decision, "by": "chief@example.com", "said": "It floats."}
    assert log_of(execution)[-1] == f"{decision.title()} by Chief."
    output = execution.steps.get(node_key="ask").output
    assert (output["approved"], output["by"]["id"]) == (decision == "approved", office.chief.pk)
    event = OutboxEvent.objects.get(name=f"automation.approval.{decision}")
    assert (event.actor, event.payload["comment"]) == (office.chief, "It floats.")
    assert not Notification.objects.unread().exists()
    deliver_events()
    activity = UserActivity.objects.get(action=f"approval.{decision}")
    assert (activity.user, activity.target_label) == (office.chief, "Buy a boat?")


def test_only_those_who_are_asked_can_answer(office):
    execution = office.ask()
    approval = Approval.objects.get()

    for person in (office.teammate, office.stranger):
        with pytest.raises(NoSuchId):
            approvals.decide(approval.pk, person, "approved")
    Membership.objects.filter(user=office.chief).delete()
    with pytest.raises(NoSuchId):  # has left the organization meanwhile
        approvals.decide(approval.pk, office.chief, "approved")

    assert settled(execution).status == "waiting"


def test_the_first_answer_counts_and_the_second_is_told_so(office):
    execution = office.ask(people="chief@example.com, mate@example.com")
    approval = Approval.objects.get()

    approvals.decide(approval.pk, office.chief, "approved")
    with pytest.raises(AlreadyDecided, match="Chief has approved this already."):
        approvals.decide(approval.pk, office.teammate, "rejected")

    assert settled(execution).output["way"] == "approved"


def test_roles_are_asked_too_and_everybody_once(office):
    office.ask(people="mate@example.com, chief@example.com", roles=["owner"])
    assert sorted(Approval.objects.get().asked) == sorted([office.chief.pk, office.teammate.pk])


def test_nobody_can_be_asked_who_is_no_member(office):
    execution = office.ask(people="{{ 'stranger@example.com' }}")
    assert execution.error_message == "Not a member of the organization: stranger@example.com."

    workflow = make_workflow(office.organization)
    node = make_node(workflow, "ask", "approval", config={"title": "?", "people": "stranger@example.com"})
    assert "stranger@example.com" in workflows.check_node(node)[0].message


def test_an_answer_to_an_execution_that_was_cancelled_is_refused(office):
    execution = office.ask()
    approval = Approval.objects.get()
    executions.cancel(execution)

    with pytest.raises(AlreadyDecided, match="ended"):
        approvals.decide(approval.pk, office.chief, "approved")
    deliver_events()
    approval.refresh_from_db()
    assert approval.state == "withdrawn"


# --- When nobody answers ----------------------------------------------------------------------------------------------


def test_a_question_expires(office):
    execution = office.ask(expires=24)
    later(execution, hours=25)

    assert execution.output["way"] == "expired"
    with pytest.raises(AlreadyDecided, match="time to decide is over"):
        approvals.decide(Approval.objects.get().pk, office.chief, "approved")


def test_reminders_and_escalation_happen_once_each_when_they_are_due(office):
    execution = office.ask(remind=24, escalate=36, escalate_to="mate@example.com", expires=72)

    later(execution, hours=25)
    assert [email.to for email in Email.objects.order_by("pk")] == ["chief@example.com"] * 2
    assert Notification.objects.filter(title__startswith="Your decision is still awaited").count() == 1
    with pytest.raises(NoSuchId):
        approvals.decide(Approval.objects.get().pk, office.teammate, "approved")

    later(execution, hours=12)
    assert [email.to for email in Email.objects.order_by("pk")][2:] == ["mate@example.com"]
    approvals.decide(Approval.objects.get().pk, office.teammate, "approved")
    assert settled(execution).output["by"] == "mate@example.com"


# --- The console ------------------------------------------------------------------------------------------------------


def client_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize(("person", "status"), [("chief", 200), ("teammate", 404), ("stranger", 404)])
def test_the_page_is_there_for_those_who_are_asked(office, person, status):
    office.ask()
    page = reverse("admin:approval", args=[Approval.objects.get().pk])
    client = client_of(getattr(office, person))

    assert client.get(page).status_code == status
    if status == 404:
        assert client.post(page, {"decision": "approved"}).status_code == 404
        assert Approval.objects.get().state == "open"
        assert b"Buy a boat?" not in client.get(reverse("admin:approvals")).content


def test_fields_are_asked_and_only_an_approval_needs_them(office):
    asked = [{"name": "budget", "label": "Budget", "kind": "whole", "required": "yes"}]
    execution = office.ask(fields_asked=asked)
    page, client = reverse("admin:approval", args=[Approval.objects.get().pk]), client_of(office.chief)

    refused = client.post(page, {"decision": "approved"})
    assert "This field is required." in refused.content.decode()
    client.post(page, {"decision": "approved", "field-budget": "12", "comment": "fine"})

    settled(execution)
    assert execution.steps.get(node_key="ask").output["values"] == {"budget": 12}
    assert "has approved this already" in client.get(page).content.decode()


def test_saying_no_needs_no_fields(office):
    asked = [{"name": "budget", "label": "Budget", "kind": "whole", "required": "yes"}]
    execution = office.ask(fields_asked=asked)
    client_of(office.chief).post(reverse("admin:approval", args=[Approval.objects.get().pk]), {"decision": "rejected"})
    assert settled(execution).output["way"] == "rejected"


@pytest.mark.parametrize("rows", [1, 30])
def test_the_list_costs_the_same_however_much_waits(office, rows, django_assert_max_num_queries):
    execution = office.ask()
    approval, step = Approval.objects.get(), execution.steps.get(node_key="ask")
    for turn in range(1, rows):
        approval.pk, step.pk, approval.iteration, step.iteration = uuid7(), None, turn, turn
        approval.save(force_insert=True)
        step.save(force_insert=True)
    client = client_of(office.chief)
    client.get(reverse("admin:approvals"))

    with django_assert_max_num_queries(14):
        page = client.get(reverse("admin:approvals")).content.decode()

    assert page.count("Buy a boat?") == rows


# --- The link in the e-mail -------------------------------------------------------------------------------------------


def test_the_link_answers_without_login_and_only_by_its_form(office):
    execution = office.ask()
    [email] = Email.objects.all()
    link, anybody = link_in(email), Client()

    page = anybody.get(link).content.decode()
    assert "<strong>9 €</strong>" in page
    assert Approval.objects.get().state == "open"  # a scanner that opens links has decided nothing

    answer = anybody.post(link, {"decision": "approved", "comment": "by mail"}, follow=True)
    assert "has approved this already" in answer.content.decode()
    assert settled(execution).output == {"way": "approved", "by": "chief@example.com", "said": "by mail"}


def test_the_link_works_once(office):
    execution = office.ask()
    link = link_in(Email.objects.get())
    Client().post(link, {"decision": "approved"})

    again = Client().post(link, {"decision": "rejected"}, follow=True)

    assert "has approved this already" in again.content.decode()
    assert settled(execution).output["way"] == "approved"


def test_a_link_that_was_tampered_with_is_too_old_or_belongs_to_somebody_who_left_leads_nowhere(office):
    office.ask()
    approval = Approval.objects.get()
    for_mate = signing.dumps([str(approval.pk), office.teammate.pk], salt=asking.SALT)
    other_purpose = signing.dumps([str(approval.pk), office.chief.pk], salt="something else")
    good = asking.token_for(approval, office.chief)
    for token in (good[:-2] + "xx", for_mate, other_purpose):
        assert Client().get(reverse("approval_link", args=[token])).status_code == 404

    Membership.objects.filter(user=office.chief).delete()
    assert Client().get(reverse("approval_link", args=[good])).status_code == 404
    assert Client().post(reverse("approval_link", args=[good]), {"decision": "approved"}).status_code == 404
    assert Approval.objects.get().state == "open"


def test_a_forged_form_is_refused(office):
    office.ask()
    link = link_in(Email.objects.get())
    assert Client(enforce_csrf_checks=True).post(link, {"decision": "approved"}).status_code == 403
