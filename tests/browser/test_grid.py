"""The grid in a real browser: cells, menus and the drawer by keyboard, what was typed, and the way back."""

import re
import time

import pytest

from nocode.studio.models import DataTable
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.services.records import Records
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def expect(browser):
    """Playwright's assertions, which wait."""
    from playwright.sync_api import expect

    return expect


@pytest.fixture
def table():
    project = factories.make_project(factories.make_organization(), "Sales")
    fields = (NewField("Name", "text", required=True), NewField("Pieces", "integer"), NewField("Note", "long_text"))
    table = factories.make_table(project, "Deals", fields)
    Records(table).create_many([{"name": name, "pieces": place} for place, name in enumerate(["Ann", "Bob", "Zoé"])])
    return table


@pytest.fixture
def page(new_page, table):
    page = new_page(user=factories.make_user(organization=table.project.organization))
    page.goto(f"/admin/studio/datatable/{table.pk}/rows/")
    page.wait_for_selector("td[tabindex='0']")
    return page


def cell(page, row: int, name: str):
    return page.locator(f'tr[data-id="{row}"] td[data-label="{name}"]')


def kept(table: DataTable) -> list[tuple]:
    return [(row["name"], row["pieces"]) for row in Records(table).find(order="id")]


def test_the_grid_is_one_stop_and_arrows_reach_heads_and_rows(page, expect):
    assert page.locator(".c-sheet [tabindex='0']").count() == 1
    cell(page, 3, "Name").focus()

    page.keyboard.press("ArrowUp")
    head = page.locator("th summary", has_text="Name")
    expect(head).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name="Sort ascending")).to_be_focused()
    page.keyboard.press("Escape")
    expect(head).to_be_focused()
    expect(page.get_by_role("link", name="Sort ascending")).to_be_hidden()

    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowLeft")
    expect(page.locator('tr[data-id="3"] a')).to_be_focused()
    page.keyboard.press("Space")
    expect(page.get_by_label("Select row 3")).to_be_checked()
    assert page.locator(".c-sheet [tabindex='0']").count() == 1


def test_a_menu_stays_inside_the_window(page, expect):
    page.set_viewport_size({"width": 900, "height": 600})
    page.locator("th summary", has_text="Note").click()
    box = page.locator("details.c-menu[open] .c-menu__body")

    expect(box).to_be_visible()
    at = box.bounding_box()
    assert at["x"] >= 0
    assert at["x"] + at["width"] <= 900
    assert at["y"] + at["height"] <= 600
    page.get_by_label("Search in texts").focus()
    expect(box).to_be_hidden()


def test_the_drawer_gives_the_focus_back(page, expect, table):
    link = page.locator('tr[data-id="2"] a')
    link.focus()
    page.keyboard.press("Enter")
    name = page.locator("#drawer").get_by_label("Name")
    expect(name).to_be_focused()

    page.keyboard.press("Escape")
    expect(link).to_be_focused()
    page.keyboard.press("Enter")
    expect(name).to_be_focused()
    name.fill("Bob Brown")
    page.keyboard.press("Enter")

    expect(cell(page, 2, "Name")).to_have_text("Bob Brown")
    expect(page.locator("#drawer")).to_be_hidden()
    expect(link).to_be_focused()


def test_a_comment_and_an_earlier_value_stay_in_the_drawer(page, expect, table):
    Records(table).update(2, {"name": "Robert"})
    page.locator('tr[data-id="2"] a').click()
    page.get_by_role("link", name="History and comments").click()

    page.get_by_label("Your comment").fill("Who is this?")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("#drawer .c-comment").first).to_contain_text("Who is this?")
    page.get_by_role("button", name="Go back to before this").click()
    expect(page.locator("#drawer")).to_contain_text("The row has its earlier values again.")
    page.keyboard.press("Escape")

    expect(cell(page, 2, "Name")).to_have_text("Bob")


def test_nothing_typed_is_lost(page, expect, table):
    cell(page, 1, "Pieces").focus()
    page.keyboard.type("425")
    expect(page.locator(".c-cell-form input[name=value_pieces]")).to_have_value("425")
    page.keyboard.press("Enter")
    expect(cell(page, 1, "Pieces")).to_have_text("425")

    cell(page, 2, "Pieces").dblclick()
    page.locator("input[name=value_pieces]").fill("many")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("not a number")
    expect(page.locator("input[name=value_pieces]")).to_have_value("many")
    expect(page.locator("input[name=value_pieces]")).to_be_focused()
    page.keyboard.press("Escape")

    expect(cell(page, 2, "Pieces")).to_be_focused()
    assert kept(table) == [("Ann", 425), ("Bob", 1), ("Zoé", 2)]


def test_a_click_elsewhere_saves_and_stays_there(page, expect, table):
    cell(page, 1, "Name").dblclick()
    page.locator("input[name=value_name]").fill("Anna")
    page.get_by_label("Search in texts").click()

    expect(cell(page, 1, "Name")).to_have_text("Anna")
    expect(page.get_by_label("Search in texts")).to_be_focused()
    assert kept(table)[0] == ("Anna", 0)


def test_words_are_part_of_what_follows_and_back_takes_them_away(page, expect):
    page.get_by_label("Search in texts").fill("zo")
    expect(page.locator("#grid-size")).to_have_text(re.compile("1 row"))
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("#grid-tools form input[name=q]")).to_have_value("zo")
    expect(page.locator("#grid-views form input[name=q]").first).to_have_value("zo")

    page.go_back()

    expect(page.locator("tbody tr")).to_have_count(3)
    expect(page.get_by_label("Search in texts")).to_have_value("")
    assert page.evaluate("localStorage.getItem('htmx-history-cache')") is None


def test_a_lossy_type_is_looked_at_accepted_and_made(new_page, expect, table):
    page = new_page(user=factories.make_user(organization=table.project.organization))
    page.goto(f"/admin/studio/field/{table.fields.get(label='Name').pk}/type/")

    page.get_by_label("New type").select_option("select")
    options = page.locator('[data-kind="select"] textarea')
    options.fill("Ann\nBob")
    page.get_by_role("button", name="What will change").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("1 value would be lost")
    page.get_by_role("button", name="Make these changes").click()

    expect(page).to_have_url(re.compile(r"/datatable/"))
    assert [row[0] for row in kept(DataTable.objects.get(pk=table.pk))] == ["Ann", "Bob", None]


def slow_cells(page, seconds: float) -> None:
    """Each answer of the server about a cell comes that much later."""

    def later(route):
        answer = route.fetch()
        time.sleep(seconds)
        route.fulfill(response=answer)

    page.route("**/cells/**", later)


@pytest.mark.parametrize("delay", [0, 30])
def test_keys_pressed_before_the_server_answers_are_kept(new_page, expect, table, delay):
    SchemaManager(table.project).add_field(table, "Price", "decimal")
    page = new_page(user=factories.make_user(organization=table.project.organization))
    page.goto(f"/admin/studio/datatable/{table.pk}/rows/")
    slow_cells(page, 0.3)

    cell(page, 3, "Price").focus()
    for words in ("77.25", "123.45"):  # the second goes into the row below, while the first is saved
        page.keyboard.type(words, delay=delay)
        page.keyboard.press("Enter")
    expect(cell(page, 1, "Price")).to_be_focused()
    page.keyboard.type("12", delay=delay)
    page.keyboard.press("Backspace")
    page.keyboard.type("3", delay=delay)
    page.keyboard.press("Shift+Tab")
    expect(cell(page, 1, "Note")).to_be_focused()
    cell(page, 1, "Name").focus()
    page.keyboard.type("hello world", delay=delay)
    page.keyboard.press("Tab")
    expect(cell(page, 1, "Pieces")).to_be_focused()
    cell(page, 2, "Name").focus()
    page.keyboard.type("gone", delay=delay)
    page.keyboard.press("Escape")
    expect(page.locator("td[aria-busy]")).to_have_count(0)
    expect(cell(page, 2, "Name")).to_be_focused()

    rows = Records(DataTable.objects.get(pk=table.pk)).find(order="id")
    assert [str(row["price"]) for row in rows] == ["13", "123.45", "77.25"]
    assert [row["name"] for row in rows] == ["hello world", "Bob", "Zoé"]


def test_a_server_that_fails_is_told_of_and_nothing_changes(page, expect, table):
    page.route("**/cells/**", lambda route: route.fulfill(status=503, body=""))
    cell(page, 2, "Pieces").focus()
    page.keyboard.type("77")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Nothing was saved")
    expect(cell(page, 2, "Pieces")).to_contain_text("1")
    expect(cell(page, 2, "Pieces")).to_be_focused()

    page.unroute("**/cells/**")
    page.keyboard.type("78")
    expect(page.locator("input[name=value_pieces]")).to_have_value("78")
    page.route("**/cells/**", lambda route: route.abort())
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Nothing was saved")
    expect(page.locator("input[name=value_pieces]")).to_have_value("78")
    page.keyboard.press("Escape")

    expect(cell(page, 2, "Pieces")).to_have_text("1")
    assert kept(table) == [("Ann", 0), ("Bob", 1), ("Zoé", 2)]
    assert page.problems
    page.problems.clear()


def test_the_whole_head_opens_its_menu(page, expect):
    head = page.locator('th[data-name="name"]')
    size = head.bounding_box()
    head.click(position={"x": size["width"] - 14, "y": size["height"] - 3})

    expect(page.get_by_role("link", name="Sort ascending")).to_be_visible()


def test_undo_keeps_what_the_list_shows(page, expect, table):
    batch = Records(table).update_many({"pieces": 7}, ids=[1, 2, 3]).batch
    page.goto(f"/admin/studio/datatable/{table.pk}/rows/?q=ann&sort=-pieces&undo={batch}")
    page.get_by_role("button", name="Undo").click()

    expect(page.get_by_text("3 rows are as they were.")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(1)
    assert "sort=-pieces" in page.url
    assert kept(table)[0] == ("Ann", 0)


def test_ctrl_z_takes_back_one_change_after_the_other(page, expect, table):
    for name, words in (("Pieces", "42"), ("Name", "Anna")):
        cell(page, 1, name).focus()
        page.keyboard.type(words)
        page.keyboard.press("Enter")
        expect(cell(page, 1, name)).to_have_text(words)
    assert kept(table)[0] == ("Anna", 42)

    cell(page, 1, "Name").focus()
    page.keyboard.press("Control+z")
    expect(cell(page, 1, "Name")).to_have_text("Ann")
    expect(cell(page, 1, "Name")).to_be_focused()
    expect(page.get_by_text("1 row is as it was.")).to_be_visible()
    page.keyboard.press("Control+z")

    expect(cell(page, 1, "Pieces")).to_have_text("0")
    assert kept(table)[0] == ("Ann", 0)


def test_a_colleague_is_found_after_an_at_sign(new_page, expect, table):
    user = factories.make_user(organization=table.project.organization)
    factories.make_user("mia@example.com", organization=table.project.organization, name="Mia Long")
    page = new_page(user=user)
    page.goto(f"/admin/studio/datatable/{table.pk}/rows/1/history/")

    page.get_by_label("Your comment").press_sequentially("Look, @mi")
    expect(page.get_by_role("option", name="Mia Long")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Your comment")).to_have_value("Look, @mia@example.com ")
    page.get_by_role("button", name="Add", exact=True).click()

    expect(page.locator("mark")).to_have_text("@Mia Long")
