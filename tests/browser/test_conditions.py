"""Conditions of the grid in a real browser: for each type of field, by keyboard, and without JavaScript."""

import re
from datetime import date

import pytest

from nocode.studio.models import DataTable
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.services.records import Records
from tests.factories import make_organization, make_project, make_table, make_user

pytestmark = pytest.mark.django_db(transaction=True)

FIELDS = (
    NewField("Title", "text", required=True),
    NewField("Pieces", "integer"),
    NewField("Price", "currency", settings={"currency": "EUR"}),
    NewField("Share", "percent"),
    NewField("Paid", "boolean"),
    NewField("Due", "date"),
    NewField("Stage", "select", settings={"options": ["New", "Won"]}),
    NewField("Tags", "multi_select", settings={"options": ["red", "green"]}),
    NewField("Owner", "user"),
    NewField("Notes", "long_text"),
    NewField("Hours", "duration"),
    NewField("Proof", "file"),
)
# The column, the comparison, what is entered, and what the condition says then; each finds the row “First” alone.
FILLED = [
    ("Title", "contains", "irs", "Title contains “irs”"),
    ("Pieces", "gte", "5", "Pieces is at least “5”"),
    ("Price", "eq", "9.50", "Price is “€9.50”"),
    ("Due", "eq", "2026-03-01", None),
    ("Notes", "eq", "long", "Notes is “long”"),
]
CHOSEN = [
    ("Paid", "eq", "Yes", "Paid is “Yes”"),
    ("Stage", "eq", "Won", "Stage is “Won”"),
    ("Tags", "contains", "red", "Tags contains “red”"),
    ("Owner", "eq", "Ada", "Owner is “Ada”"),
]


def press_to(page, select: str, label: str) -> None:
    """Go down to an option by arrow keys, each of which asks the server for what follows."""
    while page.locator(f"{select}:focus").evaluate("each => each.selectedOptions[0].text") != label:
        with page.expect_response(lambda answer: "/condition/" in answer.url):
            page.keyboard.press("ArrowDown")


@pytest.fixture
def expect(browser):
    """Playwright's assertions, which wait."""
    from playwright.sync_api import expect

    return expect


@pytest.fixture
def office():
    organization = make_organization()
    user = make_user(organization=organization, name="Ada")
    project = make_project(organization)
    customers = make_table(project, "Customers")
    zoe = Records(customers).create({"name": "Zoé"})["id"]
    orders = make_table(project, "Orders", FIELDS)
    SchemaManager(project).add_field(orders, "Customer", "relation", settings={"table": str(customers.pk)})
    orders = DataTable.objects.get(pk=orders.pk)
    first = {"title": "First", "pieces": 5, "price": "9.5", "share": "0.5", "paid": True, "due": date(2026, 3, 1)}
    first |= {"stage": "Won", "tags": ["red"], "owner": user.pk, "notes": "long", "hours": 60, "customer": zoe}
    Records(orders).create_many([first, {"title": "Second", "pieces": 1, "paid": False, "tags": ["green"]}])
    return user, orders


def rows_url(table: DataTable) -> str:
    return f"/admin/studio/datatable/{table.pk}/rows/"


def opened(page):
    """The form of a further condition."""
    page.locator("summary", has_text="Add a condition").click()
    return page.locator("details[open] form").filter(has=page.locator("select[name=f]"))


def pick(form, field: str, comparison: str):
    """Choose the column and the comparison; the input follows each of them."""
    choose(form, "f", label=field)
    choose(form, "op", value=comparison)


def choose(form, name: str, **option: str) -> None:
    """Choose an option, unless it is chosen, and wait for what follows."""
    select = form.locator(f"select[name={name}]")
    chosen = select.evaluate("(it) => ({value: it.value, label: it.selectedOptions[0].label})")
    if chosen | option != chosen:
        with form.page.expect_response(lambda answer: "/condition/" in answer.url) as answer:
            select.select_option(**option)
        answer.value.finished()
        form.page.wait_for_function("!document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling')")


def shown(page, expect, words: str | None, title: str = "First") -> None:
    expect(page.locator(".c-sheet tbody tr")).to_have_count(1)
    expect(page.locator(".c-sheet tbody")).to_contain_text(title)
    if words:
        expect(page.locator(".c-condition").first).to_contain_text(words)


@pytest.mark.parametrize("width", [1440, 390])
def test_every_type_of_field_gets_an_input_that_fits(new_page, expect, office, width):
    user, orders = office
    page = new_page(user, viewport={"width": width, "height": 900})

    for field, comparison, entered, words in [*FILLED, *CHOSEN]:
        page.goto(rows_url(orders))
        form = opened(page)
        pick(form, field, comparison)
        value = form.locator(".c-condition-value [name=v]")
        if (field, comparison, entered, words) in CHOSEN:
            value.select_option(label=entered)
        else:
            value.fill(entered)
        form.get_by_role("button", name="Show").click()
        shown(page, expect, words)


def test_a_row_of_another_table_is_chosen_by_its_name(new_page, expect, office):
    user, orders = office
    page = new_page(user)
    page.goto(rows_url(orders))

    form = opened(page)
    pick(form, "Customer", "eq")
    form.get_by_role("combobox", name="Value").fill("zo")
    page.get_by_role("option", name="Zoé").click()
    form.get_by_role("button", name="Show").click()

    shown(page, expect, "Customer is “Zoé”")


def test_emptiness_needs_no_value(new_page, expect, office):
    user, orders = office
    page = new_page(user)
    for field in ("Customer", "Hours", "Proof"):
        page.goto(rows_url(orders))
        form = opened(page)
        pick(form, field, "is_empty")
        expect(form.locator("input[name=v]")).to_be_hidden()
        form.get_by_role("button", name="Show").click()
        expect(page.locator(".c-condition").first).to_contain_text(f"{field} is empty")
        expect(page.locator(".c-sheet tbody")).to_contain_text("Second")


def test_a_condition_is_added_with_the_keyboard_alone(new_page, expect, office):
    user, orders = office
    page = new_page(user)
    page.goto(rows_url(orders))

    page.locator("summary", has_text="Add a condition").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("select[name=f]:focus")).to_have_count(1)
    press_to(page, "select[name=f]", "Pieces")
    expect(page.locator("details[open] select[name=op]")).to_contain_text("at least")
    expect(page.locator("select[name=f]:focus")).to_have_count(1)  # what follows is drawn anew, not what has the focus
    page.keyboard.press("Tab")
    press_to(page, "select[name=op]", "is at least")
    expect(page.locator("select[name=op]:focus")).to_have_count(1)
    page.keyboard.press("Tab")
    page.keyboard.type("5")
    page.keyboard.press("Enter")

    shown(page, expect, "Pieces is at least “5”")


def test_a_condition_is_added_without_javascript(new_page, expect, office):
    user, orders = office
    page = new_page(user, java_script_enabled=False)
    page.goto(rows_url(orders))

    form = opened(page)
    form.locator(".c-condition-value [name=v]").fill("irs")
    form.get_by_role("button", name="Show").click()
    shown(page, expect, "Title contains “irs”")

    form = opened(page)
    form.locator("select[name=f]").select_option(label="Stage")
    form.locator("select[name=op]").select_option("eq")
    form.locator(".c-condition-value [name=v]").fill("Won")
    form.get_by_role("button", name="Show").click()

    shown(page, expect, "Title contains “irs”")
    expect(page.locator(".c-condition").nth(1)).to_contain_text("Stage is “Won”")


def test_alternatives_are_added_to_the_condition_they_belong_to(new_page, expect, office):
    user, orders = office
    page = new_page(user)
    page.goto(f"{rows_url(orders)}?f=title&op=eq&v=First&g=0")

    page.locator("summary", has_text=re.compile("^or$")).click()
    form = page.locator("details[open] form").filter(has=page.locator("select[name=f]"))
    form.locator(".c-condition-value [name=v]").fill("Second")
    choose(form, "op", value="eq")  # what was typed before stays
    form.get_by_role("button", name="Show").click()

    expect(page.locator(".c-condition")).to_have_count(2)
    expect(page.locator(".c-sheet tbody tr")).to_have_count(2)
