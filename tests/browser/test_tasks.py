"""Journeys around the queue in a real browser: a file made in the background, a periodic task run by hand."""

import json
import re

import pytest
from django_q.models import Schedule

from nocode.automation.tasks import export_workflow_execution_logs
from nocode.foundation.models import QueuedTask
from tests.automation.screens import make_office
from tests.factories import make_user

pytestmark = pytest.mark.django_db(transaction=True)

PHONE = {"width": 390, "height": 844}


@pytest.fixture(autouse=True)
def quick_polls(settings):
    settings.LIVE_POLL_FAST = settings.LIVE_POLL_SLOW = 1


@pytest.fixture
def expect(browser):
    """Playwright's assertions, which wait."""
    from playwright.sync_api import expect

    return expect


@pytest.mark.parametrize("viewport", [{"width": 1440, "height": 900}, PHONE], ids=["desktop", "phone"])
def test_a_file_of_an_execution_is_made_and_appears_by_itself(new_page, expect, viewport):
    office = make_office()
    execution = office.finished(input={"x": 41})
    page = new_page(office.viewer, viewport=viewport)
    page.goto(f"/admin/live/{execution.pk}/")

    with page.expect_download() as direct:
        page.locator("#download").click()
    page.locator("#make-export").click()
    expect(page.get_by_text("The file is being made…")).to_be_visible()
    export_workflow_execution_logs(str(execution.pk))
    expect(page.locator("#export-file")).to_be_visible()
    with page.expect_download() as made:
        page.locator("#export-file").click()

    for download in (direct.value, made.value):
        assert download.suggested_filename == f"{execution.pk}.json"
        data = json.loads(download.path().read_text())
        assert [step["output"] for step in data["steps"]] == [{"x": 41}, {"y": 42}]


def test_a_periodic_task_is_run_by_hand(new_page, expect):
    page = new_page(make_user(is_superuser=True))
    page.goto("/admin/django_q/schedule/")
    row = page.locator("tr", has_text="cleanup_old_executions")
    expect(row).to_contain_text("Deletes finished executions")
    expect(row).to_contain_text("Not run yet")

    row.get_by_text("more_horiz").click()
    page.get_by_text("Run now").locator("visible=true").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Run now").click()

    expect(page.get_by_text(re.compile("is queued; its result appears here"))).to_be_visible()
    func = Schedule.objects.get(name="cleanup_old_executions").func
    assert [task.name for task in QueuedTask.objects.all()] == [func]
