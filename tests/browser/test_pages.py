"""Making pages in a real browser: from a table to a page people can use, with mouse, keyboard and on a phone."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from nocode.studio.models import Block
from nocode.studio.schema.manager import NewField
from nocode.studio.services import blocks
from nocode.studio.services.records import Records
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

AXE = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"],
    "rules": {"target-size": {"enabled": False}},
}
EVERY_KIND = (
    NewField("Customer", "text", required=True),
    NewField("Notes", "long_text"),
    NewField("Pieces", "integer"),
    NewField("Amount", "decimal"),
    NewField("Paid", "boolean"),
    NewField("Day", "date"),
    NewField("Moment", "datetime"),
    NewField("State", "select", settings={"options": ["open", "done"]}),
    NewField("Mail", "email"),
    NewField("Data", "json"),
)


@pytest.fixture
def organization():
    return factories.make_organization("Acme")


@pytest.fixture
def person(organization):
    return factories.make_user("ada@example.com", organization=organization)


@pytest.fixture
def table(organization):
    table = factories.make_table(factories.make_project(organization, "Shop"), "Orders", EVERY_KIND)
    Records(table).create({"customer": "Grace", "amount": "12.5", "state": "open", "day": "2026-11-23"})
    return table


def test_from_a_table_to_a_page_that_says_what_one_wants(new_page, person, table):
    page = new_page(user=person)
    page.goto(f"/admin/studio/project/{table.project_id}/change/")
    page.get_by_role("button", name="Make list, row and form").click()
    page.wait_for_selector("#preview >> text=Grace")

    page.evaluate("window.neverReloaded = true")
    page.get_by_role("link", name="Add a block").click()
    page.get_by_role("button", name="A title above what follows.").click()
    words = page.get_by_label("Words")
    words.fill("All our orders")
    page.wait_for_selector("#preview h2:text-is('All our orders')")
    assert Block.objects.get(kind="text.heading").settings["text"] == "A heading"

    page.get_by_role("button", name="Save").click()
    page.wait_for_selector("text=The block was saved.")
    page.get_by_role("link", name="All blocks").click()
    page.get_by_role("button", name="Move Heading up").press("Enter")
    page.wait_for_selector(".c-outline > li:first-child >> text=All our orders")

    assert page.evaluate("window.neverReloaded")
    assert Block.objects.get(kind="text.heading").settings["text"] == "All our orders"
    preview = page.locator("#preview").inner_text()
    assert preview.index("All our orders") < preview.index("Grace")


def test_back_leads_from_a_block_to_all_blocks(new_page, person, table):
    start = factories.make_page(table.project, "Start")
    blocks.add_block(start, "text.paragraph", {"text": "Some words."})
    page = new_page(user=person)
    page.goto(f"/admin/studio/page/{start.pk}/")
    page.locator("#preview >> text=Some words.").click()
    page.wait_for_selector("#block-form")

    page.go_back()

    page.wait_for_selector("#outline-title")
    assert page.locator("#block-form").count() == 0


def test_a_click_in_the_preview_opens_the_block(new_page, person, table):
    start = factories.make_page(table.project, "Start")
    blocks.add_block(start, "text.paragraph", {"text": "See [elsewhere](https://example.com)."})
    page = new_page(user=person)
    page.goto(f"/admin/studio/page/{start.pk}/")

    page.get_by_role("link", name="elsewhere", exact=True).click()

    page.wait_for_selector("#block-form textarea")
    assert "example.com" not in page.url
    assert page.locator("#preview .is-selected").count() == 1


def test_another_table_brings_its_fields(new_page, person, table):
    factories.make_table(table.project, "Clients", (NewField("City", "text"),))
    start = factories.make_page(table.project, "Start")
    listing = blocks.add_block(start, "data.list", {"table": str(table.pk)})
    page = new_page(user=person)
    page.goto(f"/admin/studio/page/{start.pk}/?block={listing.pk}")
    assert page.locator("#block-form label:has-text('Customer')").count() > 0

    page.locator("#block-form select[name=table]").select_option(label="Clients")

    page.wait_for_selector("#block-form label:has-text('City')")
    assert page.locator("#block-form label:has-text('Customer')").count() == 0


def test_blocks_are_dragged_into_columns(new_page, person, table):
    start = factories.make_page(table.project, "Start")
    blocks.add_block(start, "layout.columns")
    blocks.add_block(start, "text.heading", {"text": "Drag me"})
    page = new_page(user=person)
    page.goto(f"/admin/studio/page/{start.pk}/")

    page.drag_and_drop("[data-entry]:has-text('Drag me'):not(:has([data-entry]))", ".c-outline__slot:nth-of-type(3)")

    page.wait_for_selector(".c-outline__slot >> text=Drag me")
    [columns] = blocks.tree(start)
    assert [len(slot) for slot in columns["slots"]] in ([1, 0], [0, 1])


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_the_designer_fits_and_is_accessible(new_page, person, table, width, color_scheme):
    start = factories.make_page(table.project, "Start")
    for kind in (
        "text.heading",
        "text.paragraph",
        "layout.columns",
        "data.stat",
        "data.list",
        "data.detail",
        "data.form",
    ):
        last = blocks.add_block(start, kind)
    page = new_page(user=person, viewport={"width": width, "height": 900}, color_scheme=color_scheme)

    for query in ("", f"?block={last.pk}", "?add=:0"):
        page.goto(f"/admin/studio/page/{start.pk}/{query}")
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
        found = Axe().run(page, options=AXE).response["violations"]
        assert [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in found] == []


def test_every_type_of_field_is_made_filled_and_dropped(new_page, person, organization):
    table = factories.make_table(factories.make_project(organization, "Shop"), "Things", ())
    page = new_page(user=person)
    kinds = [field.kind for field in EVERY_KIND]
    for number, kind in enumerate(kinds):
        page.goto(f"/admin/studio/datatable/{table.pk}/change/")
        page.get_by_role("link", name="Add another field").click()
        page.locator(f"[name=fields-{number}-label]").fill(f"A {kind}")
        page.locator(f"[name=fields-{number}-kind]").select_option(kind)
        if kind == "select":
            page.locator(f"[name=fields-{number}-settings-select-options]").fill("open\ndone")
        page.get_by_role("button", name="Save", exact=True).click()
        page.wait_for_load_state("load")
    assert [field.kind for field in table.fields.order_by("position")] == kinds

    page.goto(f"/admin/studio/datatable/{table.pk}/rows/add/")
    typed = {
        "a_text": "Ada",
        "a_long_text": "two\nlines",
        "a_integer": "7",
        "a_decimal": "1.50",
        "a_date": "2026-11-23",
    }
    typed |= {"a_datetime": "2026-11-23T10:00:00", "a_email": "ada@example.com", "a_json": '{"a": 1}'}
    for name, value in typed.items():
        page.locator(f"[name=value_{name}]").fill(value)
    page.locator("[name=value_a_boolean]").select_option("true")
    page.locator("[name=value_a_select]").select_option("done")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_selector("text=Row 1 was added.")
    row = Records(table.__class__.objects.get(pk=table.pk)).get(1)
    assert (row["a_decimal"], row["a_boolean"], row["a_select"], row["a_json"]) == (1.5, True, "done", {"a": 1})

    page.goto(f"/admin/studio/datatable/{table.pk}/change/")
    page.locator("[name=fields-0-label]").fill("Renamed")
    page.locator("[name=fields-1-DELETE]").dispatch_event("click")
    page.get_by_role("button", name="Save", exact=True).click()
    with page.expect_navigation():
        page.get_by_role("button", name="Make these changes").click()
    assert list(table.fields.order_by("position").values_list("label", flat=True)[:2]) == ["Renamed", "A integer"]


def test_a_condition_narrows_the_rows(new_page, person, table):
    Records(table).create({"customer": "Linus", "state": "done"})
    page = new_page(user=person)
    page.goto(f"/admin/studio/datatable/{table.pk}/rows/")

    page.get_by_text("Add a condition").click()
    page.get_by_label("Field", exact=True).select_option(label="State")
    page.wait_for_selector("select[name=v]")
    page.locator("select[name=v]").select_option("done")
    page.get_by_role("button", name="Show").click()

    page.wait_for_selector(".c-condition >> text=State is “done”")
    assert page.locator("tbody tr").count() == 1
    assert "Linus" in page.locator("tbody").inner_text()


def test_a_refused_save_leads_to_the_first_mistake(new_page, person, table):
    start = factories.make_page(table.project, "Start")
    listing = blocks.add_block(start, "data.list", {"table": str(table.pk)})
    page = new_page(user=person, viewport={"width": 1280, "height": 420})
    page.goto(f"/admin/studio/page/{start.pk}/?block={listing.pk}")
    size = page.locator("#block-form input[name=page_size]")
    size.fill("999")

    page.get_by_role("button", name="Save").click()

    page.wait_for_selector("#block-form .has-errors")
    page.wait_for_function("document.activeElement.name === 'page_size'")
    assert page.locator("#block-form .has-errors .c-form-field__errors").evaluate(
        "e => { const at = e.getBoundingClientRect(); return at.top >= 0 && at.bottom <= innerHeight }"
    )


def test_what_was_made_is_told_once(new_page, person, table):
    page = new_page(user=person)
    page.goto(f"/admin/studio/project/{table.project_id}/change/")

    page.get_by_role("button", name="Make list, row and form").click()

    page.wait_for_selector("#preview >> text=Grace")
    assert page.get_by_text("has a list, a page for one row and a form now.").count() == 1


def test_a_description_is_as_high_as_what_is_in_it(new_page, person, table):
    page = new_page(user=person, viewport={"width": 1280, "height": 900})
    page.goto(f"/admin/studio/project/{table.project_id}/change/")
    box = page.locator("textarea[name=description]")
    lines = "e => e.clientHeight / parseFloat(getComputedStyle(e).lineHeight)"
    assert box.evaluate(lines) < 4.5

    box.fill("\n".join(["One more line"] * 9))

    assert 9 <= box.evaluate(lines) < 12
