"""The frame of the console in a real browser: login, menu, keyboard, palette, language, live queue, accessibility."""

from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from django.utils import timezone

from nocode.foundation.models import OutboxEvent, QueuedTask, Role, Worker
from nocode.studio.schema.manager import NewField
from nocode.studio.services.records import Records
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
# Unfold's row boxes and sort arrows are smaller than 24 pixels.
AXE = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"],
    "rules": {"target-size": {"enabled": False}},
}


@pytest.fixture
def person():
    return factories.make_user("ada@example.com", organization=factories.make_organization("Acme"), name="Ada")


def overflow(page) -> int:
    """By how many pixels the page is wider than the window."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def focused(page) -> str:
    """The text or name of what has the focus."""
    return page.evaluate("(document.activeElement.ariaLabel || document.activeElement.textContent).trim()")


def test_logging_in_and_out(new_page, person):
    page = new_page()
    page.goto("/admin/foundation/user/")

    page.fill("#id_username", "ada@example.com")
    page.fill("#id_password", "wrong")
    page.click("text=Log in")
    page.wait_for_selector("text=E-mail address and password do not match.")
    assert page.locator(".errornote:visible").count() == 1

    page.fill("#id_password", "correct horse battery")
    page.click("text=Log in")
    page.wait_for_url("**/admin/foundation/user/")

    page.click("text=unfold_more")
    page.click("text=Log out")
    page.wait_for_selector("text=Logged out")


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_every_menu_page_opens_clean(new_page, viewport, color_scheme):
    organization = factories.make_organization("An organization whose name is longer than anybody would wish it to be")
    root = factories.make_user(organization=organization, is_superuser=True, name="Root")
    factories.make_workflow(organization, name="Collect every invoice of every customer of every subsidiary each night")
    Worker.objects.create(
        id=uuid4(), cluster="nocode", host="machine-1.department.example.com", pid=4242, current_task="x" * 60
    )
    QueuedTask.objects.create(queue="nocode", payload="x")
    page = new_page(root, viewport=viewport, color_scheme=color_scheme)
    page.goto(reverse("admin:index"))

    links = page.eval_on_selector_all("#nav-sidebar-apps a", "all => all.map(each => each.getAttribute('href'))")
    assert len(links) > 8
    for link in links:
        page.goto(link)
        assert page.locator("main, [role=main]").count() == 1, link
        assert page.locator("#nav-sidebar [aria-current=page]").get_attribute("href") == link
        assert overflow(page) <= 0, f"{link} is too wide"


def test_a_wide_table_fits_a_phone(new_page, person):
    fields = tuple(NewField(f"A field with a name of some length, number {number}", "text") for number in range(12))
    table = factories.make_table(factories.make_project(person.organizations.get()), "Wide", fields)
    Records(table).create({field.physical_name: "word " * 50 for field in table.fields.all()})
    page = new_page(person, viewport=PHONE)

    page.goto(reverse("admin:studio_table_rows", args=[table.pk]))

    assert overflow(page) <= 0
    assert page.eval_on_selector(".c-scroll", "box => box.scrollWidth - box.clientWidth") <= 0


def test_cards_on_a_phone_have_no_label_before_their_box(new_page, person):
    page = new_page(person, viewport=PHONE)
    factories.make_workflow(person.organizations.get())
    page.goto(reverse("admin:automation_workflow_changelist"))

    box = page.locator("td.action-checkbox").first
    assert box.evaluate("box => getComputedStyle(box, '::before').content") == "none"


def test_cards_on_a_phone_name_their_values_and_cut_none(new_page, person):
    page = new_page(person, viewport=PHONE)
    factories.make_workflow(person.organizations.get(), name="Every_invoice_of_every_customer " * 4)
    page.goto(reverse("admin:automation_workflow_changelist"))
    page.wait_for_selector("[data-label='Last execution']")

    name = page.locator("#result_list tbody th").first

    assert name.evaluate("cell => cell.scrollHeight - cell.clientHeight") <= 0
    assert name.evaluate("cell => getComputedStyle(cell, '::before').textTransform") == "none"


def test_the_keyboard_reaches_content_menu_and_language(new_page, person):
    page = new_page(person, viewport=DESKTOP)
    page.goto(reverse("admin:index"))

    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"

    menu = page.locator("[role=button]", has_text="ada@example.com")
    menu.focus()
    page.keyboard.press("Enter")
    french = page.get_by_role("button", name="français")
    french.wait_for()
    french.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("html[lang=fr]")
    assert page.get_by_role("link", name="Aller au contenu").count() == 1


def test_the_palette_opens_finds_and_goes(new_page, person):
    page = new_page(person, viewport=DESKTOP)
    page.goto(reverse("admin:index"))

    page.keyboard.press("Control+k")
    page.wait_for_function("document.activeElement.tagName === 'INPUT'")
    page.keyboard.type("acme")
    page.wait_for_selector("#command-results-list >> text=Acme", timeout=30_000)
    page.keyboard.press("Enter")

    page.wait_for_url("**/foundation/organization/*/change/")


def test_controls_drawn_as_boxes_are_buttons_with_names(new_page, person):
    page = new_page(person, viewport=PHONE)
    page.goto(reverse("admin:foundation_user_changelist"))

    nameless = page.eval_on_selector_all(
        "[role=button], button, a",
        """all => all.filter(each => each.offsetParent && !each.ariaLabel && !each.title && !each.querySelector('img')
            && ![...each.childNodes].some(node => node.textContent.trim()
                && !node.classList?.contains('material-symbols-outlined'))).map(each => each.outerHTML)""",
    )
    assert nameless == []


def test_the_queue_page_follows_the_workers(new_page):
    root = factories.make_user(is_superuser=True)
    page = new_page(root, viewport=DESKTOP)
    page.goto(reverse("admin:queue_health"))
    page.wait_for_selector("text=No worker is alive")
    page.evaluate("document.getElementById('queue-panel').dataset.first = 'yes'")

    later = timezone.now() + timezone.timedelta(minutes=5)
    Worker.objects.create(id=uuid4(), cluster="nocode", host="machine-7", pid=77, heartbeat_at=later)
    QueuedTask.objects.create(queue="nocode", payload="x")

    page.wait_for_selector("text=1 worker is alive")
    assert page.locator("text=machine-7:77").is_visible()
    assert page.locator("#queue-panel[data-first]").count() == 0
    page.evaluate("document.getElementById('queue-panel').dataset.second = 'yes'")
    with page.expect_response("**/queue/panel/**") as poll:
        pass
    assert poll.value.status == 204
    assert page.locator("#queue-panel[data-second]").count() == 1  # nothing new, nothing swapped


def test_a_dialog_takes_the_focus_keeps_it_and_gives_it_back(new_page, person):
    lost = OutboxEvent.objects.create(
        name="x.happened", key="x", payload={}, organization=person.organizations.get(), gave_up=True
    )
    page = new_page(person, viewport=DESKTOP)
    page.goto(reverse("admin:foundation_outboxevent_change", args=[lost.pk]))
    opener = page.get_by_role("link", name="Deliver again")

    opener.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Deliver again")
    dialog.wait_for()
    page.wait_for_function("document.activeElement.closest('[role=dialog]')")
    for _stop in range(6):
        page.keyboard.press("Tab")
        assert page.evaluate("!!document.activeElement.closest('[role=dialog]')")
    page.keyboard.press("Escape")
    page.wait_for_function("document.activeElement.textContent.includes('Deliver again')")
    dialog.wait_for(state="hidden")
    assert OutboxEvent.objects.get().gave_up is True

    page.keyboard.press("Enter")
    dialog.get_by_role("button", name="Deliver again").click()
    page.wait_for_selector("text=1 event is delivered again.")
    assert OutboxEvent.objects.get().gave_up is False


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["index", "queue_health", "foundation_organization_changelist", "foundation_user_add"])
def test_pages_meet_wcag(new_page, color_scheme, name):
    organization = factories.make_organization("Acme")
    root = factories.make_user(organization=organization, is_superuser=True)
    factories.make_user(organization=organization, role=Role.VIEWER)
    page = new_page(root, viewport=DESKTOP, color_scheme=color_scheme, reduced_motion="reduce")
    page.goto(reverse(f"admin:{name}"))
    page.wait_for_selector("[role=main]")

    results = Axe().run(page, options=AXE)

    violations = [(each["id"], [node["html"] for node in each["nodes"]]) for each in results.response["violations"]]
    assert violations == []
