"""The bell, and choosing what one is told, in a real browser: mouse and keyboard, phone, light and dark."""

import os
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from django.utils import timezone

from nocode.automation.models import IntegrationStats, NotificationRule
from nocode.foundation.models import Notification
from nocode.foundation.services.notifications import notify
from tests import factories
from tests.browser.test_shell import AXE, DESKTOP, PHONE, focused, overflow

pytestmark = pytest.mark.django_db(transaction=True)

LONG = "“Collect every invoice of every customer of every subsidiary of the group each night before closing” has failed"


@pytest.fixture
def person():
    return factories.make_user("ada@example.com", organization=factories.make_organization("Acme"), name="Ada")


def tell(person, number: int = 3) -> None:
    organization = person.organizations.get()
    for each in range(number):
        level = ["error", "success", "warning"][each % 3]
        link = reverse("admin:live")
        notify([person], "test.fact", str(each), f"Fact {each}", "The file has no header.", link, level, organization)


def shot(page, name: str) -> None:
    """Keep a picture where somebody wants to look at one."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png")


def test_the_bell_counts_opens_and_leads_to_a_page(new_page, person):
    tell(person)
    page = new_page(person, viewport=DESKTOP)
    page.goto(reverse("admin:index"))

    page.wait_for_selector(".c-bell__count:text-is('3')")
    page.click(".c-bell button")
    page.wait_for_selector("#bell-box >> text=Fact 2")
    shot(page, "bell")
    page.click("#bell-box >> text=Fact 1")

    page.wait_for_url("**/admin/live/")
    page.wait_for_selector(".c-bell__count:text-is('2')")
    assert Notification.objects.unread().count() == 2


def test_the_bell_by_keyboard(new_page, person):
    tell(person)
    page = new_page(person, viewport=DESKTOP)
    page.goto(reverse("admin:index"))
    page.wait_for_selector(".c-bell__count")
    page.focus(".c-bell > button")

    page.keyboard.press("Enter")
    page.wait_for_selector("#bell-box >> text=Fact 2")
    page.keyboard.press("Tab")
    assert focused(page) == "Mark all as read"
    page.keyboard.press("Enter")
    page.wait_for_selector(".c-bell__count", state="detached")
    page.keyboard.press("Escape")

    assert not page.is_visible("#bell-box")
    assert page.evaluate("document.activeElement.matches('.c-bell > button')")
    assert not Notification.objects.unread().exists()


def test_the_number_follows_while_the_page_is_open(new_page, person):
    page = new_page(person, viewport=DESKTOP)
    page.goto(reverse("admin:index"))
    page.wait_for_selector("#bell-count[data-bell]", state="attached")
    assert page.locator(".c-bell__count").count() == 0

    tell(person, 1)
    page.evaluate("htmx.trigger('#bell-count', 'bell-asks')")

    page.wait_for_selector(".c-bell__count:text-is('1')")


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_box_and_the_pages_are_clean(new_page, person, viewport, color_scheme):
    organization = person.organizations.get()
    workflow = factories.make_workflow(organization, name=LONG[:140], created_by=person)
    integration = factories.make_integration(organization, name="A shop with a name that is longer than most names are")
    IntegrationStats.objects.create(
        integration=integration,
        calls=12345,
        failures=12,
        durations=[120, 80, 4000],
        outcomes=[False, True, True],
        last_used_at=timezone.now(),
        last_failed_at=timezone.now(),
        last_error="https://api.example.com/orders answered 401: the token is not valid any more",
        updated_at=timezone.now(),
    )
    tell(person, 4)
    notify([person], "test.fact", "long", LONG, "word " * 80, "/admin/", "error", organization)
    name = f"{'phone' if viewport is PHONE else 'desktop'}-{color_scheme}"
    page = new_page(person, viewport=viewport, color_scheme=color_scheme)

    pages = {
        "list": reverse("admin:foundation_notification_changelist"),
        "mine": reverse("admin:my_notifications"),
        "choice": reverse("admin:workflow_notifications", args=[workflow.pk]),
        "integration": reverse("admin:automation_integration_change", args=[integration.pk]),
        "integrations": reverse("admin:automation_integration_changelist"),
    }
    for key, address in pages.items():
        page.goto(address)
        page.wait_for_selector("#bell-count[data-bell]", state="attached")
        assert overflow(page) <= 0, f"{address} is too wide"
        shot(page, f"{key}-{name}")
        found = Axe().run(page, options=AXE).response["violations"]
        assert found == [], f"{address}: {[(each['id'], each['nodes'][0]['html'][:200]) for each in found]}"
    page.click(".c-bell button")
    page.wait_for_selector("#bell-box >> text=Fact 2")
    assert overflow(page) <= 0
    shot(page, f"box-{name}")
    found = Axe().run(page, options=AXE).response["violations"]
    assert found == [], [(each["id"], each["nodes"][0]["html"][:200]) for each in found]


def test_choosing_in_the_dialog_of_a_workflow(new_page, person):
    workflow = factories.make_workflow(person.organizations.get(), name="Invoices")
    page = new_page(person, viewport=DESKTOP)
    page.goto(reverse("admin:automation_workflow_change", args=[workflow.pk]))

    page.click("text=Notify me")
    page.wait_for_selector("dialog[open] >> text=Address to call")
    shot(page, "dialog")
    page.check("dialog[open] input[name=failed-email]")
    page.click("dialog[open] >> text=Save")

    page.wait_for_selector("text=You will be told as you chose.")
    assert NotificationRule.objects.get(workflow=workflow, on="failed").channels == {"email"}
    assert page.url.endswith(reverse("admin:automation_workflow_change", args=[workflow.pk]))


def test_an_empty_bell_teaches(new_page, person):
    page = new_page(person, viewport=PHONE)
    page.goto(reverse("admin:foundation_notification_changelist"))
    shot(page, "empty")
    page.click(".c-bell button")

    page.wait_for_selector("#bell-box >> text=Nothing to tell")
