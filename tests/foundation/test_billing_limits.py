"""Limits: what is counted, where the edge is, and what an installation without limits pays for them."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from nocode.automation.meters import month_start
from nocode.automation.models import Workflow, WorkflowExecution
from nocode.automation.services import executions
from nocode.foundation.ids import first_id_at
from nocode.foundation.meters import meters
from nocode.foundation.models import Invitation, Plan, Role
from nocode.foundation.services import auth, billing
from nocode.foundation.services.billing import LimitReached
from nocode.studio.models import DataTable, Project
from nocode.studio.schema.manager import SchemaManager
from nocode.studio.services.projects import create_project
from nocode.studio.services.records import Records
from tests import factories

pytestmark = pytest.mark.django_db


def limited(organization=None, **limits):
    """An organization whose plan has limits."""
    organization = organization or factories.make_organization("Acme")
    factories.make_subscription(organization, factories.make_plan("Small", **limits))
    return organization


def invite(organization, email, *, expires_in=7, **fields):
    return Invitation.objects.create(
        organization=organization,
        email=email,
        token_hash=email,
        expires_at=timezone.now() + timedelta(days=expires_in),
        **fields,
    )


def test_every_meter_is_installed_and_explains_itself():
    kinds = {meter.kind for meter in meters}

    assert kinds == {"members", "projects", "tables", "storage", "workflows", "executions"}
    assert all(type(meter).__doc__ and str(meter.label) for meter in meters)


def test_an_organization_without_a_subscription_has_the_default_plan():
    plan = billing.plan_of(factories.make_organization())

    assert (plan.name, plan.limits, plan.price, plan.is_default) == ("Unlimited", {}, 0, True)


def test_without_any_plan_nothing_is_limited():
    Plan.objects.all().delete()

    assert billing.limits_of(factories.make_organization()) == {}


def test_a_subscription_that_has_ended_limits_nothing():
    organization = factories.make_organization()
    factories.make_subscription(organization, factories.make_plan(projects=0), status="ended")

    assert billing.limits_of(organization) == {}


def test_members_are_people_and_open_invitations():
    organization = factories.make_organization()
    factories.make_user(organization=organization)
    invite(organization, "open@example.com")
    invite(organization, "late@example.com", expires_in=-1)
    invite(organization, "joined@example.com", accepted_at=timezone.now())
    invite(factories.make_organization(), "elsewhere@example.com")

    assert meters["members"].count(organization.pk) == 2


def test_usage_counts_the_rows_that_are_there():
    organization = limited(projects=5)
    project = factories.make_project(organization)
    factories.make_table(project)
    factories.make_workflow(organization)
    factories.make_table(factories.make_project())

    used = {usage.meter.kind: (usage.used, usage.limit) for usage in billing.usage_of(organization)}

    storage, _limit = used.pop("storage")
    assert storage >= 8192
    assert used == {
        "members": (0, None),
        "projects": (1, 5),
        "tables": (1, None),
        "workflows": (1, None),
        "executions": (0, None),
    }


def test_deleting_makes_room_again():
    organization = limited(projects=1)
    project = factories.make_project(organization)

    project.delete()

    assert factories.make_project(organization).organization == organization


def test_the_last_place_is_given_and_not_one_more():
    organization = limited(projects=2)
    create_project(organization, "First")
    create_project(organization, "Second")

    with pytest.raises(LimitReached) as refused:
        create_project(organization, "Third")

    assert refused.value.message == (
        "The plan “Small” allows 2 for “projects”, and 2 are used. "
        "Choose a larger plan under Billing, or remove what is no longer needed."
    )
    assert refused.value.details == {"meter": "projects", "limit": 2, "used": 2, "plan": "Small"}
    assert Project.objects.filter(organization=organization).count() == 2


def test_a_refused_table_leaves_nothing_behind():
    organization = limited(tables=1)
    project = factories.make_project(organization)
    factories.make_table(project, "First")

    with pytest.raises(LimitReached), transaction.atomic():
        SchemaManager(project).create_table("Second")

    assert [table.label for table in DataTable.objects.filter(project=project)] == ["First"]


def test_executions_are_counted_within_the_month():
    organization = limited(executions=2)
    workflow = factories.make_published(("a", "set", factories.set_values(v="1")), organization=organization)
    executions.start(workflow)
    last_month = month_start(timezone.now()) - timedelta(seconds=1)
    WorkflowExecution.objects.update(id=first_id_at(last_month))
    executions.start(workflow)
    executions.start(workflow)

    with pytest.raises(LimitReached, match="wait for the next month"):
        executions.start(workflow)

    assert WorkflowExecution.objects.count() == 3


def test_a_retry_is_an_execution_too():
    organization = limited(executions=1)
    workflow = factories.make_published(("a", "set", factories.set_values(v="1")), organization=organization)
    first = executions.start(workflow)

    with pytest.raises(LimitReached):
        executions.retry(first)


@pytest.mark.parametrize(
    ("now", "zone", "expected"),
    [
        (datetime(2026, 3, 31, 22, 30, tzinfo=UTC), "Europe/Paris", datetime(2026, 3, 31, 22, tzinfo=UTC)),
        (datetime(2026, 3, 31, 21, 30, tzinfo=UTC), "Europe/Paris", datetime(2026, 2, 28, 23, tzinfo=UTC)),
        (datetime(2026, 11, 1, 3, 30, tzinfo=UTC), "America/New_York", datetime(2026, 10, 1, 4, tzinfo=UTC)),
    ],
)
def test_a_month_begins_where_the_installation_is(now, zone, expected):
    with timezone.override(zone):
        assert month_start(now) == expected


def test_a_full_storage_takes_no_more_rows():
    organization = limited(storage=1)
    table = factories.make_table(factories.make_project(organization))

    with pytest.raises(LimitReached, match="“storage”"):
        Records(table).create({"name": "one too many"})

    assert Records(table).count() == 0
    assert Records(table).find() == []


def test_reading_and_deleting_are_never_refused():
    organization = factories.make_organization()
    table = factories.make_table(factories.make_project(organization))
    row = Records(table).create({"name": "before"})
    limited(organization, storage=0, tables=0, projects=0)

    Records(table).update(row["id"], {"name": "after"})
    Records(table).delete(row["id"])
    SchemaManager(table.project).drop_table(table)

    assert not DataTable.objects.exists()


def test_more_than_the_limit_stays_but_does_not_grow():
    organization = factories.make_organization()
    factories.make_project(organization)
    factories.make_project(organization)
    limited(organization, projects=1)

    with pytest.raises(LimitReached, match="allows 1 for “projects”, and 2 are used"):
        factories.make_project(organization)

    assert Project.objects.count() == 2


def test_require_needs_a_transaction_only_where_there_is_a_limit(transactional_db):
    organization = factories.make_organization()

    billing.require(organization, "projects")
    limited(organization, projects=9)
    with pytest.raises(transaction.TransactionManagementError):
        billing.require(organization, "projects")


def test_without_limits_asking_costs_no_statement(django_assert_num_queries):
    organization = factories.make_organization()
    billing.require(organization, "executions")

    with django_assert_num_queries(0):
        for meter in meters:
            billing.require(organization, meter.kind, adding=1000)


def test_a_new_limit_is_known_at_once():
    organization = factories.make_organization()
    billing.require(organization, "projects")

    limited(organization, projects=0)

    with pytest.raises(LimitReached):
        billing.require(organization, "projects")


def test_a_workflow_beyond_the_limit_is_refused_on_its_form(client):
    organization = limited(workflows=1)
    factories.make_workflow(organization)
    client.force_login(factories.make_user(organization=organization))
    typed = {"organization": organization.pk, "name": "Second", "timeout": 60, "variables": "{}"}

    response = client.post("/admin/automation/workflow/add/", typed)

    assert "The plan “Small” allows 1 for “workflows”" in response.content.decode()
    assert Workflow.objects.count() == 1


def test_a_member_beyond_the_limit_is_refused_on_the_form(client):
    organization = limited(members=1)
    mine = factories.make_user(organization=organization).memberships.get()
    factories.make_user("late@example.com")
    client.force_login(factories.make_user(is_superuser=True))
    typed = {
        "name": organization.name,
        "slug": organization.slug,
        "memberships-TOTAL_FORMS": 2,
        "memberships-INITIAL_FORMS": 1,
        "memberships-0-id": mine.pk,
        "memberships-0-organization": organization.pk,
        "memberships-0-role": Role.OWNER,
        "memberships-1-organization": organization.pk,
        "memberships-1-email": "late@example.com",
        "memberships-1-role": Role.VIEWER,
    }

    response = client.post(f"/admin/foundation/organization/{organization.pk}/change/", typed)

    assert "The plan “Small” allows 1 for “members and open invitations”" in response.content.decode()
    assert organization.memberships.count() == 1


def test_an_invitation_takes_a_place_and_keeps_it(settings):
    settings.PUBLIC_URL = "https://nocode.example.com"
    organization = limited(members=2)
    owner = factories.make_user(organization=organization)
    _invitation, link = auth.invite(organization, "second@example.com", Role.VIEWER, owner)

    with pytest.raises(LimitReached, match="allows 2 for “members and open invitations”"):
        auth.invite(organization, "third@example.com", Role.VIEWER, owner)

    auth.accept(link.rstrip("/").rpartition("/")[2], name="Second", password="correct horse battery")
    assert organization.memberships.count() == 2
    assert not Invitation.objects.filter(email="third@example.com").exists()
