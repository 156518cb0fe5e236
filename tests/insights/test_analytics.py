"""The analytics page: figures of a period next to the one before, for members only, on screen and as files."""

import csv
import io
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from nocode.insights import counting
from nocode.insights.days import today
from nocode.insights.figures import milliseconds, percent
from nocode.insights.models import DailyMetric, UserActivity
from nocode.insights.services.analytics import success_rate
from tests import factories
from tests.insights.history import make_day, make_execution, make_workflow, make_workflow_day

pytestmark = pytest.mark.django_db

PAGE = reverse("admin:analytics")
CSV, JSON = reverse("admin:analytics_report_csv"), reverse("admin:analytics_report_json")


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


def text(response) -> str:
    return " ".join(response.getvalue().decode().split())


def figures(client: Client, query: str = "") -> dict:
    return json.loads(client.get(f"{JSON}?{query}").getvalue())


def test_a_period_is_shown_next_to_the_one_before(organization, owner):
    make_day(organization, 0, executions=4, completed=3, failed=1, logins=2, active_users=2, durations={"100": 4})
    make_day(organization, 6, executions=6, completed=6, logins=1, active_users=5, records=7)
    make_day(organization, 7, executions=5, completed=1, failed=4, records=70, deployments=1)
    make_day(organization, 14, executions=1000, failed=1000)
    client = logged_in(owner)

    tiles = {tile.icon: (tile.value, tile.change, tile.tone) for tile in client.get(f"{PAGE}?days=7").context["tiles"]}
    report = figures(client, "days=7")

    assert tiles["bolt"] == ("10", "+100 %, before: 5", "")
    assert tiles["percent"] == ("90 %", "+70 points, before: 20 %", "good")
    assert tiles["group"] == ("5", "none before", "")
    assert tiles["edit_square"] == ("7", "−90 %, before: 70", "")
    assert tiles["rocket_launch"] == ("0", "−100 %, before: 1", "")
    assert (report["period"]["executions"], report["period_before"]["executions"]) == (10, 5)
    assert [day["executions"] for day in report["days"]] == [6, 0, 0, 0, 0, 0, 4]
    assert report["period"]["duration_p95"] == pytest.approx(1.05**100, rel=0.05)


def test_only_a_period_without_failures_is_a_hundred_percent(organization, owner):
    make_day(organization, 0, executions=100_000, completed=99_999, failed=1)

    assert figures(logged_in(owner))["period"]["success_rate"] == 99.9


def test_workflows_that_stand_out_are_named(organization, owner):
    for number in range(7):
        workflow = make_workflow(organization, f"Workflow {number}")
        for days_ago in (0, 3):
            make_workflow_day(
                organization,
                workflow,
                days_ago,
                executions=10,
                failed=number,
                measured=10,
                total_duration=1000 * (7 - number),
                longest_duration=500,
            )
        make_workflow_day(organization, workflow, 40, executions=1000, failed=1000)

    report = figures(logged_in(owner), "days=30")

    assert [(each["name"], each["failures"], each["runs"]) for each in report["failing"]] == [
        (f"Workflow {number}", 2 * number, 20) for number in (6, 5, 4, 3, 2)
    ]
    assert [(each["name"], each["average_duration"]) for each in report["slowest"]] == [
        (f"Workflow {number}", 100 * (7 - number)) for number in (0, 1, 2, 3, 4)
    ]


def test_figures_are_for_members(organization, owner):
    teammate = factories.make_user("mate@example.com", organization=organization, role="viewer")
    stranger = factories.make_user("stranger@example.com", organization=factories.make_organization("Elsewhere"))
    make_day(organization, executions=12345, completed=12345)
    theirs = f"organization={organization.pk}"

    seen = {}
    for person in (owner, teammate, stranger):
        answer = logged_in(person).get(f"{PAGE}?{theirs}")
        seen[person.email] = answer.status_code, "12,345" in text(answer)

    assert seen == {
        "owner@example.com": (200, True),
        "mate@example.com": (200, True),
        "stranger@example.com": (404, False),
    }
    for url in (CSV, JSON):
        assert [logged_in(person).get(f"{url}?{theirs}").status_code for person in (teammate, stranger)] == [200, 404]
        assert Client().get(url).status_code == 302
    assert "12,345" not in text(logged_in(stranger).get(PAGE))


def test_people_in_no_organization_may_not_look_and_superusers_are_told_why_there_is_nothing():
    assert logged_in(factories.make_user("homeless@example.com")).get(PAGE).status_code == 403
    root = logged_in(factories.make_user("root@example.com", is_superuser=True))
    assert "not a member of an organization" in text(root.get(PAGE))
    assert root.get(CSV).status_code == 404


def test_an_organization_is_chosen_where_there_are_several(organization, owner):
    other = factories.make_organization("Other")
    other.memberships.create(user=owner)
    make_day(other, executions=3)
    client = logged_in(owner)

    assert client.get(PAGE).context["report"].organization == organization
    assert client.get(f"{PAGE}?organization={other.pk}").context["report"].totals.executions == 3
    assert client.get(f"{PAGE}?organization=nonsense").status_code == 404


@pytest.mark.parametrize(
    ("query", "length", "problem"),
    [
        ("", 30, ""),
        ("days=7", 7, ""),
        ("days=90", 90, ""),
        ("days=8", 30, "Select a valid choice"),
        ("first=2026-01-01&last=2026-01-31", 31, ""),
        ("first=2026-02-01&last=2026-01-31", 30, "The first day comes after the last."),
        ("first=2026-02-01", 30, "Give both days"),
        ("first=x&last=y", 30, "Enter a valid date"),
        ("first=2020-01-01&last=2026-01-31", 30, "At most 366 days"),
        ("first=0001-01-01&last=0001-01-02", 30, "There are no figures of that time."),
    ],
)
def test_periods(owner, query, length, problem):
    page = logged_in(owner).get(f"{PAGE}?{query}")

    assert page.context["report"].period.length == length
    if problem:
        assert problem in text(page)
    else:
        assert 'role="alert"' not in text(page)


def test_the_page_teaches_when_nothing_has_happened(organization, owner):
    make_day(organization)

    page = text(logged_in(owner).get(PAGE))

    assert "Nothing has happened in this time" in page


def test_charts_can_be_read_without_seeing_them(organization, owner):
    make_day(organization, 0, executions=3, completed=2, failed=1, durations={"95": 2, "160": 1})

    page = logged_in(owner).get(f"{PAGE}?days=7")

    day = date_format(timezone.localdate(), "SHORT_DATE_FORMAT")
    shown = text(page)
    assert f"<title>{day}: completed 2, failed 1, other 0</title>" in shown
    assert shown.count("<summary") == shown.count('role="img"') == 4
    durations = next(chart for chart in page.context["charts"] if chart.key == "durations")
    assert durations.slots[-1].cells == ["101 ms", "2.4 s"]
    assert {"101 ms", "2.4 s"} <= {tile.value for tile in page.context["tiles"]}


def test_a_workflow_is_called_by_the_name_it_had_last(organization, owner):
    workflow = make_workflow(organization, "Zebra")
    make_workflow_day(organization, workflow, 2, executions=1, failed=1)
    workflow.name = "Ant"
    make_workflow_day(organization, workflow, 1, executions=1, failed=1)

    assert [(each["name"], each["failures"]) for each in figures(logged_in(owner))["failing"]] == [("Ant", 2)]


def test_the_figures_of_today_are_those_of_now(organization, owner):
    client, workflow = logged_in(owner), make_workflow(organization, "Import")
    for status in ("completed", "failed"):
        make_execution(workflow, timezone.now() - timedelta(seconds=1), status)
        page = client.get(f"{PAGE}?days=7")

    report = page.context["report"]
    assert (report.totals.executions, report.totals.failed, report.totals.success_rate) == (2, 1, 50.0)
    assert [each["name"] for each in report.failing] == ["Import"]
    assert report.days[-1].executions == 2
    assert figures(client)["period"]["executions"] == 2


def test_looking_counts_for_nobody_else(organization, owner):
    elsewhere = factories.make_organization()
    make_execution(make_workflow(elsewhere), timezone.now() - timedelta(seconds=1))

    logged_in(owner).get(PAGE)

    assert set(DailyMetric.objects.values_list("organization", flat=True)) == {organization.pk}


def test_looking_at_other_days_counts_nothing(organization, owner):
    logged_in(owner).get(f"{PAGE}?first=2026-01-01&last=2026-01-31")

    assert not DailyMetric.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_looking_does_not_wait_for_who_counts(organization, owner):
    make_day(organization, 0, executions=7, completed=7)
    with ThreadPoolExecutor(1) as pool, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(counting.LOCK, {"day": today()})
        seen = pool.submit(lambda: _executions_seen(owner)).result(timeout=20)

    assert seen == 7


def _executions_seen(owner) -> int:
    try:
        return logged_in(owner).get(PAGE).context["report"].totals.executions
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("completed", "failed", "rate"),
    [
        (0, 0, None),
        (2, 1, 66.7),
        (1, 2, 33.3),
        (1, 7, 12.5),
        (1999, 1, 99.9),
        (9995, 5, 99.9),
        (1, 9999, 0.1),
        (0, 3, 0),
    ],
)
def test_the_success_rate_is_rounded_and_full_only_without_failures(completed, failed, rate):
    assert success_rate(completed, failed) == rate


def test_a_report_holds_no_formula_and_is_an_activity(organization, owner):
    workflow = make_workflow(organization, "=cmd|' /C calc'!A0")
    make_workflow_day(organization, workflow, executions=1, failed=1)
    make_day(organization, executions=1, failed=1)

    response = logged_in(owner).get(f"{CSV}?days=7")
    lines = list(csv.reader(io.StringIO(response.getvalue().decode("utf-8-sig"))))

    assert lines[0][:3] == ["day", "executions", "completed"]
    assert lines[7][:4] == [timezone.localdate().isoformat(), "1", "0", "1"]
    assert [line[0] for line in lines[8:10]] == ["period", "period_before"]
    assert ["1", str(workflow.pk), "'=cmd|' /C calc'!A0", "1", "1", "", ""] in lines
    assert response["Content-Disposition"].startswith(f'attachment; filename="report-{organization.slug}-')
    [export] = UserActivity.objects.filter(action="report.exported")
    assert (export.organization, export.user, export.details["format"]) == (organization, owner, "csv")


def test_the_page_costs_ten_queries_at_most(organization, owner, django_assert_max_num_queries):
    workflow = make_workflow(organization)
    make_day(organization, executions=1)
    make_workflow_day(organization, workflow, failed=1, measured=1)
    client = logged_in(owner)
    client.get(PAGE)

    with django_assert_max_num_queries(10 + 2) as few:  # and the savepoint that stands for a transaction in tests
        client.get(f"{PAGE}?days=90")
    for days_ago in range(1, 60):
        make_day(organization, days_ago, executions=1)
        make_workflow_day(organization, make_workflow(organization), days_ago, failed=1, measured=1)
    for _number in range(30):
        factories.make_organization().memberships.create(user=owner)
    with django_assert_max_num_queries(len(few)):
        client.get(f"{PAGE}?days=90&organization={organization.pk}")


@pytest.mark.parametrize(
    ("shown", "words"),
    [(percent(None), "–"), (percent(100.0), "100 %"), (percent(99.9), "99.9 %"), (milliseconds(None), "–")],
)
def test_values_read_well(shown, words):
    assert shown == words
