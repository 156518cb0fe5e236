"""What a save of structure would do, in a real browser: looked at, edited on, agreed to."""

import re

import pytest

from nocode.studio.models import DataTable
from nocode.studio.schema.manager import NewField
from nocode.studio.services.records import Records
from tests.factories import make_organization, make_project, make_table, make_user

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_change_is_looked_at_edited_and_agreed_to(new_page):
    from playwright.sync_api import expect

    organization = make_organization()
    table = make_table(make_project(organization), "Deals", (NewField("Name", "text"), NewField("Amount", "integer")))
    Records(table).create_many([{"name": "Ann", "amount": 5}, {"name": "Bob"}])
    page = new_page(make_user(organization=organization))
    page.goto(f"/admin/studio/datatable/{table.pk}/change/")
    dialog = page.get_by_role("dialog", name="What will change")

    page.locator("#id_fields-1-required").check()
    page.get_by_role("button", name="What will change").click()
    expect(dialog).to_contain_text("1 row has no value")
    expect(dialog.get_by_role("button", name="Make these changes")).to_have_count(0)
    dialog.get_by_role("button", name="Go on editing").click()
    expect(dialog).to_be_hidden()

    page.locator("#id_fields-1-required").uncheck()
    page.locator("#id_fields-0-label").fill("Person")
    page.locator("[name=fields-1-DELETE]").dispatch_event("click")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(dialog).to_contain_text("“Name” is called “Person” from now on.")
    expect(dialog).to_contain_text("1 value of “Amount” goes to the trash with it.")
    dialog.get_by_text("SQL and locks").click()
    expect(dialog).to_contain_text("RENAME COLUMN")
    page.keyboard.press("Escape")
    expect(page.locator("#id_fields-0-label")).to_have_value("Person")
    page.get_by_role("button", name="Save", exact=True).click()
    dialog.get_by_role("button", name="Make these changes").click()

    expect(page).to_have_url(re.compile(r"/change/$"))
    expect(page.get_by_text("“Amount” is in the trash.")).to_be_visible()
    assert [field.label for field in DataTable.objects.get(pk=table.pk).fields.all()] == ["Person"]
