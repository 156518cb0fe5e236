"""The archive of executions: how it is filtered, searched and ordered, and what that costs."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from nocode.automation.models import WorkflowExecution
from tests import factories
from tests.insights.history import make_execution, make_workflow

pytestmark = pytest.mark.django_db

LIST = reverse("admin:automation_workflowexecution_changelist")
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture
def organization():
    return factories.make_organization("Acme")


@pytest.fixture
def owner(organization):
    return factories.make_user("owner@example.com", organization=organization)


def logged_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def shown(user, query: str = "", **headers) -> list[WorkflowExecution]:
    answer = logged_in(user).get(f"{LIST}{query}", headers=headers)
    assert answer.status_code == 200
    return list(answer.context["cl"].result_list)


def fail(execution: WorkflowExecution, error: str) -> WorkflowExecution:
    WorkflowExecution.objects.filter(pk=execution.pk).update(status="failed", error_message=error)
    return execution


def test_words_are_found_in_the_name_and_in_the_error(organization, owner):
    invoices, orders = make_workflow(organization, "Invoices"), make_workflow(organization, "Orders")
    went_well, failed = make_execution(invoices, NOON), fail(make_execution(orders, NOON), "No invoice number")
    make_execution(orders, NOON)

    assert shown(owner, "?q=INVOICE") == [failed, went_well]
    assert shown(owner, "?q=orders+number") == [failed]
    assert shown(owner, "?q=nothing") == []


def test_an_execution_is_found_by_the_name_its_workflow_had(organization, owner):
    workflow = make_workflow(organization, "Nightly")
    before = make_execution(workflow, NOON)
    workflow.name = "Evening"
    workflow.save()
    after = make_execution(workflow, NOON + timedelta(hours=1))

    assert shown(owner, "?q=nightly") == [before]
    assert shown(owner, "?q=evening") == [after]


def test_an_execution_is_found_when_its_workflow_is_gone(organization, owner):
    workflow = make_workflow(organization, "Nightly")
    execution = make_execution(workflow, NOON)
    workflow.delete()

    assert shown(owner, "?q=nightly") == [execution]


def test_names_of_others_find_nothing(organization, owner):
    make_execution(make_workflow(factories.make_organization(), "Secret"), NOON)

    assert shown(owner, "?q=secret") == []


@pytest.mark.parametrize(
    ("query", "hours"),
    [
        ("created_at_from_0=2026-03-10&created_at_from_1=12:00:00", [12, 13, 36]),
        ("created_at_to_0=2026-03-10&created_at_to_1=12:00:00", [-13, 12]),
        ("created_at_from_0=2026-03-10&created_at_to_0=2026-03-10", [12, 13]),
        ("created_at_from_0=2026-03-11", [36]),
        ("created_at_from_0=&created_at_from_1=12:00:00", [-13, 12, 13, 36]),
        ("created_at_from_0=gestern&created_at_to_0=2026-02-30", [-13, 12, 13, 36]),
        ("created_at_from_0=1066-10-14", [-13, 12, 13, 36]),
    ],
)
def test_a_period_includes_both_its_ends(organization, owner, query, hours):
    workflow = make_workflow(organization)
    midnight = NOON - timedelta(hours=12)
    made = {hour: make_execution(workflow, midnight + timedelta(hours=hour)) for hour in (-13, 12, 13, 36)}

    assert shown(owner, f"?{query}") == [made[hour] for hour in reversed(hours)]


def test_a_period_is_read_in_the_language_of_the_person(organization, owner):
    workflow = make_workflow(organization)
    make_execution(workflow, NOON - timedelta(days=30))
    execution = make_execution(workflow, NOON)

    asked = "?created_at_from_0=09/03/2026&created_at_from_1=10:00&created_at_to_0=11/03/2026"

    assert shown(owner, asked, accept_language="fr") == [execution]


def test_a_period_is_of_the_time_zone_of_the_installation(settings, organization, owner):
    settings.TIME_ZONE = "Pacific/Auckland"  # thirteen hours ahead
    workflow = make_workflow(organization)
    execution = make_execution(workflow, datetime(2026, 3, 9, 11, 30, tzinfo=UTC))

    assert shown(owner, "?created_at_from_0=2026-03-10&created_at_to_0=2026-03-10") == [execution]
    assert shown(owner, "?created_at_to_0=2026-03-09") == []


def test_nothing_but_the_time_sorts_a_list_of_millions(organization, owner):
    workflow = make_workflow(organization)
    first, last = make_execution(workflow, NOON), make_execution(workflow, NOON + timedelta(hours=1), "failed")

    answer = logged_in(owner).get(LIST)

    assert answer.context["cl"].sortable_by == ["when"]
    assert shown(owner, "?o=3") == [first, last]
    assert shown(owner, "?o=0") == [last, first]


@pytest.mark.parametrize("rows", [1, 30])
@pytest.mark.parametrize(
    "query",
    [
        "",
        "?status__exact=failed",
        "?q=import",
        "?created_at_from_0=2026-01-01",
        "?p=2",
        "?version=1&trigger=manual&seconds=0.1",
        "?label=customer%3D42",
        "?data=x",
    ],
)
def test_the_archive_costs_ten_queries_at_most(organization, owner, rows, query):
    workflow = make_workflow(organization)
    for number in range(rows):
        execution = fail(make_execution(workflow, timezone.now() - timedelta(hours=number)), "x")
        WorkflowExecution.objects.filter(pk=execution.pk).update(triggered_by=owner)
    client = logged_in(owner)

    with CaptureQueriesContext(connection) as queries:
        assert client.get(f"{LIST}{query}").status_code == 200

    assert len(queries) <= 9


def test_what_ended_badly_has_an_index_of_its_own(organization):
    condition = "status = 'cancelled' AND organization_id = %s ORDER BY id DESC LIMIT 26"
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        cursor.execute(f"EXPLAIN SELECT id FROM automation_workflowexecution WHERE {condition}", [organization.pk])
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "execution_ended_badly" in plan
