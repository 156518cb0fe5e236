"""The lines of fields on the page of a table, in a real browser: lists follow the project, nothing is cut."""

import pytest

from nocode.studio.schema.manager import NewField
from tests.factories import make_organization, make_project, make_table, make_user

pytestmark = pytest.mark.django_db(transaction=True)

LISTS = 'select[name="fields-0-settings-relation-table"]'


@pytest.fixture
def office():
    organization = make_organization()
    fields = (NewField("Name of the customer", "text"), NewField("Closed", "date"), NewField("Worth", "decimal"))
    table = make_table(make_project(organization, "Sales"), "Customers", fields)
    stock = make_table(make_project(organization, "Stock"), "Products")
    return make_user(organization=organization), table, stock


def test_the_tables_to_lead_to_follow_the_project(new_page, office):
    from playwright.sync_api import expect

    user, table, stock = office
    page = new_page(user)
    page.goto(f"/admin/studio/datatable/add/?project={table.project_id}")
    page.locator("#id_fields-0-label").fill("Product")
    page.locator("#id_fields-0-kind").select_option("relation")
    expect(page.locator(LISTS).locator("option")).to_have_text(["—", "Customers"])

    page.locator("#id_project").select_option(str(stock.project_id))

    expect(page.locator(LISTS).locator("option")).to_have_text(["—", "Products"])
    expect(page.locator("#id_fields-0-label")).to_have_value("Product")
    page.locator(LISTS).select_option("Products")


@pytest.mark.parametrize("width", [1280, 1024])
def test_a_field_can_be_thrown_away_without_scrolling(new_page, office, width):
    user, table, _stock = office
    page = new_page(user, viewport={"width": width, "height": 900})
    page.goto(f"/admin/studio/datatable/{table.pk}/change/")
    page.locator("#fields-data").wait_for()

    room = page.locator("#fields-group .formset-wrapper").evaluate("e => e.clientWidth")
    assert page.locator("#fields-data").evaluate("e => e.scrollWidth") <= room + 1
