"""Two at once, with real threads and connections: the last place goes to one of them, each number to one invoice."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from django.db import connection, transaction
from django.test import Client

from nocode.automation.models import Workflow, WorkflowExecution
from nocode.automation.services import executions, triggers
from nocode.foundation.models import Invitation, Invoice, InvoiceCounter, Role, Subscription
from nocode.foundation.services import auth, billing
from nocode.foundation.services.billing import LimitReached, PlanRefused
from nocode.foundation.services.billing.invoices import Line
from nocode.foundation.services.billing.periods import Period
from nocode.foundation.services.billing.renewal import renew_due
from nocode.studio.models import DataTable, Project
from nocode.studio.schema.manager import SchemaManager
from nocode.studio.services.projects import create_project
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

JANUARY = Period(date(2026, 1, 1), date(2026, 2, 1))


@pytest.fixture(autouse=True)
def address(settings):
    settings.PUBLIC_URL = "https://nocode.example.com"


def at_once(*calls: Callable) -> list:
    """Call all at the same moment, each on its own connection; what each returned, or the refusal it got."""
    ready = threading.Barrier(len(calls))

    def run(function: Callable):
        try:
            connection.ensure_connection()
            ready.wait(10)
            return function()
        except (LimitReached, PlanRefused) as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result(30) for future in [pool.submit(run, each) for each in calls]]


def limited(**limits):
    organization = factories.make_organization("Acme")
    factories.make_subscription(organization, factories.make_plan("Small", **limits))
    return organization


def refused(answers: list) -> int:
    return sum(isinstance(answer, LimitReached) for answer in answers)


def test_the_last_project():
    organization = limited(projects=2)
    create_project(organization, "First")

    answers = at_once(*(lambda n=n: create_project(organization, f"Racer {n}") for n in range(4)))

    assert (refused(answers), Project.objects.count()) == (3, 2)


def test_the_last_table_in_two_projects():
    organization = limited(tables=1)
    projects = [factories.make_project(organization) for _ in range(2)]

    answers = at_once(*(lambda project=project: SchemaManager(project).create_table("T") for project in projects))

    assert (refused(answers), DataTable.objects.count()) == (1, 1)


def test_the_last_workflow():
    organization = limited(workflows=1)
    owner = factories.make_user(organization=organization)
    clients = [Client() for _ in range(3)]
    for client in clients:
        client.force_login(owner)
    typed = {"organization": organization.pk, "timeout": 60, "variables": "{}"}

    def add(client, number):
        return client.post("/admin/automation/workflow/add/", {**typed, "name": f"Racer {number}"}).status_code

    answers = at_once(*(lambda c=client, n=number: add(c, n) for number, client in enumerate(clients)))

    assert (sorted(answers), Workflow.objects.count()) == ([200, 200, 302], 1)


def test_the_last_invitation():
    organization = limited(members=2)
    owner = factories.make_user(organization=organization)
    emails = ["one@example.com", "two@example.com", "three@example.com"]

    answers = at_once(*(lambda e=email: auth.invite(organization, e, Role.VIEWER, owner) for email in emails))

    assert (refused(answers), Invitation.objects.count()) == (2, 1)


def test_the_last_execution():
    workflow = factories.make_published(
        ("a", "set", factories.set_values(v="1")), organization=limited(executions=2, workflows=5)
    )

    answers = at_once(*(lambda: executions.start(workflow) for _ in range(5)))

    assert (refused(answers), WorkflowExecution.objects.count()) == (3, 2)


def test_the_last_webhook_call():
    workflow = factories.make_published(("a", "set", factories.set_values(v="1")), organization=limited(executions=2))
    hook = triggers.create(workflow, "webhook", "Hook")

    def call():
        return Client().post(f"/hooks/{hook.token}/", b"{}", content_type="application/json").status_code

    answers = at_once(*(call for _ in range(6)))

    assert (sorted(answers), WorkflowExecution.objects.count()) == ([202, 202, 402, 402, 402, 402], 2)


def test_a_smaller_plan_and_one_more_project():
    organization = factories.make_organization()
    billing.subscribe(organization, factories.make_plan(price=2000, projects=9))
    factories.make_project(organization)
    tiny = factories.make_plan("Tiny", price=1000, projects=1)

    shrink, grow = at_once(
        lambda: billing.change_plan(organization, tiny, at_once=True), lambda: create_project(organization, "Second")
    )

    assert isinstance(shrink, PlanRefused) or isinstance(grow, LimitReached)
    assert Project.objects.count() <= billing.limits_of(organization)["projects"]


def test_two_subscriptions_at_once_become_one():
    organization, plan = factories.make_organization(), factories.make_plan(price=1000)

    answers = at_once(*(lambda: billing.subscribe(organization, plan) for _ in range(3)))

    assert sum(isinstance(answer, PlanRefused) for answer in answers) == 2
    assert (Subscription.objects.count(), Invoice.objects.count()) == (1, 1)


def test_invoices_at_once_have_numbers_without_gaps():
    organizations = [factories.make_organization() for _ in range(8)]

    def issue(number):
        """Every third one is rolled back after it had its number."""
        with transaction.atomic():
            lines = [Line("x", 100)]
            billing.issue_invoice(organizations[number], lines, currency="EUR", period=JANUARY, today=date(2026, 1, 1))
            transaction.set_rollback(number % 3 == 0)

    at_once(*(lambda n=number: issue(n) for number in range(8)))

    numbers = sorted(Invoice.objects.values_list("number", flat=True))
    assert numbers == [f"2026-{number:05d}" for number in range(1, 6)]
    assert InvoiceCounter.objects.get().last == 5


def test_renewals_at_once_invoice_each_period_once(monkeypatch):
    organizations = [factories.make_organization() for _ in range(3)]
    for organization in organizations:
        billing.subscribe(organization, factories.make_plan(price=1000), today=date(2026, 1, 31))
    monkeypatch.setattr("nocode.foundation.services.billing.renewal.timezone.localdate", lambda: date(2026, 3, 31))

    answers = at_once(*(renew_due.function for _ in range(4)))

    assert sum(answer["renewed"] for answer in answers) == 6
    assert Invoice.objects.count() == 9
    assert {subscription.period_end for subscription in Subscription.objects.all()} == {date(2026, 4, 30)}
