"""Journeys of the runtime in a real browser: make an application, deploy it, watch, use it, deploy again, go back."""

import re

import pytest

from nocode.foundation.models import Role
from nocode.runtime.models import Deployment, GeneratedApp
from nocode.runtime.services import deployments
from nocode.studio.models import DataTable, Page
from nocode.studio.services.blocks import change_block
from nocode.studio.services.records import Records
from tests.factories import make_deployed, make_organization, make_page, make_pages, make_project, make_user

pytestmark = pytest.mark.django_db(transaction=True)

PHONE = {"width": 390, "height": 844}


@pytest.fixture(autouse=True)
def quick_polls(settings):
    settings.LIVE_POLL_FAST = 1


@pytest.fixture
def expect(browser):
    """Playwright's assertions, which wait."""
    from playwright.sync_api import expect

    return expect


@pytest.fixture
def desk():
    """A project with pages about orders, and its owner."""
    organization = make_organization("Acme")
    table, _pages = make_pages(make_project(organization, "Shop"))
    return table, make_user("owner@example.com", organization=organization, name="Olive Owner")


def deploy(page, note: str) -> None:
    page.get_by_role("button", name=re.compile("^rocket_launch Deploy|Deploy$|Deploy again$")).first.click()
    page.locator("#deploy-note").fill(note)
    page.locator("#deploy-dialog").get_by_role("button", name="Deploy", exact=True).click()


def test_an_application_from_nothing_to_its_users_and_back(new_page, expect, desk, start_cluster):
    table, owner = desk
    start_cluster(workers=1)
    page = new_page(user=owner, viewport={"width": 1440, "height": 900})

    # Make it: the address is proposed.
    page.goto("/admin/runtime/generatedapp/")
    page.get_by_role("link", name=re.compile("Add application")).first.click()
    page.locator("#id_name").press_sequentially("Order desk")
    expect(page.locator("#id_slug")).to_have_value("order-desk")
    page.get_by_role("button", name="Save").first.click()
    expect(page.get_by_text("Not deployed yet")).to_be_visible()

    # Deploy it, and see it go online without touching the page.
    deploy(page, "First one")
    page.evaluate("window.isStillHere = true")
    expect(page.locator("#deployment")).to_have_attribute("data-status", "deployed")
    expect(page.locator("#log")).to_contain_text("Online at /apps/order-desk/")
    assert page.evaluate("window.isStillHere")

    # Use it: add a row by its form, and find it in the list.
    page.locator("#open-app").click()
    expect(page).to_have_title("Orders | Order desk")
    page.get_by_role("link", name="Add").click()
    page.get_by_label("Amount").fill("3")
    page.get_by_role("button", name="Add").click()
    expect(page.locator(".b-errors")).to_have_text("This field is required.")
    expect(page.get_by_label("Amount")).to_have_value("3")
    page.get_by_label("Name").fill("Chair")
    page.get_by_role("button", name="Add").click()
    expect(page.locator(".a-message")).to_contain_text("was added")
    expect(page.locator(".b-title")).to_have_text("Chair")
    page.get_by_role("link", name="Order desk").click()
    expect(page.locator(".b-table")).to_contain_text("Chair")
    page.problems.clear()  # the refused form was answered 422, which the browser notes

    # Change the project and deploy again: people see it, and after rolling back they do not.
    make_page(table.project, "News")
    app = GeneratedApp.objects.get()
    page.goto(f"/admin/runtime/generatedapp/{app.pk}/change/")
    deploy(page, "With news")
    expect(page.locator("#deployment")).to_have_attribute("data-status", "deployed")
    expect(page.locator("#changes")).to_contain_text("News")
    page.goto("/apps/order-desk/")
    expect(page.get_by_role("link", name="News")).to_be_visible()

    page.goto(f"/admin/runtime/generatedapp/{app.pk}/change/")
    page.locator("#deployments").get_by_role("button", name="Roll back").click()
    expect(page.locator("#roll-back-dialog")).to_contain_text("Deployment 1 · First one")
    page.locator("#roll-back-dialog").get_by_role("button", name="Roll back").click()
    expect(page.get_by_text("Deployment 1 is online again.")).to_be_visible()
    page.goto("/apps/order-desk/")
    expect(page.locator(".b-table")).to_contain_text("Chair")
    expect(page.get_by_role("link", name="News")).to_have_count(0)


def test_a_deployment_that_fails_names_the_page_and_leads_there(new_page, expect, desk, start_cluster):
    table, owner = desk
    app = make_deployed(table.project, name="Desk")
    DataTable.objects.filter(pk=table.pk).delete()
    start_cluster(workers=1)
    page = new_page(user=owner, viewport={"width": 1440, "height": 900})

    page.goto(f"/admin/runtime/generatedapp/{app.pk}/change/")
    deploy(page, "")
    expect(page.locator("#deployment")).to_have_attribute("data-status", "failed")
    expect(page.locator("#problems")).to_contain_text("This project has no such table")
    page.goto("/admin/")
    page.get_by_role("link", name="The deployment of “Desk” failed").click()
    page.locator("#problems").get_by_role("link", name="Orders", exact=True).first.click()

    expect(page).to_have_url(re.compile(str(Page.objects.get(slug="orders").pk)))
    assert Deployment.objects.get(number=1) == GeneratedApp.objects.get().current_deployment


def rich(table) -> GeneratedApp:
    """An application with something of everything, and long names."""
    records = Records(DataTable.objects.get(pk=table.pk))
    records.create_many([{"name": f"{'Chair ' * (number % 7 + 1)}{number}", "amount": number} for number in range(40)])
    for title in ("News", "An unusually long title of a page that somebody typed", "Stock", "People", "Reports"):
        make_page(table.project, title, icon="article")
    form = Page.objects.get(project=table.project, slug="orders-form").blocks.get()
    change_block(form, form.settings | {"can_delete": True, "then": "orders"})
    return make_deployed(table.project, name="Order desk of the whole company, all branches included")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [{"width": 1440, "height": 900}, PHONE], ids=["desk", "phone"])
def test_nothing_spills_over_and_colours_follow_the_system(new_page, desk, viewport, scheme):
    table, owner = desk
    app = rich(table)
    page = new_page(user=owner, viewport=viewport, color_scheme=scheme)

    for address in ("orders/", "orders-one-row/?row=7", "orders-form/?row=7", "news/"):
        page.goto(f"{app.address}{address}")
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, address
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        lightness = float(re.search(r"oklch\(([\d.]+)", background)[1])
        assert (lightness < 0.4) == (scheme == "dark")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_applications_are_accessible(new_page, desk, scheme):
    from axe_playwright_python.sync_playwright import Axe

    table, owner = desk
    app = rich(table)
    page = new_page(user=owner, viewport={"width": 1280, "height": 900}, color_scheme=scheme)

    for address in ("orders/", "orders-one-row/?row=7", "orders-form/?row=7", "news/"):
        page.goto(f"{app.address}{address}")
        found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]})
        assert found.violations_count == 0, f"{address}: {found.generate_report()}"


def test_everything_works_without_javascript(new_page, expect, desk):
    table, owner = desk
    app = rich(table)
    page = new_page(user=owner, viewport=PHONE, java_script_enabled=False)

    page.goto(app.address)
    page.locator("input[type=search]").fill("17")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".b-table tbody tr")).to_have_count(1)
    page.locator(".b-table tbody a").first.click()
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Name").fill("Bench")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".a-message")).to_contain_text("was saved")

    row = Records(table).find([{"field": "name", "value": "Bench"}])[0]["id"]
    page.goto(f"{app.address}orders-form/?row={row}")
    page.locator("summary", has_text="Delete").click()
    page.get_by_role("button", name="Yes, delete this row").click()
    expect(page.locator(".a-message")).to_contain_text("was deleted")

    page.locator(".a-user summary").click()
    page.get_by_role("button", name="Log out").click()
    page.goto(app.address)
    expect(page).to_have_url(re.compile("/admin/login/"))


def test_a_viewer_is_offered_nothing_to_change(new_page, expect, desk):
    table, owner = desk
    app = rich(table)
    viewer = make_user("viewer@example.com", organization=table.project.organization, role=Role.VIEWER)
    page = new_page(user=viewer, viewport=PHONE)

    page.goto(app.address)
    expect(page.get_by_role("link", name="Add")).to_have_count(0)
    page.goto(f"{app.address}orders-one-row/?row=7")
    expect(page.get_by_role("link", name="Edit")).to_have_count(0)
    page.goto(f"{app.address}orders-form/?row=7")
    expect(page.get_by_text("Your role does not allow you to change rows here.")).to_be_visible()


def test_a_deployment_goes_on_without_javascript_too(new_page, expect, desk):
    table, owner = desk
    deployment = deployments.deploy(rich(table))
    page = new_page(user=owner, viewport=PHONE, java_script_enabled=False)
    page.goto(f"/admin/runtime/deployment/{deployment.pk}/")

    deployments.build(deployment)
    page.reload()

    expect(page.locator("#log")).to_contain_text("Online at")
