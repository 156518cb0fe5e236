"""Deploying: what becomes of the application, its deployments and their log."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django_q.signing import SignedPackage

from nocode.foundation import middleware
from nocode.foundation.errors import IllegalTransition
from nocode.foundation.models import OutboxEvent, QueuedTask
from nocode.runtime import building, preflight, snapshots
from nocode.runtime.errors import AppArchived, AppGone, CannotRollBack
from nocode.runtime.models import Deployment, DeploymentLog, GeneratedApp
from nocode.runtime.services import deployments
from nocode.runtime.tasks import build_deployment, resume_lost_deployments
from nocode.studio.models import DataTable, Project
from nocode.studio.services import pages
from nocode.studio.services.blocks import add_block
from tests.factories import (
    make_app,
    make_deployed,
    make_node,
    make_page,
    make_pages,
    make_project,
    make_published,
    make_user,
    make_workflow,
)

pytestmark = pytest.mark.django_db

Status = GeneratedApp.Status


def events_of(app: GeneratedApp) -> list[str]:
    return list(OutboxEvent.objects.filter(key=f"app:{app.pk}").order_by("id").values_list("name", flat=True))


def steps_of(deployment: Deployment) -> list[str]:
    return list(deployment.logs.order_by("id").values_list("step", flat=True))


def messages_of(deployment: Deployment) -> str:
    return "\n".join(deployment.logs.order_by("id").values_list("message", flat=True))


def break_app(app: GeneratedApp) -> None:
    """Drop the table that its pages show."""
    DataTable.objects.filter(project=app.project).delete()


# --- deploy -----------------------------------------------------------------------------------------------------------


def test_an_application_begins_as_a_draft_that_nobody_can_open():
    app = make_app()

    assert (app.status, app.is_served, app.current_deployment) == (Status.DRAFT, False, None)
    assert app.created_at <= timezone.now()
    assert events_of(app) == ["runtime.app.created"]


def test_deploying_queues_a_pending_deployment():
    app, user = make_app(), make_user()

    deployment = deployments.deploy(app, user, "First one")

    app.refresh_from_db()
    assert (app.status, deployment.status, deployment.number) == ("building", "pending", 1)
    assert (deployment.created_by, deployment.note) == (user, "First one")
    assert QueuedTask.objects.filter(name=build_deployment.name).count() == 1


def test_a_deployment_that_is_rolled_back_was_never_queued():
    app = make_app()

    with transaction.atomic():
        deployments.deploy(app)
        transaction.set_rollback(True)

    assert not QueuedTask.objects.exists()
    assert GeneratedApp.objects.get().status == Status.DRAFT


def test_a_built_deployment_is_online():
    app = make_app()

    deployment = deployments.build(deployments.deploy(app))

    app.refresh_from_db()
    assert (app.status, app.current_deployment, deployment.status) == ("deployed", deployment, "deployed")
    assert deployment.started_at <= deployment.finished_at
    assert steps_of(deployment) == ["start", "snapshot", "check", "online"]
    assert "3 pages · 1 table · 0 workflows" in messages_of(deployment)
    assert events_of(app) == ["runtime.app.created", "runtime.deployment.started", "runtime.deployment.deployed"]


def test_the_events_say_what_it_is_about():
    app, user = make_app(), make_user()

    deployment = deployments.build(deployments.deploy(app, user))

    told = OutboxEvent.objects.get(name="runtime.deployment.deployed")
    assert told.organization_id == app.project.organization_id
    assert told.payload == {
        "app_id": str(app.pk),
        "app_name": app.name,
        "slug": app.slug,
        "project_id": str(app.project_id),
        "organization_id": str(app.project.organization_id),
        "deployment_id": str(deployment.pk),
        "number": 1,
        "error": "",
    }


def test_the_snapshot_holds_tables_pages_blocks_and_workflows():
    table, _pages = make_pages()
    config = {"table": table.physical_name, "values": [{"field": "name", "value": "x"}]}
    workflow = make_published(
        ("write", "record.create", config), organization=table.project.organization, project=table.project
    )
    make_published(("other", "set", {}), organization=table.project.organization, project=table.project)

    snapshot = make_deployed(table.project).current_deployment.snapshot

    assert [page["slug"] for page in snapshot["pages"]] == ["orders", "orders-one-row", "orders-form"]
    assert snapshot["pages"][0]["blocks"][0]["kind"] == "data.list"
    assert [(each["label"], [field["physical_name"] for field in each["fields"]]) for each in snapshot["tables"]] == [
        ("Orders", ["name", "amount"])
    ]
    assert snapshot["workflows"] == [{"id": str(workflow.pk), "name": workflow.name, "version": 1}]


def test_people_see_the_old_pages_until_the_next_deployment():
    app = make_deployed()
    make_page(app.project, "News")

    assert len(app.current_deployment.snapshot["pages"]) == 3

    deployments.build(deployments.deploy(app))
    app.refresh_from_db()
    assert len(app.current_deployment.snapshot["pages"]) == 4


def test_a_deployment_that_changes_nothing_says_so():
    app = make_deployed()

    deployment = deployments.build(deployments.deploy(app))

    assert "Nothing differs from what is online." in messages_of(deployment)


# --- failure ----------------------------------------------------------------------------------------------------------


def test_problems_end_a_deployment_and_name_the_place():
    app = make_app()
    break_app(app)

    deployment = deployments.build(deployments.deploy(app))

    app.refresh_from_db()
    assert (app.status, app.current_deployment, deployment.status) == ("failed", None, "failed")
    assert deployment.error == "3 problems must be solved first."
    assert {(problem["page"], problem["block"], problem["field"]) for problem in deployment.problems} == {
        ("Orders", "List of rows", "Table"),
        ("Orders: one row", "One row", "Table"),
        ("Orders: form", "Form", "Table"),
    }
    assert all(problem["page_id"] for problem in deployment.problems)
    assert "Orders › List of rows › Table: This project has no such table" in messages_of(deployment)
    assert events_of(app)[-2:] == ["runtime.deployment.started", "runtime.deployment.failed"]


def test_what_was_online_stays_online_when_the_next_one_fails():
    app = make_deployed()
    before = app.current_deployment
    break_app(app)

    failed = deployments.build(deployments.deploy(app))

    app.refresh_from_db()
    assert (app.status, app.current_deployment, app.is_served) == ("failed", before, True)
    assert "The deployment before stays online." in messages_of(failed)


def test_an_application_that_failed_is_deployed_again():
    app = make_app(make_project())
    deployments.build(deployments.deploy(app))
    assert GeneratedApp.objects.get().status == Status.FAILED
    pages.make_pages_for(make_pages(app.project, "Later")[0])

    deployments.build(deployments.deploy(app))

    assert GeneratedApp.objects.get().status == Status.DEPLOYED


def test_a_project_without_pages_cannot_be_deployed():
    deployment = deployments.build(deployments.deploy(make_app(make_project())))

    assert [problem["message"] for problem in deployment.problems] == [
        "The project has no page yet; add one before you deploy."
    ]


def test_a_table_that_is_missing_in_the_database_is_found():
    app = make_app()
    table = app.project.tables.get()
    with connection.cursor() as cursor:
        cursor.execute(f'DROP TABLE "{app.project.schema_name}"."{table.physical_name}"')

    deployment = deployments.build(deployments.deploy(app))

    assert "The table “Orders” does not exist in the database." in messages_of(deployment)
    assert deployment.status == "failed"


def test_a_column_that_is_missing_in_the_database_is_found():
    app = make_app()
    table = app.project.tables.get()
    with connection.cursor() as cursor:
        cursor.execute(f'ALTER TABLE "{app.project.schema_name}"."{table.physical_name}" DROP COLUMN amount')

    deployment = deployments.build(deployments.deploy(app))

    assert "The table “Orders” lacks the field “Amount” in the database." in messages_of(deployment)


def test_two_pages_at_one_address_are_a_problem():
    page = {"id": "1", "title": "News", "slug": "news", "in_menu": True, "icon": "", "blocks": []}
    project = make_project()
    snapshot = {"app": {}, "tables": [], "workflows": [], "pages": [page, {**page, "id": "2", "title": "Newer"}]}

    found = preflight.problems(snapshot, project)

    assert [(each.page, each.message) for each in found] == [
        ("News", "Another page has the address “news”, too."),
        ("Newer", "Another page has the address “news”, too."),
    ]


def test_a_block_type_that_is_not_installed_is_a_problem():
    app = make_app()
    app.project.pages.first().blocks.update(kind="gone.kind")

    deployment = deployments.build(deployments.deploy(app))

    assert [(problem["page"], problem["block"]) for problem in deployment.problems] == [("Orders", "gone.kind")]


def test_workflows_that_were_never_published_and_empty_pages_are_warned_of():
    table, _pages = make_pages()
    make_page(table.project, "Empty")
    workflow = make_workflow(table.project.organization, project=table.project, name="Draft flow")
    make_node(workflow, "write", "record.create", config={"table": table.physical_name})

    deployment = make_deployed(table.project).current_deployment

    warnings = list(deployment.logs.filter(level="warning").values_list("message", flat=True))
    assert warnings == [
        "The page “Empty” is empty.",
        "The workflow “Draft flow” uses a table of this application but was never published: it does not run.",
    ]
    assert deployment.snapshot["workflows"] == [{"id": str(workflow.pk), "name": "Draft flow", "version": None}]


def test_what_nobody_expected_ends_as_failed_and_is_raised(monkeypatch):
    app = make_app()
    deployment = deployments.deploy(app)
    monkeypatch.setattr(snapshots, "checksum", lambda snapshot: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        deployments.build(deployment)

    deployment.refresh_from_db()
    assert (deployment.status, GeneratedApp.objects.get().status) == ("failed", "failed")
    assert deployment.error == "Something unexpected happened: ZeroDivisionError"
    assert (deployment.snapshot, steps_of(deployment)) == (None, ["start", "end"])


# --- again, and at once -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("done", range(4))
def test_a_build_that_was_cut_off_after_any_step_goes_on_there(monkeypatch, done):
    app = make_app()
    deployment = deployments.deploy(app)
    monkeypatch.setattr(building, "STEPS", building.STEPS[:done])
    deployments.build(deployment)
    snapshot = Deployment.objects.get().snapshot
    monkeypatch.undo()
    make_page(app.project, "Added meanwhile")

    deployments.build(deployment)

    assert steps_of(deployment) == ["start", "snapshot", "check", *(["check"] if done < 2 else []), "online"]
    if done >= 2:
        assert Deployment.objects.get().snapshot == snapshot
    assert events_of(app).count("runtime.deployment.started") == 1
    assert events_of(app).count("runtime.deployment.deployed") == 1


def test_a_finished_build_does_nothing_when_it_is_run_again():
    app = make_deployed()
    deployment = app.current_deployment
    before = (steps_of(deployment), events_of(app))

    build_deployment(str(deployment.pk))

    assert (steps_of(deployment), events_of(app)) == before


def test_the_later_of_two_deployments_wins():
    app = make_app()
    first, second = deployments.deploy(app), deployments.deploy(app)

    deployments.build(second)
    deployments.build(first)

    app.refresh_from_db()
    first.refresh_from_db()
    assert (app.status, app.current_deployment) == ("deployed", second)
    assert (first.status, first.error) == (
        "superseded",
        "Deployment 2 came after this one, before it was online.",
    )
    assert steps_of(first) == ["end"]
    assert "runtime.deployment.failed" not in events_of(app)


def test_a_deployment_that_is_superseded_in_the_middle_goes_no_further(monkeypatch):
    app = make_app()
    first = deployments.deploy(app)
    monkeypatch.setattr(building, "STEPS", building.STEPS[:2])
    deployments.build(first)
    monkeypatch.undo()

    second = deployments.deploy(app)
    deployments.build(first)

    app.refresh_from_db()
    assert (first.status, app.status, app.current_deployment) == ("superseded", "building", None)
    assert deployments.build(second).status == "deployed"


def test_the_database_refuses_two_deployments_under_way():
    deployment = deployments.deploy(make_app())

    with pytest.raises(IntegrityError), transaction.atomic():
        Deployment.objects.create(app=deployment.app, number=2)


@pytest.mark.parametrize("what", ["app", "project"])
def test_a_build_ends_quietly_when_what_it_is_about_was_deleted(what):
    app = make_app()
    deployment = deployments.deploy(app)
    (app if what == "app" else Project.objects.get(pk=app.project_id)).delete()

    build_deployment(str(deployment.pk))

    assert not Deployment.objects.exists()


def test_an_application_that_was_deleted_cannot_be_deployed():
    app = make_app()
    GeneratedApp.objects.all().delete()

    with pytest.raises(AppGone):
        deployments.deploy(app)


def test_lost_deployments_are_taken_up_again():
    deployment = deployments.deploy(make_app())
    QueuedTask.objects.all().delete()
    long_ago = timezone.now() - building.LOST_AFTER - timedelta(seconds=1)

    resume_lost_deployments()
    assert not QueuedTask.objects.exists()  # it may just be waiting for its turn

    Deployment.objects.update(updated_at=long_ago)
    resume_lost_deployments()
    resume_lost_deployments()
    assert QueuedTask.objects.count() == 1  # once, not at every look
    assert deployments.build(deployment).status == "deployed"


def test_deployments_that_are_lost_again_and_again_end_as_failed():
    app = make_app()
    deployment = deployments.deploy(app)
    long_ago = timezone.now() - building.GIVE_UP_AFTER - timedelta(seconds=1)
    Deployment.objects.update(updated_at=long_ago, created_at=long_ago)

    resume_lost_deployments()

    deployment.refresh_from_db()
    assert (deployment.status, deployment.error) == ("failed", "No worker could finish this deployment.")
    assert GeneratedApp.objects.get().status == Status.FAILED


# --- back, away, and back again ---------------------------------------------------------------------------------------


def test_rolling_back_puts_an_earlier_deployment_online():
    app, user = make_deployed(), make_user(name="Ada")
    first = app.current_deployment
    deployments.build(deployments.deploy(app))

    deployments.roll_back(app, first, user)

    app.refresh_from_db()
    assert (app.status, app.current_deployment) == ("deployed", first)
    assert first.logs.last().message == "Put online again by Ada, instead of deployment 2."
    told = OutboxEvent.objects.get(name="runtime.deployment.rolled_back")
    assert (told.payload["number"], told.payload["instead_of"], told.actor) == (1, 2, user)


def test_rolling_back_brings_a_failed_application_back_to_order():
    app = make_deployed()
    first = app.current_deployment
    deployments.build(deployments.deploy(app))
    break_app(app)
    deployments.build(deployments.deploy(app))

    deployments.roll_back(app, first)

    app.refresh_from_db()
    assert (app.status, app.current_deployment) == ("deployed", first)


def test_rolling_back_ends_what_is_being_built():
    app = make_deployed()
    first = app.current_deployment
    deployments.build(deployments.deploy(app))
    third = deployments.deploy(app)

    deployments.roll_back(app, first)
    deployments.build(third)

    app.refresh_from_db()
    assert (app.current_deployment, third.status) == (first, "superseded")


def test_only_what_was_online_can_be_put_online_again():
    app = make_deployed()
    current = app.current_deployment
    break_app(app)
    failed = deployments.build(deployments.deploy(app))

    with pytest.raises(CannotRollBack, match="was never online"):
        deployments.roll_back(app, failed)
    with pytest.raises(CannotRollBack, match="is online already"):
        deployments.roll_back(app, current)


def test_a_deployment_of_another_application_cannot_be_put_online():
    app, other = make_deployed(), make_deployed()

    with pytest.raises(Deployment.DoesNotExist):
        deployments.roll_back(app, other.current_deployment)


def test_an_archived_application_is_offline_until_it_is_restored():
    app, user = make_deployed(), make_user()

    deployments.archive(app, user)

    app.refresh_from_db()
    assert (app.status, app.is_served) == ("archived", False)
    with pytest.raises(AppArchived):
        deployments.deploy(app)
    with pytest.raises(AppArchived):
        deployments.roll_back(app, app.current_deployment)

    deployments.restore(app, user)
    app.refresh_from_db()
    assert (app.status, app.is_served) == ("deployed", True)
    assert events_of(app)[-2:] == ["runtime.app.archived", "runtime.app.restored"]


def test_archiving_ends_what_is_being_built():
    app = make_app()
    deployment = deployments.deploy(app)

    deployments.archive(app)
    deployments.build(deployment)

    app.refresh_from_db()
    assert (app.status, app.current_deployment, deployment.status) == ("archived", None, "superseded")
    assert deployments.restore(app).status == "draft"


def test_what_is_not_archived_cannot_be_restored():
    with pytest.raises(IllegalTransition):
        deployments.restore(make_app())


def test_statuses_move_only_as_they_may():
    app = make_deployed()

    with pytest.raises(IllegalTransition):
        app.move_to(Status.FAILED)
    with pytest.raises(IllegalTransition):
        app.current_deployment.move_to(Deployment.Status.BUILDING)


# --- comparing --------------------------------------------------------------------------------------------------------


def test_two_deployments_are_compared():
    app = make_deployed()
    first = app.current_deployment
    page = make_page(app.project, "News")
    add_block(app.project.pages.get(slug="orders"), "text.heading", {"text": "Hello"}, position=0)

    second = deployments.build(deployments.deploy(app))

    found = {(change.how, change.what, change.name, change.where) for change in deployments.compare(first, second)}
    assert found == {("added", "page", page.title, ""), ("added", "block", "Heading", "Orders")}


def test_lines_are_kept_with_level_and_time():
    line = make_deployed().current_deployment.logs.first()

    assert (line.level, line.step, str(line)) == (DeploymentLog.Level.INFO, "start", "Deployment 1 begins.")
    assert timezone.now() - line.at < timedelta(minutes=1)


# --- what is online, since when and instead of what -------------------------------------------------------------------


def test_a_deployment_after_a_roll_back_follows_the_one_that_was_online():
    app = make_deployed()
    first = app.current_deployment
    second = deployments.build(deployments.deploy(app))
    deployments.roll_back(app, first)

    third = deployments.build(deployments.deploy(app))

    assert (first.instead_of, second.instead_of, third.instead_of) == (None, first, first)


def test_what_is_put_online_again_is_online_since_then():
    app = make_deployed()
    first = app.current_deployment
    deployments.build(deployments.deploy(app))
    before = timezone.now()

    back = deployments.roll_back(app, first)

    assert first.finished_at < before < back.online_since
    assert deployments.restore(deployments.archive(app)).online_since > back.online_since


@pytest.mark.django_db(transaction=True)
def test_a_snapshot_shows_the_project_at_one_moment(monkeypatch):
    app = make_app()
    first = app.project.pages.order_by("position").first()
    read_page = snapshots._page

    def read_while_somebody_works(page):
        """Another connection changes the project between two queries of the snapshot."""
        with ThreadPoolExecutor(1) as pool:
            pool.submit(change).result()
        return read_page(page)

    def change():
        pages.add_page(app.project, f"Added {app.project.pages.count()}")
        add_block(first, "text.heading", {"text": "Added"})
        connection.close()

    monkeypatch.setattr(snapshots, "_page", read_while_somebody_works)

    snapshot = snapshots.take(app)

    titles = [page["title"] for page in snapshot["pages"]]
    assert not any(title.startswith("Added") for title in titles)
    assert "Added" not in str(snapshot["pages"])
    assert app.project.pages.filter(title__startswith="Added").exists()


def test_the_address_of_the_caller_reaches_the_build(rf):
    app = make_app()
    token = middleware._REQUEST.set(rf.get("/", REMOTE_ADDR="192.0.2.7"))
    try:
        deployments.deploy(app)
    finally:
        middleware._REQUEST.reset(token)

    [task] = QueuedTask.objects.filter(name=build_deployment.name)
    assert SignedPackage.loads(task.payload)["args"][1] == "192.0.2.7"
