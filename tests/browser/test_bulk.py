"""All rows that match, in a real browser: offered with a whole page, counted, changed, deleted after a question."""

import re

import pytest

from nocode.studio.schema.manager import NewField
from nocode.studio.services.records import Records
from tests.factories import make_organization, make_project, make_table, make_user

pytestmark = pytest.mark.django_db(transaction=True)

FIELDS = (NewField("Name", "text"), NewField("Stage", "select", settings={"options": ["New", "Won"]}))


@pytest.fixture
def expect(browser):
    """Playwright's assertions, which wait."""
    from playwright.sync_api import expect

    return expect


@pytest.fixture
def office():
    organization = make_organization()
    deals = make_table(make_project(organization), "Deals", FIELDS)
    Records(deals).create_many([{"name": f"Deal {n}", "stage": "Won" if n % 4 == 0 else "New"} for n in range(80)])
    return make_user(organization=organization), deals


def won(table) -> int:
    return Records(table).count([{"field": "stage", "op": "eq", "value": "Won"}])


@pytest.mark.parametrize("width", [1440, 390])
def test_all_rows_that_match_are_selected_changed_and_deleted(new_page, expect, office, width):
    user, deals = office
    page = new_page(user, viewport={"width": width, "height": 900})
    page.goto(f"/admin/studio/datatable/{deals.pk}/rows/?f=stage&op=eq&v=New&g=0")
    bar = page.locator("#bulk")

    if width == 390:  # the head of the list, with the box for all of them, is not shown there
        page.locator("[name=row]").first.check()
        expect(bar).to_contain_text("1 row selected")
        bar.get_by_role("button", name="Select the whole page").click()
    else:
        page.get_by_label("Select all rows of this page").check()
    expect(bar).to_contain_text("50 rows selected")
    bar.get_by_role("button", name="Select all 60 rows that match").click()
    expect(bar).to_contain_text("All 60 rows that match are selected")
    expect(bar.locator("output")).to_be_hidden()
    bar.get_by_role("button", name="Only those of this page").click()
    expect(bar).to_contain_text("50 rows selected")
    page.locator("[name=row]").first.uncheck()
    expect(bar).not_to_contain_text("Select all")
    page.locator("[name=row]").first.check()
    bar.get_by_role("button", name="Select all 60 rows that match").click()

    bar.locator("select[name=field]").select_option(label="Stage")
    bar.locator("select[name=value_stage]").select_option("Won")
    bar.get_by_role("button", name="Change").click()
    expect(page.get_by_text("60 rows were changed.")).to_be_visible()
    assert won(deals) == 80
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("60 rows are as they were.")).to_be_visible()
    assert won(deals) == 20


def test_a_deletion_of_all_that_match_tells_their_number_first(new_page, expect, office):
    user, deals = office
    page = new_page(user)
    page.goto(f"/admin/studio/datatable/{deals.pk}/rows/")

    page.get_by_label("Select all rows of this page").check()
    page.get_by_role("button", name="Select all 80 rows of the table").click()
    page.locator("#bulk").get_by_role("button", name="Delete").click()
    expect(page).to_have_url(re.compile("/bulk/delete/"))
    assert Records(deals).count() == 80
    page.get_by_role("button", name="Delete 80 rows").click()

    expect(page.get_by_text("80 rows were deleted.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("80 rows are as they were.")).to_be_visible()
    assert Records(deals).count() == 80
