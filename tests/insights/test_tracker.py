"""What people do is remembered, by whom and from where; what cannot be remembered is neither in the way nor silent."""

import json
import logging

import pytest
from django.contrib.auth import authenticate
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from nocode.foundation.events import deliver_events
from nocode.foundation.middleware import acting_as
from nocode.foundation.models import LoginSession, Organization, OutboxEvent
from nocode.insights.models import UserActivity
from nocode.insights.tracker import LOST, ActivityTracker
from nocode.runtime.models import GeneratedApp
from nocode.runtime.services import deployments
from nocode.studio.models import Project
from tests import factories

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def log_in(client: Client, email: str, password: str = PASSWORD, **extra):
    return client.post(reverse("admin:login"), {"username": email, "password": password}, **extra)


def remembered(*fields: str, **lookup) -> list[tuple]:
    """What was remembered, oldest first."""
    return list(UserActivity.objects.filter(**lookup).order_by("pk").values_list(*fields or ("action", "user_label")))


def undone(instance: Model) -> None:
    """Save in a transaction that is rolled back."""
    with transaction.atomic():
        instance.save()
        transaction.set_rollback(True)


@pytest.fixture
def organization():
    return factories.make_organization("Acme")


@pytest.fixture
def owner(organization):
    return factories.make_user("owner@example.com", organization=organization)


@pytest.fixture
def app(organization):
    project = factories.make_project(organization, "Shop")
    made = GeneratedApp.objects.create(project=project, name="Shop front", slug="shop-front")
    UserActivity.objects.all().delete()
    return made


# --- Logins -----------------------------------------------------------------------------------------------------------
def test_a_login_is_remembered_with_where_it_came_from(client, organization, owner, settings):
    settings.TRUSTED_PROXIES = 1

    answer = log_in(
        client,
        "owner@example.com",
        headers={"User-Agent": BROWSER, "X-Forwarded-For": "192.0.2.66, 198.51.100.7", "X-Request-Id": "the-request"},
    )

    assert answer.status_code == 302
    [activity] = UserActivity.objects.filter(action="user.login")
    assert (activity.user, activity.user_label, activity.organization) == (owner, "owner@example.com", organization)
    assert (activity.ip, activity.user_agent, activity.request_id) == ("198.51.100.7", BROWSER, "the-request")


def test_a_forged_address_is_not_believed(client, owner):
    log_in(client, "owner@example.com", headers={"X-Forwarded-For": "192.0.2.66"})

    assert remembered("ip", action="user.login") == [("127.0.0.1",)]


def test_a_login_is_told_in_each_organization_of_the_person(client, organization, owner):
    other = factories.make_organization("Other")
    other.memberships.create(user=owner)
    factories.make_organization("Foreign")

    log_in(client, "owner@example.com")

    homes = UserActivity.objects.filter(action="user.login").values_list("organization", flat=True)
    assert set(homes) == {organization.pk, other.pk}
    assert len(homes) == 2


def test_a_login_of_somebody_without_organization_is_for_superusers(client, organization, owner):
    factories.make_user("root@example.com", is_superuser=True)

    log_in(client, "root@example.com")

    [activity] = UserActivity.objects.filter(action="user.login")
    assert activity.organization is None
    assert UserActivity.objects.visible_to(activity.user).get(action="user.login") == activity
    assert not UserActivity.objects.visible_to(owner).filter(action="user.login").exists()


def test_a_logout_is_remembered(client, owner):
    client.force_login(owner)

    client.post(reverse("admin:logout"))

    assert remembered(action="user.logout") == [("user.logout", "owner@example.com")]


def test_a_session_that_has_ended_can_be_left(client, owner):
    client.force_login(owner)
    LoginSession.objects.all().delete()

    answer = client.post(reverse("admin:logout"))

    assert answer.status_code in {200, 302}
    assert remembered(action="user.logout") == []


def test_deleting_a_session_works_with_everything_connected(client, owner):
    client.force_login(owner)

    LoginSession.objects.get().delete()
    call_command("clearsessions")

    assert client.get(reverse("admin:index")).status_code == 302


def test_a_failed_login_of_a_known_person_is_remembered_without_what_was_typed(client, owner):
    log_in(client, "Owner@Example.com", "hunter2-hunter2")
    log_in(client, "hunter2-typed-as-mail@example.com", "x")
    log_in(client, "nul\0@example.com", "x")
    authenticate(username=None, password="x")

    [activity] = UserActivity.objects.exclude(action="organization.created")
    assert (activity.action, activity.user_label) == ("user.login_failed", "owner@example.com")
    assert "hunter2" not in json.dumps({field: str(value) for field, value in activity.__dict__.items()})


# --- Organizations, projects, applications ----------------------------------------------------------------------------
def test_changes_of_an_organization_are_of_who_acts_or_of_its_owner(client, organization, owner):
    editor = factories.make_user("editor@example.com", organization=organization, role="editor")
    UserActivity.objects.all().delete()

    organization.name = "Acme Ltd"
    organization.save()
    with acting_as(editor.pk, "request-7"):
        organization.save()

    assert remembered("action", "user_label", "target_label", "request_id") == [
        ("organization.updated", "owner@example.com", "Acme Ltd", ""),
        ("organization.updated", "editor@example.com", "Acme Ltd", "request-7"),
    ]


def test_changes_through_the_console_are_of_the_person_logged_in(client, organization, owner):
    client.force_login(owner)
    project = factories.make_project(organization, "Shop")
    UserActivity.objects.all().delete()

    url = reverse("admin:studio_project_change", args=[project.pk])
    client.post(url, {"name": "Web shop", "description": "", "seen_at": ""})

    assert remembered("action", "user", "target_label", "ip") == [
        ("project.updated", owner.pk, "Web shop", "127.0.0.1")
    ]


def test_a_project_is_created_once(organization):
    factories.make_project(organization, "Shop")

    assert remembered("target_label", action__startswith="project.") == [("Shop",)]


def test_what_machines_write_is_no_change_of_people(organization, owner):
    project = factories.make_project(organization)
    UserActivity.objects.all().delete()

    project.save(update_fields=["updated_at"])
    organization.save(update_fields=["updated_at"])
    assert remembered() == []

    project.save(update_fields=["name", "updated_at"])
    assert remembered("action") == [("project.updated",)]


def test_loading_fixtures_leaves_no_activity(organization, tmp_path):
    file = tmp_path / "organization.json"
    call_command("dumpdata", "foundation.Organization", output=str(file))
    UserActivity.objects.all().delete()

    call_command("loaddata", str(file), verbosity=0)

    assert remembered() == []


def test_going_back_in_the_history_counts_once(organization, client, owner):
    client.force_login(owner)
    project = factories.make_project(organization, "Shop")
    first = project.history.latest()
    project.name = "Web shop"
    project.save()
    UserActivity.objects.all().delete()

    url = reverse("admin:studio_project_simple_history", args=[project.pk, first.pk])
    client.post(url, {"name": "Shop", "description": "", "seen_at": ""})

    project.refresh_from_db()
    assert project.name == "Shop"
    assert remembered("action", "target_label") == [("project.updated", "Shop")]


def test_a_deployment_is_told_on_the_transition_only(app):
    for status in ["building", "deployed", "deployed", "building", "failed", "failed", "building", "deployed"]:
        app.status = status
        app.save()
        app.save(update_fields=["description"])

    assert remembered("action") == [("app.deployed",), ("app.failed",), ("app.deployed",)]


def test_a_deployment_is_told_whoever_loaded_the_application(app):
    GeneratedApp.objects.filter(pk=app.pk).update(status="building")
    again = GeneratedApp.objects.get(pk=app.pk)
    again.status = "deployed"
    again.save(update_fields=["status", "updated_at"])
    GeneratedApp.objects.get(pk=app.pk).save()

    assert remembered("action", "target_id") == [("app.deployed", str(app.pk))]


def test_a_change_that_is_rolled_back_leaves_no_activity(app):
    app.status = "deployed"
    undone(app)
    assert remembered() == []

    app.save()
    assert remembered("action") == [("app.deployed",)]


def test_deployments_are_those_of_who_asked_for_them(owner):
    app = factories.make_app()
    UserActivity.objects.all().delete()

    with acting_as(owner.pk):
        first = deployments.build(deployments.deploy(app))
        deployments.build(deployments.deploy(app))
        app.project.pages.all().delete()
        deployments.build(deployments.deploy(app))
        deployments.roll_back(app, first, owner)
        deployments.restore(deployments.archive(app, owner), owner)
    deliver_events()

    assert remembered("action", "user_label", "target_label", action__startswith="app.") == [
        (f"app.{what}", "owner@example.com", app.name)
        for what in ("deployed", "deployed", "failed", "rolled_back", "archived", "restored")
    ]


def test_activities_are_seen_by_members_only(organization, owner):
    teammate = factories.make_user("teammate@example.com", organization=organization, role="viewer")
    stranger = factories.make_user("stranger@example.com", organization=factories.make_organization())
    ActivityTracker.track(owner, "thing.done", organization)

    seen = {
        person.email: UserActivity.objects.visible_to(person).filter(action="thing.done").count()
        for person in (owner, teammate, stranger)
    }

    assert seen == {"owner@example.com": 1, "teammate@example.com": 1, "stranger@example.com": 0}


# --- Anything ---------------------------------------------------------------------------------------------------------
def test_anything_can_be_tracked_and_nothing_breaks_it(organization, owner, rf):
    request = rf.get("/", headers={"User-Agent": "long" * 200 + "\0"}, REMOTE_ADDR="not an address")
    project = Project(organization=organization, name="N\0ame \ud800 " + "x" * 400)

    ActivityTracker.track(
        owner,
        "a" * 100,
        target=project,
        request=request,
        password="hunter2",
        api_key="sk-1",
        nested={"token": "t", "when": owner.date_joined, "list": [float("nan"), {1, 2}, object]},
        nul="a\0b",
        long="y" * 5000,
    )

    [activity] = UserActivity.objects.filter(action="a" * 60)
    assert activity.organization == organization
    assert len(activity.user_agent) == 300
    assert len(activity.target_label) == 250
    assert activity.target_label.startswith("Name ? xx")
    assert activity.ip is None
    assert (activity.details["password"], activity.details["api_key"], activity.details["nul"]) == ("•••", "•••", "ab")
    assert activity.details["nested"]["token"] == "•••"
    assert len(activity.details["long"]) == 500


def test_an_activity_of_what_is_gone_meanwhile_fails_nothing(organization, owner):
    with transaction.atomic():
        ActivityTracker.track(owner, "thing.done", organization)
        Organization.objects.filter(pk=organization.pk).delete()
        ActivityTracker.track(owner, "thing.done", organization.pk)
        connection.check_constraints()  # as the commit would

    assert remembered("action", action="thing.done") == [("thing.done",)]


# --- Lost -------------------------------------------------------------------------------------------------------------
@pytest.fixture
def refusing():
    """The database refuses activities with a certain target, and nothing else."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'refused'; END $$;
            CREATE TRIGGER refuse BEFORE INSERT ON insights_useractivity FOR EACH ROW
            WHEN (NEW.target_label = 'Cursed') EXECUTE FUNCTION refuse();
            """
        )

    def stop():
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER refuse ON insights_useractivity; DROP FUNCTION refuse()")

    return stop


def deliver() -> None:
    OutboxEvent.objects.filter(delivered_at=None).update(retry_at=None)
    deliver_events()


def test_what_cannot_be_remembered_does_not_stop_the_change_and_is_remembered_later(
    refusing, organization, owner, caplog
):
    with transaction.atomic():
        Project.objects.create(organization=organization, name="Before", schema_name="before")
        with acting_as(owner.pk, "request-9"):
            Project.objects.create(organization=organization, name="Cursed", schema_name="cursed")
        Project.objects.create(organization=organization, name="After", schema_name="after")

    assert Project.objects.count() == 3
    assert remembered("target_label", action="project.created") == [("Before",), ("After",)]
    assert [record.levelno for record in caplog.records if record.name == "nocode.insights.tracker"] == [logging.ERROR]
    lost = OutboxEvent.objects.get(name=LOST)
    assert lost.organization == organization

    deliver()
    assert OutboxEvent.objects.get(name=LOST).attempts == 1
    refusing()
    deliver()

    [activity] = UserActivity.objects.filter(target_label="Cursed")
    assert (activity.user, activity.request_id) == (owner, "request-9")
    assert abs((activity.created_at - lost.created_at).total_seconds()) < 5
    assert OutboxEvent.objects.get(name=LOST).delivered_at is not None


def test_what_was_rolled_back_is_not_remembered_later(refusing, organization):
    undone(Project(organization=organization, name="Cursed", schema_name="cursed"))

    assert not OutboxEvent.objects.filter(name=LOST).exists()


def test_lost_activities_are_shown_to_those_they_belong_to(refusing, organization, owner, client):
    stranger = factories.make_user("stranger@example.com", organization=factories.make_organization())
    Project.objects.create(organization=organization, name="Cursed", schema_name="cursed")

    shown = {}
    for person in (owner, stranger):
        client.force_login(person)
        for page in ("admin:index", "admin:insights_useractivity_changelist"):
            shown[person.email, page] = b"could not be recorded" in client.get(reverse(page)).content

    assert shown == {
        ("owner@example.com", "admin:index"): True,
        ("owner@example.com", "admin:insights_useractivity_changelist"): True,
        ("stranger@example.com", "admin:index"): False,
        ("stranger@example.com", "admin:insights_useractivity_changelist"): False,
    }


def test_a_login_succeeds_when_nothing_can_be_remembered(client, owner):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE insights_useractivity RENAME TO elsewhere")

    answer = log_in(client, "owner@example.com")

    assert answer.url == reverse("admin:index")
    assert OutboxEvent.objects.get(name=LOST).payload["action"] == "user.login"


def test_an_object_that_cannot_be_described_is_no_reason_to_fail(organization, owner):
    class Nameless(Project):
        class Meta:
            proxy = True
            app_label = "insights_tests"

        def __str__(self):
            raise RuntimeError("no name")

    ActivityTracker.track(owner, "thing.done", organization, target=Nameless(organization=organization))

    lost = OutboxEvent.objects.get(name=LOST).payload
    assert (lost["action"], lost["user_label"]) == ("thing.done", "owner@example.com")
