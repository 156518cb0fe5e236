"""The overview: figures, concerns, chart, first steps; limited to what the person may see."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from nocode.automation.models import Trigger, Workflow, WorkflowExecution, WorkflowVersion
from nocode.console.chart import stacked
from nocode.foundation.ids import first_id_at, uuid7
from nocode.foundation.models import OutboxEvent, Role, Worker
from nocode.runtime.services import deployments
from tests import factories
from tests.console.conftest import log_in

pytestmark = pytest.mark.django_db
Status = WorkflowExecution.Status


@pytest.fixture
def workflow():
    return factories.make_workflow(factories.make_organization("Acme"), name="Send invoice", status="active")


@pytest.fixture
def worker():
    return Worker.objects.create(id=uuid4(), cluster="nocode", host="here", pid=1)


@pytest.fixture
def reader(workflow):
    return log_in(factories.make_user(organization=workflow.organization, role=Role.VIEWER))


def make_run(workflow: Workflow, status: str, *, age: timedelta = timedelta(minutes=5), **fields) -> WorkflowExecution:
    version, _new = WorkflowVersion.objects.get_or_create(
        workflow=workflow,
        organization=workflow.organization,
        number=1,
        defaults={"graph": {}, "checksum": "x"},
    )
    created = timezone.now() - age
    run = WorkflowExecution.objects.create(
        id=UUID(int=first_id_at(created).int | (uuid7().int & (1 << 60) - 1)),
        organization=workflow.organization,
        workflow=workflow,
        workflow_name=workflow.name,
        version=version,
        trigger_kind="manual",
        status=status,
        **fields,
    )
    WorkflowExecution.objects.filter(pk=run.pk).update(created_at=created, updated_at=created)
    return run


def look(client, **query):
    """What the page prints."""
    response = client.get(reverse("admin:index"), query)
    assert response.status_code == 200
    return response.context["overview"]


def figures(overview) -> dict:
    return {each["icon"]: each["value"] for each in overview.figures}


def concerns(overview) -> list[tuple[str, str]]:
    return [(each.title, each.detail) for each in overview.concerns]


def test_figures_count_what_is_open_now_and_what_ended_in_the_range(workflow, reader):
    for status in [Status.RUNNING, Status.PENDING, Status.PENDING, Status.COMPLETED, Status.COMPLETED, Status.FAILED]:
        make_run(workflow, status)
    make_run(workflow, Status.FAILED, age=timedelta(hours=30))
    make_run(workflow, Status.RUNNING, age=timedelta(days=9))

    assert figures(look(reader)) == {
        "autorenew": 2,
        "hourglass_empty": 2,
        "check_circle": 2,
        "error": 1,
        "percent": "66.6 %",
    }


def test_the_oldest_queued_execution_is_told(workflow, reader):
    make_run(workflow, Status.PENDING, age=timedelta(minutes=12, seconds=3))

    [queued] = [each for each in look(reader).figures if each["icon"] == "hourglass_empty"]
    assert queued["note"].startswith("oldest: 12 min")


@pytest.mark.parametrize(("key", "failed"), [("1h", 0), ("24h", 1), ("7d", 2), ("nonsense", 1)])
def test_the_range_comes_from_the_address(workflow, reader, key, failed):
    make_run(workflow, Status.FAILED, age=timedelta(hours=2))
    make_run(workflow, Status.FAILED, age=timedelta(days=3))

    assert figures(look(reader, range=key))["error"] == failed


def test_all_completed_is_100_percent_and_one_failure_never_is(workflow, reader):
    for _each in range(3):
        make_run(workflow, Status.COMPLETED)
    assert figures(look(reader))["percent"] == "100 %"

    WorkflowExecution.objects.bulk_create(
        WorkflowExecution(
            organization=workflow.organization,
            workflow_name="x",
            version=WorkflowVersion.objects.get(),
            status=Status.COMPLETED,
        )
        for _each in range(3000)
    )
    make_run(workflow, Status.FAILED)
    assert figures(look(reader))["percent"] == "99.9 %"


def test_nothing_is_wrong_while_a_worker_lives(reader, worker):
    assert concerns(look(reader)) == []


def test_no_living_worker_is_the_first_concern(reader, worker):
    Worker.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=1))

    [(title, detail)] = concerns(look(reader))
    assert title == "No worker is alive"
    assert "qcluster" in detail


def test_failures_are_grouped_by_workflow_and_message(workflow, reader, worker):
    for _each in range(3):
        make_run(workflow, Status.FAILED, error_message="No answer")
    make_run(workflow, Status.FAILED, age=timedelta(minutes=1), error_message="")

    assert concerns(look(reader)) == [
        ("Send invoice failed", "No message was left."),
        ("Send invoice failed 3 times", "No answer"),
    ]


def test_a_schedule_is_overdue_some_minutes_after_its_time(workflow, reader, worker):
    now = timezone.now()
    for name, offset in [("late", -5), ("just due", -1), ("next", 60)]:
        factories.make_trigger(workflow, "schedule", name=name)
        Trigger.objects.filter(name=name).update(next_run_at=now + timedelta(minutes=offset))

    overview = look(reader)

    assert concerns(overview) == [("The schedule “late” is overdue", "Send invoice")]
    assert [each.name for each in overview.next_runs] == ["just due", "next"]


def test_schedules_that_are_all_late_are_not_called_none(workflow, reader, worker):
    factories.make_trigger(workflow, "schedule", name="late")
    Trigger.objects.update(next_run_at=timezone.now() - timedelta(minutes=5))

    page = reader.get("/admin/").content.decode()

    assert "Nothing is scheduled" not in page
    assert "Every schedule is overdue" in page


@pytest.mark.parametrize("status", ["draft", "paused", "archived"])
def test_schedules_of_workflows_that_do_not_run_are_no_concern(workflow, reader, worker, status):
    Workflow.objects.update(status=status)
    factories.make_trigger(workflow, "schedule")
    Trigger.objects.update(next_run_at=timezone.now() - timedelta(days=1))

    overview = look(reader)

    assert (concerns(overview), overview.next_runs) == ([], [])


def test_events_that_could_not_be_delivered_are_a_concern(workflow, reader, worker):
    for gave_up in (True, True, False):
        OutboxEvent.objects.create(
            name="automation.x", key="x", payload={}, organization=workflow.organization, gave_up=gave_up
        )

    assert concerns(look(reader)) == [("2 events could not be delivered", "automation.x")]


def test_another_organizations_trouble_is_not_shown(workflow, worker):
    make_run(workflow, Status.FAILED, error_message="private")
    make_run(workflow, Status.RUNNING)
    factories.make_trigger(workflow, "schedule")
    Trigger.objects.update(next_run_at=timezone.now() - timedelta(days=1))
    OutboxEvent.objects.create(name="private", key="x", payload={}, organization=workflow.organization, gave_up=True)
    stranger = log_in(factories.make_user(organization=factories.make_organization()))

    overview = look(stranger)

    assert (concerns(overview), overview.next_runs) == ([], [])
    assert set(figures(overview).values()) == {0, "–"}
    assert not any(bar.parts for bar in overview.bars)


def test_bars_hold_every_execution_of_the_range():
    since = timezone.now() - timedelta(hours=24)
    hour = timedelta(hours=1)
    counts = [(since, "completed", 6), (since, "failed", 2), (since + 23 * hour, "running", 4)]

    bars = stacked(counts, since, hour, 24)

    assert len(bars) == 24
    assert [(part.tone, part.y, part.height) for part in bars[0].parts] == [("ok", 25, 75), ("fail", 0, 25)]
    assert [(part.tone, part.y, part.height) for part in bars[23].parts] == [("other", 50, 50)]
    assert not bars[1].parts


def test_first_steps_are_ticked_off_and_go_away(workflow, worker):
    client = log_in(factories.make_user(organization=workflow.organization))

    assert [each.is_done for each in look(client).steps] == [True, False, True, False, False, False, False]
    table, _pages = factories.make_pages(factories.make_project(workflow.organization))
    deployments.build(deployments.deploy(factories.make_app(table.project)))
    assert [each.is_done for each in look(client).steps] == [True, True, True, False, False, True, False]
    make_run(workflow, Status.COMPLETED)
    assert look(client).steps == []


def test_a_superuser_of_an_empty_installation_is_told_where_to_begin():
    overview = look(log_in(factories.make_user(is_superuser=True)))

    assert overview.steps[0].link == reverse("admin:foundation_organization_add")
    assert not any(each.is_done for each in overview.steps)


def test_a_person_without_organization_is_told_whom_to_ask():
    page = log_in(factories.make_user()).get(reverse("admin:index"))

    assert "You are not a member of an organization yet" in page.content.decode()


@pytest.mark.parametrize("rows", [1, 30])
def test_the_overview_costs_at_most_twelve_queries(workflow, reader, django_assert_max_num_queries, rows):
    for number in range(rows):
        make_run(workflow, Status.FAILED, error_message=f"problem {number}")
        factories.make_trigger(workflow, "schedule", name=str(number))
    Trigger.objects.update(next_run_at=timezone.now() + timedelta(hours=1))

    with django_assert_max_num_queries(12):
        reader.get(reverse("admin:index"))
