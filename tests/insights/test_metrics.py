"""Days are counted right: where they begin and end, once however many count, and also those nobody counted."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone
from django_q.models import Schedule

from nocode.automation.models import WorkflowExecution
from nocode.foundation.events import Event, bus
from nocode.foundation.middleware import acting_as
from nocode.foundation.models import Organization, OutboxEvent
from nocode.foundation.queue.periodic import ensure_schedules
from nocode.insights.histograms import percentile, slot, together
from nocode.insights.models import DailyMetric, UserActivity, WorkflowMetric
from nocode.insights.services import metrics
from nocode.insights.tasks import roll_up_metrics
from nocode.runtime.models import Deployment, GeneratedApp
from nocode.studio.services.records import Records
from tests import factories
from tests.insights.history import make_activity, make_execution, make_workflow

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
MAY_4 = date(2026, 5, 4)


@pytest.fixture
def organization():
    return factories.make_organization("Acme")


@pytest.fixture
def workflow(organization):
    return make_workflow(organization)


def figures(organization: Organization, day: date, *names: str) -> dict:
    return DailyMetric.objects.filter(organization=organization, day=day).values(*names).get()


# --- Where days begin and end -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("UTC", date(2026, 3, 29), 24),
        ("Europe/Paris", date(2026, 3, 29), 23),
        ("Europe/Paris", date(2026, 10, 25), 25),
        ("America/New_York", date(2026, 3, 8), 23),
        ("America/New_York", date(2026, 11, 1), 25),
        ("Asia/Kolkata", date(2026, 11, 1), 24),
        ("Asia/Beirut", date(2026, 3, 29), 23),  # the clock jumps at midnight itself
    ],
)
def test_days_are_those_of_the_time_zone(settings, workflow, zone, day, hours):
    settings.TIME_ZONE = zone
    around = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=1)
    for number in range(4 * 72):
        make_execution(workflow, around + timedelta(minutes=15 * number))

    metrics.roll_up(day)

    assert figures(workflow.organization, day, "executions") == {"executions": 4 * hours}


def test_midnight_divides_to_the_millisecond(settings, workflow):
    settings.TIME_ZONE = "Europe/Paris"
    midnight = datetime(2026, 5, 4, tzinfo=ZoneInfo("Europe/Paris"))
    for milliseconds in (-2, -1, 0, 1):
        make_execution(workflow, midnight + timedelta(milliseconds=milliseconds))

    metrics.roll_up(date(2026, 5, 3))
    metrics.roll_up(MAY_4)

    assert list(DailyMetric.objects.order_by("day").values_list("day", "executions")) == [
        (date(2026, 5, 3), 2),
        (MAY_4, 2),
    ]


# --- What is counted --------------------------------------------------------------------------------------------------
def test_executions_are_counted_by_how_they_went(organization, workflow):
    other = make_workflow(factories.make_organization(), "Other")
    for milliseconds in range(1, 101):
        make_execution(workflow, NOON, "completed" if milliseconds > 10 else "failed", milliseconds * 10)
    make_execution(workflow, NOON, "running", None)
    make_execution(workflow, NOON, "cancelled", None)
    make_execution(other, NOON, "failed", 5)

    metrics.roll_up(MAY_4)

    assert figures(
        organization, MAY_4, "executions", "completed", "failed", "duration_p50", "duration_p95", "is_final"
    ) == {
        "executions": 102,
        "completed": 90,
        "failed": 10,
        "duration_p50": 505,
        "duration_p95": 950,
        "is_final": True,
    }
    assert figures(other.organization, MAY_4, "executions", "failed") == {"executions": 1, "failed": 1}
    assert WorkflowMetric.objects.filter(workflow_id=workflow.pk).values_list(
        "executions", "completed", "failed", "measured", "total_duration", "longest_duration"
    ).get() == (102, 90, 10, 100, 50500, 1000)


def test_the_time_an_execution_stood_failed_is_no_duration(organization, workflow):
    execution = make_execution(workflow, NOON, milliseconds=3_600_000 + 500)
    WorkflowExecution.objects.filter(pk=execution.pk).update(idle=timedelta(hours=1))

    metrics.roll_up(MAY_4)

    assert figures(organization, MAY_4, "duration_p95")["duration_p95"] == pytest.approx(500, rel=0.05)


def test_durations_can_be_put_together_over_days(organization, workflow):
    for day in range(3):
        for number in range(100):
            make_execution(workflow, NOON + timedelta(days=day), milliseconds=10 ** (day + 2) + number)
        metrics.roll_up(MAY_4 + timedelta(days=day))

    histogram = together(DailyMetric.objects.filter(executions__gt=0).values_list("durations", flat=True))

    assert sum(histogram.values()) == 300
    assert percentile(histogram, 0.5) == pytest.approx(1050, rel=0.05)
    assert percentile(histogram, 0.95) == pytest.approx(10_085, rel=0.05)
    assert {slot(1), slot(0.2)} == {0}
    assert percentile({}, 0.5) is None


def test_rows_of_imports_are_counted_once(organization):
    OutboxEvent.objects.all().delete()
    told = {"created": 50, "updated": 4}
    bus.publish(
        Event("studio.records.imported", told, "a", organization.pk),
        Event("studio.records.imported", told | {"each_row": False}, "a", organization.pk),
        Event("studio.records.imported", {"created": 1, "updated": 0, "each_row": True}, "a", organization.pk),
        Event("studio.record.created", {}, "a", organization.pk),
    )

    roll_up_metrics()

    assert figures(organization, timezone.localdate(), "records") == {"records": 54 + 54 + 1}


def test_people_rows_and_deployments_are_counted(organization):
    ada = factories.make_user("ada@example.com", organization=organization)
    bob = factories.make_user("bob@example.com", organization=organization)
    eve = factories.make_user("eve@example.com", organization=organization)
    table = factories.make_table(factories.make_project(organization))
    app = GeneratedApp.objects.create(project=table.project, name="Shop", slug="shop")
    UserActivity.objects.all().delete()
    OutboxEvent.objects.all().delete()
    for person, action in [(ada, "user.login"), (ada, "user.login"), (bob, "user.logout"), (eve, "user.login_failed")]:
        make_activity(organization, person, action=action)
    make_activity(None, factories.make_user("root@example.com"))
    with acting_as(bob.pk):
        row = Records(table).create({"name": "One"})
        Records(table).update(row["id"], {"name": "Two"})
        bus.publish(Event("automation.workflow.updated", {}, "x", organization.pk))
    now = timezone.now()
    for number, (status, ended) in enumerate(
        [("deployed", now), ("failed", now), ("deployed", now - timedelta(days=3))]
    ):
        Deployment.objects.create(app=app, number=number, status=status, finished_at=ended)

    roll_up_metrics()

    assert figures(
        organization, timezone.localdate(), "logins", "active_users", "records", "deployments", "is_final"
    ) == {"logins": 2, "active_users": 2, "records": 2, "deployments": 1, "is_final": False}


def test_events_are_found_by_their_time_among_many(organization):
    now = timezone.now()
    for days_ago in (9, 8, 7, 7, 6, 2, 1, 1, 0):
        event = OutboxEvent.objects.create(name="studio.record.created", key="x", payload={}, organization=organization)
        OutboxEvent.objects.filter(pk=event.pk).update(created_at=now - timedelta(days=days_ago))

    counted = {}
    for days_ago in (10, 9, 7, 5, 1, 0):
        day = timezone.localdate() - timedelta(days=days_ago)
        metrics.roll_up(day)
        counted[days_ago] = DailyMetric.objects.filter(day=day).values_list("records", flat=True).first() or 0

    assert counted == {10: 0, 9: 1, 7: 2, 5: 0, 1: 2, 0: 1}


# --- Again, at once, later --------------------------------------------------------------------------------------------
def test_counting_again_changes_nothing_or_what_is_new(organization, workflow):
    make_execution(workflow, NOON)
    metrics.roll_up(MAY_4)
    first = figures(organization, MAY_4, "id", "executions", "durations")

    metrics.roll_up(MAY_4)
    assert figures(organization, MAY_4, "id", "executions", "durations") == first

    make_execution(workflow, NOON)
    metrics.roll_up(MAY_4)
    assert figures(organization, MAY_4, "executions") == {"executions": 2}


def test_what_was_cleaned_up_since_stays_counted(organization, workflow):
    for number in range(3):
        make_execution(workflow, NOON, milliseconds=100 * number)
    metrics.roll_up(MAY_4)
    before = figures(organization, MAY_4, "executions", "completed", "duration_p95", "durations")

    WorkflowExecution.objects.exclude(pk=WorkflowExecution.objects.order_by("pk").first().pk).delete()
    metrics.roll_up(MAY_4)

    assert figures(organization, MAY_4, "executions", "completed", "duration_p95", "durations") == before
    assert WorkflowMetric.objects.get().executions == 3


def test_missed_days_are_caught_up_and_days_become_final(organization, workflow):
    now = timezone.now()
    Organization.objects.update(created_at=now - timedelta(days=6))
    for days_ago in (5, 4, 0):
        make_execution(workflow, now - timedelta(days=days_ago))

    assert roll_up_metrics() == 7

    counted = {timezone.localdate() - each.day: each for each in DailyMetric.objects.all()}
    assert {age.days: each.executions for age, each in counted.items()} == {6: 0, 5: 1, 4: 1, 3: 0, 2: 0, 1: 0, 0: 1}
    assert {age.days for age, each in counted.items() if not each.is_final} == {1, 0}
    assert roll_up_metrics() == 2


def test_days_that_are_final_are_left_alone(organization, workflow):
    day = timezone.localdate() - timedelta(days=3)
    DailyMetric.objects.create(organization=organization, day=day, executions=77, is_final=True)

    roll_up_metrics()

    assert figures(organization, day, "executions") == {"executions": 77}
    assert DailyMetric.objects.filter(day__lt=day).count() == 0


def test_without_organizations_nothing_is_counted():
    assert roll_up_metrics() == 1
    assert not DailyMetric.objects.exists()


def test_the_schedule_is_there_and_stays_as_people_left_it():
    schedule = Schedule.objects.get(func="nocode.insights.tasks.roll_up_metrics")
    assert schedule.schedule_type == Schedule.HOURLY

    schedule.schedule_type = Schedule.DAILY
    schedule.save()
    ensure_schedules()

    assert Schedule.objects.get(func="nocode.insights.tasks.roll_up_metrics").schedule_type == Schedule.DAILY


@pytest.mark.django_db(transaction=True)
def test_two_clusters_may_count_at_once():
    now = timezone.now()
    workflows = [make_workflow(factories.make_organization()) for _number in range(20)]
    Organization.objects.update(created_at=now - timedelta(days=3))
    for workflow in workflows:
        for days_ago in range(4):
            make_execution(workflow, now - timedelta(days=days_ago))

    def count(_cluster: int) -> int:
        try:
            return roll_up_metrics()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as clusters:
        done = list(clusters.map(count, range(4)))

    assert all(days >= 2 for days in done)
    assert set(DailyMetric.objects.values_list("executions", flat=True)) == {1}
    assert DailyMetric.objects.count() == 80
