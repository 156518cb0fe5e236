"""A form of an application in a real browser: rows are searched, files go up and down, with and without scripts."""

import pytest

from nocode.studio.models import DataTable
from nocode.studio.schema.manager import NewField
from nocode.studio.services import pages
from nocode.studio.services.blocks import change_block
from nocode.studio.services.records import Records
from tests.factories import make_deployed, make_organization, make_project, make_table, make_user

pytestmark = pytest.mark.django_db(transaction=True)

SIZES = [{"width": 1280, "height": 900}, {"width": 390, "height": 844}]


@pytest.fixture
def expect(browser):
    """Playwright's assertions, which wait."""
    from playwright.sync_api import expect

    return expect


@pytest.fixture
def desk():
    """An application about orders, which lead to many customers and a few tags; its table and people."""
    organization = make_organization("Acme")
    project = make_project(organization)
    customers = make_table(project, "Customers", (NewField("Name", "text"),))
    tags = make_table(project, "Tags", (NewField("Word", "text"),))
    Records(customers).create_many([{"name": f"Customer {number}"} for number in range(40)] + [{"name": "Zoé"}])
    Records(tags).create_many([{"word": "red"}, {"word": "blue"}, {"word": "green"}])
    fields = (
        NewField("Title", "text", required=True),
        NewField("Customer", "relation", settings={"table": str(customers.pk), "on_delete": "restrict"}),
        NewField("Tags", "relations", settings={"table": str(tags.pk)}),
        NewField("Papers", "file"),
    )
    orders = make_table(project, "Orders", fields)
    listing, *_others = pages.make_pages_for(orders)
    block = listing.blocks.get()
    change_block(block, block.settings | {"fields": []})
    app = make_deployed(project, name="Order desk", slug="order-desk")
    people = {who: make_user(f"{who}@example.com", organization=organization, role=who) for who in ("owner", "editor")}
    people["editor"].is_staff = False  # works in applications only
    people["editor"].save()
    people["stranger"] = make_user("stranger@example.com", organization=make_organization("Elsewhere"), role="owner")
    return app, orders, people


def rows(orders: DataTable) -> list[dict]:
    return Records(DataTable.objects.get(pk=orders.pk)).find(order="id")


@pytest.mark.parametrize("size", SIZES, ids=["desktop", "phone"])
@pytest.mark.parametrize("who", ["owner", "editor"])
def test_a_form_is_filled_in_with_rows_and_files(new_page, expect, desk, who, size):
    app, orders, people = desk
    page = new_page(people[who], viewport=size)
    page.goto(f"{app.address}orders/")
    page.get_by_role("link", name="Add").click()

    page.get_by_label("Title").fill("A desk")
    page.get_by_label("Customer").fill("zo")
    page.get_by_role("option", name="Zoé").click()
    for tag in ("red", "green"):
        page.get_by_label("Tags").fill(tag)
        page.get_by_role("option", name=tag).click()
    page.get_by_label("Papers").set_input_files({"name": "plan.txt", "mimeType": "text/plain", "buffer": b"the plan"})
    expect(page.locator("[data-chosen]").nth(1)).to_contain_text("green")
    page.get_by_role("button", name="Add", exact=True).click()

    expect(page.get_by_text("was added")).to_be_visible()
    for text in ("Zoé", "red", "green"):
        expect(page.locator(".b-facts").get_by_text(text, exact=True)).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="plan.txt").click()
    assert download.value.path().read_bytes() == b"the plan"
    assert [(row["customer"], row["tags"]) for row in rows(orders)] == [(41, [1, 3])]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_was_chosen_is_shown_again_and_taken_away(new_page, expect, desk):
    app, orders, people = desk
    row = Records(orders).create({"title": "A desk", "customer": 41, "tags": [1, 2]})
    page = new_page(people["editor"])
    page.goto(f"{app.address}orders-form/?row={row['id']}")

    expect(page.locator("[data-chosen]").first).to_contain_text("Zoé")
    page.get_by_role("button", name="Remove red").click()
    expect(page.get_by_text("red", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_text("was saved")).to_be_visible()
    assert rows(orders)[0]["tags"] == [2]


def test_the_form_works_without_scripts(new_page, expect, desk):
    app, orders, people = desk
    page = new_page(people["editor"], java_script_enabled=False)
    page.goto(f"{app.address}orders-form/")

    page.get_by_label("Title").fill("A desk")
    page.get_by_label("Tags").select_option(["red", "blue"])
    page.get_by_label("Customer").fill("41")
    page.get_by_role("button", name="Add").click()

    expect(page.get_by_text("was added")).to_be_visible()
    assert [(row["customer"], row["tags"]) for row in rows(orders)] == [(41, [1, 2])]


def test_a_stranger_finds_neither_the_form_nor_its_rows(new_page, expect, desk):
    app, orders, people = desk
    page = new_page(people["editor"])
    page.goto(f"{app.address}orders-form/")
    choices = page.locator("[data-rows-choice]").first.get_attribute("data-rows-choice")

    stranger = new_page(people["stranger"])
    answers = [stranger.request.get(path) for path in (f"{app.address}orders-form/", choices)]

    assert [answer.status for answer in answers] == [404, 404]
    assert "Zoé" not in answers[1].text()
