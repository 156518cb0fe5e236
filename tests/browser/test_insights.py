"""Activity and analytics in a real browser: what was done is found, figures are looked at and taken along."""

from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from django.utils import timezone

from nocode.insights.models import UserActivity
from tests import factories
from tests.insights.history import make_activity, make_day, make_execution, make_workflow, make_workflow_day

pytestmark = pytest.mark.django_db(transaction=True)

DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
# Unfold's row boxes and sort arrows are smaller than 24 pixels.
AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"], "rules": {"target-size": {"enabled": False}}}
LONG = "An import with a very long name that somebody typed without ever thinking of lists and telephones"


@pytest.fixture
def organization():
    return factories.make_organization("Acme")


@pytest.fixture
def person(organization):
    return factories.make_user("ada@example.com", organization=organization, name="Ada")


@pytest.fixture
def busy(organization, person):
    """A month in which something happened."""
    workflow = make_workflow(organization, LONG)
    for days_ago in range(40):
        figures = {"executions": 20 + days_ago, "completed": 18, "failed": 2 if days_ago % 3 else 0}
        make_day(organization, days_ago, **figures, durations={"100": 20}, duration_p50=130, duration_p95=900, logins=2)
        make_workflow_day(organization, workflow, days_ago, failed=1, executions=9, measured=9, total_duration=900)
    project = factories.make_project(organization, LONG)
    target = {"target_type": "studio.project", "target_id": str(project.pk), "target_label": LONG}
    for number in range(30):
        make_activity(organization, person, action="project.updated", **target, ip=f"2001:db8::{number}")
    return workflow


def overflow(page) -> int:
    """By how many pixels the page is wider than the window."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def test_looking_at_analytics(new_page, person, organization, busy):
    page = new_page(person, viewport=DESKTOP)
    page.goto(reverse("admin:index"))
    page.get_by_role("link", name="Analytics").click()

    page.get_by_role("heading", name="Executions per day").wait_for()
    assert page.get_by_role("link", name="30 days").get_attribute("aria-current") == "true"
    page.get_by_role("link", name="7 days").click()
    page.wait_for_url("**/analytics/?days=7")
    assert page.locator("svg[aria-labelledby=chart-executions] rect.i-part--ok").count() == 7
    chart = page.locator("section[aria-labelledby=chart-executions]")
    chart.get_by_text("As a table").click()
    assert chart.get_by_role("row").count() == 8

    make_execution(make_workflow(organization, "Fresh"), timezone.now() - timedelta(seconds=1))
    page.reload()
    page.get_by_role("link", name="Fresh").first.wait_for()

    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename.startswith(f"report-{organization.slug}-")
    assert download.value.path().read_text("utf-8-sig").startswith("day,executions,")

    page.get_by_role("link", name=LONG).first.click()
    page.wait_for_url("**/workflowexecution/**")


def test_a_login_and_an_export_are_found_in_the_list(new_page, person):
    page = new_page(viewport=DESKTOP)
    page.goto(reverse("admin:insights_useractivity_changelist"))
    page.fill("#id_username", "ada@example.com")
    page.fill("#id_password", "correct horse battery")
    page.click("text=Log in")

    page.get_by_text("logged in").wait_for()
    with page.expect_download() as download:
        page.get_by_role("link", name="JSON").click()
    assert '"user.login"' in download.value.path().read_text()
    page.reload()
    page.get_by_text("exported activities").wait_for()
    assert set(UserActivity.objects.filter(action="user.login").values_list("user", flat=True)) == {person.pk}


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("color_scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["analytics", "insights_useractivity_changelist"])
def test_pages_fit_and_meet_wcag(new_page, person, busy, viewport, color_scheme, name):
    page = new_page(person, viewport=viewport, color_scheme=color_scheme, reduced_motion="reduce")
    page.goto(reverse(f"admin:{name}"))
    page.wait_for_selector("[role=main]")

    results = Axe().run(page, options=AXE)

    assert overflow(page) == 0
    violations = [(each["id"], [node["html"] for node in each["nodes"]]) for each in results.response["violations"]]
    assert violations == []
