"""Choosing related rows in a real browser: searched by name, with the mouse and with the keyboard."""

import re

import pytest

from nocode.studio.models import DataTable
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.services.records import Records
from tests.factories import make_organization, make_project, make_table, make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def expect(browser):
    """Playwright's assertions, which wait."""
    from playwright.sync_api import expect

    return expect


@pytest.fixture
def office():
    organization = make_organization()
    project = make_project(organization)
    customers = make_table(project, "Customers")
    long_name = "A customer whose name is as long as names of customers are only in tests " * 2
    Records(customers).create_many([{"name": name} for name in ("Ann", "Bob", "Zoé", long_name)])
    orders = make_table(project, "Orders", (NewField("Title", "text"),))
    manager = SchemaManager(project)
    manager.add_field(orders, "Customer", "relation", settings={"table": str(customers.pk), "on_delete": "restrict"})
    manager.add_field(orders, "Buyers", "relations", settings={"table": str(customers.pk)})
    return make_user(organization=organization), DataTable.objects.get(pk=orders.pk)


@pytest.mark.parametrize(
    "viewport", [{"width": 1440, "height": 900}, {"width": 390, "height": 844}], ids=["desktop", "phone"]
)
def test_rows_are_chosen_by_their_names(new_page, expect, office, viewport):
    user, orders = office
    page = new_page(user, viewport=viewport)
    page.goto(f"/admin/studio/datatable/{orders.pk}/rows/add/")

    page.get_by_label("Customer").fill("zo")
    page.get_by_role("option", name="Zoé").click()
    expect(page.locator("[data-rows-choice]").first.locator("[data-chosen]")).to_contain_text("Zoé")

    buyers = page.get_by_label("Buyers")
    buyers.fill("ann")
    expect(page.get_by_role("option", name="Ann")).to_be_visible()
    buyers.press("Enter")
    buyers.fill("bob")
    expect(page.get_by_role("option", name="Bob")).to_be_visible()
    buyers.press("ArrowDown")
    page.keyboard.press("Enter")
    chosen = page.locator("[data-rows-choice]").nth(1).locator("[data-chosen]")
    expect(chosen).to_contain_text("Ann")
    expect(chosen).to_contain_text("Bob")
    page.get_by_role("button", name="Remove Ann").click()
    expect(chosen).not_to_contain_text("Ann")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page).to_have_url(re.compile(r"/rows/$"))

    saved = Records(orders).find()[0]
    names = {row["id"]: row["name"] for row in Records(DataTable.objects.get(label="Customers")).find()}
    assert (names[saved["customer"]], [names[each] for each in saved["buyers"]]) == ("Zoé", ["Bob"])
