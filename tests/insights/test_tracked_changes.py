"""What people build, publish and delete is remembered: each kind of change once, by whom and from where."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from nocode.automation.models import IntegrationCall
from nocode.automation.services import integrations, workflows
from nocode.foundation.events import deliver_events
from nocode.foundation.middleware import acting_as, called_from
from nocode.foundation.models import Membership, OutboxEvent, Role
from nocode.foundation.services import auth
from nocode.insights.models import UserActivity
from nocode.runtime.models import GeneratedApp
from nocode.runtime.services import deployments
from nocode.runtime.tasks import build_deployment
from nocode.studio.schema.manager import SchemaManager
from nocode.studio.services import pages
from nocode.studio.services.blocks import add_block
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def organization():
    return factories.make_organization("Acme")


@pytest.fixture
def owner(organization):
    return factories.make_user("owner@example.com", organization=organization)


@pytest.fixture
def project(organization, owner):
    made = factories.make_project(organization, "Shop")
    deliver_events()
    UserActivity.objects.all().delete()
    return made


def told(*fields: str, begins: str) -> list[tuple]:
    """What was remembered of one kind, oldest first."""
    deliver_events()
    rows = UserActivity.objects.filter(action__startswith=begins).order_by("created_at", "pk")
    return list(rows.values_list("action", *fields))


def test_what_is_told_late_stands_where_it_happened(project, client, owner):
    SchemaManager(project).create_table("Orders")
    changed_at = timezone.now() - timedelta(minutes=1)
    OutboxEvent.objects.filter(delivered_at=None).update(created_at=changed_at)
    client.force_login(owner)

    deliver_events()

    activities = UserActivity.objects.values_list("action", "created_at")
    assert activities.first()[0] == "user.login"
    assert activities.last() == ("table.created", changed_at)


def test_changes_of_tables_and_fields_are_remembered(project, owner):
    with acting_as(owner.pk, "request-1"):
        manager = SchemaManager(project)
        table = manager.create_table("Orders")
        table = manager.rename_table(table, "Sales")
        field = manager.add_field(table, "Price", "integer")
        manager.rename_field(field, "Cost")
        manager.drop_field(field)
        manager.drop_table(table)

    assert told("target_label", "user_label", "request_id", begins="table.") == [
        ("table.created", "Orders", "owner@example.com", "request-1"),
        ("table.updated", "Sales", "owner@example.com", "request-1"),
        ("table.trashed", "Sales", "owner@example.com", "request-1"),
    ]
    assert [row[:2] for row in told("target_label", begins="field.")] == [
        ("field.created", "Price"),
        ("field.updated", "Cost"),
        ("field.trashed", "Cost"),
    ]
    assert set(UserActivity.objects.values_list("organization", flat=True)) == {project.organization_id}


def test_a_page_that_is_designed_is_told_once_in_a_while(project, owner):
    other = factories.make_user("other@example.com", organization=project.organization)
    with acting_as(owner.pk):
        page = pages.add_page(project, "Home")
        for number in range(5):
            add_block(page, "text.heading", {"text": f"Title {number}"})
    with acting_as(other.pk):
        add_block(page, "text.heading", {"text": "Mine"})
        pages.delete_page(page)

    assert told("target_label", "user_label", begins="page.") == [
        ("page.created", "Home", "owner@example.com"),
        ("page.updated", "Home", "owner@example.com"),
        ("page.updated", "Home", "other@example.com"),
        ("page.deleted", "Home", "other@example.com"),
    ]


def test_what_events_tell_is_remembered_with_where_it_came_from(client, project, owner):
    client.force_login(owner)
    table = factories.make_table(project, "Orders")

    client.post(
        reverse("admin:studio_pages_make", args=[project.pk]),
        {"table": table.pk},
        REMOTE_ADDR="192.0.2.7",
        headers={"User-Agent": "Firefox/140.0", "X-Request-Id": "request-1"},
    )

    assert set(told("user_label", "ip", "user_agent", "request_id", begins="page.created")) == {
        ("page.created", "owner@example.com", "192.0.2.7", "Firefox/140.0", "request-1")
    }
    assert told("user_label", "ip", "user_agent", begins="table.") == [("table.created", "", None, "")]


def test_the_life_of_a_workflow_is_remembered(organization, owner):
    with acting_as(owner.pk), called_from("192.0.2.9"):
        workflow = factories.make_published(("a", "set", factories.set_values(x=1)), organization=organization)
        workflow.name = "Import"
        workflow.save()
        workflows.pause(workflow)
        workflows.resume(workflow)
        workflows.archive(workflow)
        workflow.delete()

    assert told("user_label", "ip", begins="workflow.") == [
        (f"workflow.{what}", "owner@example.com", "192.0.2.9")
        for what in ("created", "published", "paused", "resumed", "archived", "deleted")
    ]


def test_integrations_are_remembered_without_their_secrets(organization, owner):
    integration = factories.make_integration(organization=organization)
    integrations.save(integration, integration.settings | integration.read_secrets())
    IntegrationCall.objects.create(**integrations.calls.row(integration.pk, 0.1, "no such host"))
    integrations.delete(integration)

    assert told("target_label", begins="integration.") == [
        (f"integration.{what}", integration.name) for what in ("created", "updated", "tested", "deleted")
    ]
    secrets = [secret for secret in integration.read_secrets().values() if secret]
    kept = str(list(UserActivity.objects.values()))
    assert secrets
    assert not any(secret in kept for secret in secrets)


def test_invitations_are_remembered(organization, owner, settings):
    settings.PUBLIC_URL = "https://nocode.example.com"
    _made, link = auth.invite(organization, "new@example.com", Role.EDITOR, owner)
    auth.accept(link.rstrip("/").rpartition("/")[2], name="Nora", password="correct horse battery")
    taken_back, _link = auth.invite(organization, "late@example.com", Role.VIEWER, owner)
    auth.revoke(taken_back, owner)

    assert told("user_label", "target_label", begins="invitation.") == [
        ("invitation.sent", "owner@example.com", "new@example.com → Acme"),
        ("invitation.accepted", "new@example.com", "new@example.com → Acme"),
        ("invitation.sent", "owner@example.com", "late@example.com → Acme"),
        ("invitation.revoked", "", "late@example.com → Acme"),
    ]


def test_changes_of_members_are_remembered(organization, owner):
    member = factories.make_user("member@example.com")
    with acting_as(owner.pk):
        membership = Membership.objects.create(organization=organization, user=member, role=Role.VIEWER)
        membership = Membership.objects.get(pk=membership.pk)
        membership.save()
        membership.role = Role.ADMIN
        membership.save()
        membership.delete()

    assert told("target_label", "details", begins="member.") == [
        ("member.added", "member@example.com", {"role": "viewer"}),
        ("member.role_changed", "member@example.com", {"before": "viewer", "role": "admin"}),
        ("member.removed", "member@example.com", {"role": "admin"}),
    ]


def test_what_goes_with_something_else_is_not_told_one_by_one(organization, owner):
    factories.make_workflow(organization)
    factories.make_integration(organization=organization)
    UserActivity.objects.all().delete()

    organization.delete()

    assert told(begins="") == []


def test_a_deployment_is_remembered_with_where_its_person_was(project, owner):
    table, _pages = factories.make_pages(project)
    app = GeneratedApp.objects.create(project=project, name="Desk", slug="desk")
    client = Client()
    client.force_login(owner)

    client.post(reverse("admin:app_deploy", args=[app.pk]), REMOTE_ADDR="192.0.2.9")
    with acting_as(owner.pk):  # as the queue calls it
        build_deployment(str(app.deployments.get().pk), "192.0.2.9")
    app.refresh_from_db()
    deployments.deploy(app)
    client.post(reverse("admin:app_archive", args=[app.pk]), REMOTE_ADDR="192.0.2.10")

    assert told("user_label", "ip", begins="app.") == [
        ("app.created", "", None),
        ("app.deployed", "owner@example.com", "192.0.2.9"),
        ("app.archived", "owner@example.com", "192.0.2.10"),
    ]
