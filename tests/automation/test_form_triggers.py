"""Forms that start workflows: who may fill them in, what is asked, and what happens to answers."""

from http import HTTPStatus

import pytest
from django.test import Client
from django.urls import reverse

from nocode.automation.models import Trigger, WorkflowExecution
from nocode.automation.services import executions, triggers, workflows
from nocode.automation.triggers import InvalidTrigger
from nocode.foundation.models import Role
from tests.console.conftest import log_in
from tests.factories import make_organization, make_plan, make_published, make_subscription, make_user, set_values

pytestmark = pytest.mark.django_db

QUESTIONS = [
    {"name": "email", "label": "Your address", "kind": "email", "options": "", "required": "yes"},
    {"name": "size", "label": "Size", "kind": "choice", "options": "S, M, L", "required": "yes"},
    {"name": "day", "label": "Day", "kind": "date", "options": "", "required": "no"},
]
ANSWERS = {"email": "ana@example.com", "size": "M", "day": "2026-11-23"}


def make_form(**config) -> Trigger:
    workflow = make_published(("keep", "set", set_values(who="{{ trigger.email }}", size="{{ trigger.size }}")))
    settings = {"title": "Order a shirt", "fields_asked": QUESTIONS, **config}
    return triggers.create(workflow, "form", "Shirts", config=settings)


def address(form) -> str:
    return f"/forms/{form.token}/"


def test_what_is_filled_in_starts_the_workflow():
    form = make_form(text="We print <b>on demand</b>.", thanks="See you soon.")
    visitor = Client()

    page = visitor.get(address(form)).content.decode()
    for text in ("Order a shirt", "We print &lt;b&gt;on demand&lt;/b&gt;.", "Your address", '<option value="M"'):
        assert text in page
    answer = visitor.post(address(form), ANSWERS)

    assert (answer.status_code, "See you soon." in answer.content.decode()) == (HTTPStatus.OK, True)
    execution = WorkflowExecution.objects.get()
    assert (execution.trigger_kind, execution.input, execution.triggered_by) == ("form", ANSWERS, None)
    done = executions.run_now(execution.pk, budget=5)
    assert done.output == {"who": "ana@example.com", "size": "M"}


def test_what_is_wrong_is_said_beside_the_question_and_starts_nothing():
    form = make_form()

    answer = Client().post(address(form), {"email": "ana", "size": "XXL"})

    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert {*answer.context["form"].errors} == {"email", "size"}
    assert "ana" in answer.content.decode()
    assert not WorkflowExecution.objects.exists()


def test_a_form_from_elsewhere_is_refused():
    assert Client(enforce_csrf_checks=True).post(address(make_form()), ANSWERS).status_code == HTTPStatus.FORBIDDEN


def test_forms_that_are_not_open_take_nothing():
    unknown = Client().get("/forms/nothing-here/")
    switched_off, paused, other_kind = make_form(), make_form(), make_form()
    Trigger.objects.filter(pk=switched_off.pk).update(is_active=False)
    workflows.pause(paused.workflow)
    Trigger.objects.filter(pk=other_kind.pk).update(kind="manual")

    answers = [Client().post(address(form), ANSWERS) for form in (switched_off, paused, other_kind)]

    assert {answer.status_code for answer in (unknown, *answers)} == {HTTPStatus.NOT_FOUND}
    assert not WorkflowExecution.objects.exists()


def test_members_only_means_members_only():
    form = make_form(who="members")
    mate = make_user("mate@example.com", organization=form.workflow.organization, role=Role.VIEWER)
    stranger = make_user("stranger@example.com", organization=make_organization("Other"))

    asked_to_log_in = Client().post(address(form), ANSWERS)
    refused = log_in(stranger).post(address(form), ANSWERS)
    taken = log_in(mate).post(address(form), ANSWERS)

    assert asked_to_log_in.url.startswith("/admin/login/")
    assert (refused.status_code, taken.status_code) == (HTTPStatus.NOT_FOUND, HTTPStatus.OK)
    assert WorkflowExecution.objects.get().triggered_by == mate


def test_a_flood_is_slowed_down():
    form = make_form(rate_limit=2)

    statuses = [Client().post(address(form), ANSWERS).status_code for _time in range(4)]

    assert statuses == [200, 200, 429, 429]
    assert WorkflowExecution.objects.count() == 2


def test_what_the_plan_does_not_allow_is_not_taken_and_the_visitor_learns_nothing_of_it():
    form = make_form()
    make_subscription(form.workflow.organization, plan=make_plan(executions=0))

    answer = Client().post(address(form), ANSWERS)

    assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert "plan" not in " ".join(answer.context["form"].non_field_errors())
    assert not WorkflowExecution.objects.exists()


def test_a_choice_needs_its_choices():
    rows = [{"name": "size", "label": "Size", "kind": "choice", "options": " , ", "required": "yes"}]
    with pytest.raises(InvalidTrigger, match="choices of “Size”"):
        make_form(fields_asked=rows)


def test_the_button_run_now_asks_what_the_form_asks():
    form = make_form()
    owner = make_user("owner@example.com", organization=form.workflow.organization)
    page = reverse("admin:workflow_run", args=[form.workflow.pk])

    assert "Your address" in log_in(owner).get(page).content.decode()
    log_in(owner).post(page, ANSWERS)

    execution = WorkflowExecution.objects.get()
    assert (execution.input, execution.triggered_by) == (ANSWERS, owner)
