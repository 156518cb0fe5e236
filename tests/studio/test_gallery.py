"""The templates: each can be built, computes what its rows say, and is the same when it is exported again."""

import json
from decimal import Decimal
from typing import Any

import jsonschema
import pytest

from nocode.foundation.errors import NoCodeError
from nocode.studio import gallery
from nocode.studio.fields import field_types
from nocode.studio.gallery import Template
from nocode.studio.models import DataTable, GridView, Project
from nocode.studio.services import pages
from nocode.studio.services.blocks import tree
from nocode.studio.services.records import Records
from nocode.studio.transfer.format import MANIFEST
from tests.factories import make_organization, make_plan, make_subscription
from tests.studio.transfer import SCHEMA, rows_of, structure

EACH = pytest.mark.parametrize("template", gallery.TEMPLATES, ids=lambda each: each.key)
Row = dict[str, Any]


def made(template: Template, *, with_rows: bool = True) -> Project:
    return gallery.make(template, make_organization(), "Made", with_rows=with_rows, user=None)


@EACH
@pytest.mark.django_db
def test_a_template_becomes_the_project_it_describes(template):
    project = made(template)

    written = json.loads(b"".join(template.folder.pieces(MANIFEST)))
    assert structure(project) == written | {"name": "Made", "description": str(template.summary)}
    jsonschema.validate(written, SCHEMA)


@EACH
@pytest.mark.django_db
def test_a_template_is_worth_starting_from(template):
    project = made(template)

    tables = DataTable.objects.filter(project=project)
    kinds = {field.kind for table in tables for field in table.fields.all()}
    assert 4 <= len(tables) <= 7
    assert {"relation", "lookup", "rollup", "formula", "select"} <= kinds
    counts = [Records(table).count() for table in tables]
    assert all(10 <= count <= 40 for count in counts)
    assert template.row_count == sum(counts)
    assert GridView.objects.filter(table__project=project).count() >= len(tables)
    assert pages.problems(project) == []
    assert all(tree(page) for page in project.pages.all())


@EACH
@pytest.mark.django_db
def test_every_view_and_every_row_of_a_template_can_be_read(template):
    project = made(template)

    for view in GridView.objects.filter(table__project=project).select_related("table"):
        conditions = [{key: each[key] for key in ("field", "op", "value")} for each in view.settings["conditions"]]
        assert Records(view.table).find(conditions, order=view.settings["sort"] or ["id"]), view.name
    for table in DataTable.objects.filter(project=project):
        computed = [field for field in table.fields.all() if field.type.is_computed]
        rows = Records(table).find(order="id", limit=100)
        for field in computed:
            assert any(row[field.physical_name] is not None for row in rows), field.label


@EACH
@pytest.mark.django_db
def test_a_template_without_rows_is_empty(template):
    project = made(template, with_rows=False)

    assert [Records(table).count() for table in DataTable.objects.filter(project=project)] == [0] * len(template.tables)


@EACH
def test_the_kinds_of_a_template_are_known(template):
    kinds = {field["kind"] for table in template.tables for field in table["fields"]}

    assert kinds <= {each.kind for each in field_types}


# --- what they compute, reckoned here by other means


def total(rows: list[Row], key: str, **where: Any) -> Decimal:
    """The sum of the values of a column, of the rows that have certain others."""
    return sum(
        (Decimal(str(row[key] or 0)) for row in rows if all(row[name] == value for name, value in where.items())),
        Decimal(0),
    )


@pytest.mark.django_db
def test_crm_adds_up():
    project = made(gallery.template("crm"))
    deals, companies = rows_of(project, "Deals"), rows_of(project, "Companies")
    lines, products = rows_of(project, "Quote lines"), rows_of(project, "Products")
    price = {row["id"]: Decimal(str(row["price"])) for row in products}

    for line in lines:
        asked = price[line["product"]] * line["quantity"] * (1 - Decimal(str(line["discount"])))
        assert (Decimal(str(line["price"])), Decimal(str(line["total"]))) == (price[line["product"]], round(asked, 2))
    for deal in deals:
        assert Decimal(str(deal["quoted"])) == total(lines, "total", deal=deal["id"])
        assert deal["open_amount"] == (0 if deal["stage"] in ("Won", "Lost") else deal["amount"])
        assert Decimal(str(deal["weighted"])) == round(
            Decimal(str(deal["amount"])) * Decimal(str(deal["probability"])), 2
        )
    for company in companies:
        mine = [deal for deal in deals if deal["company"] == company["id"]]
        won, running = total(mine, "won_amount"), total(mine, "open_amount")
        standing = "Key customer" if won >= 50000 else "Customer" if won else "Prospect" if running else "Cold"
        assert (company["won"], company["open_deals"], company["standing"]) == (won, running, standing)
    assert len({company["standing"] for company in companies}) >= 3


@pytest.mark.django_db
def test_inventory_adds_up():
    project = made(gallery.template("inventory"))
    products, moves = rows_of(project, "Products"), rows_of(project, "Movements")
    lines, orders = rows_of(project, "Order lines"), rows_of(project, "Purchase orders")

    for product in products:
        stock = total(moves, "quantity", product=product["id"])
        low = stock <= product["reorder_level"]
        status = "Out of stock" if stock <= 0 else "Order now" if low else "Enough"
        assert (product["in_stock"], product["status"]) == (stock, status)
        assert Decimal(str(product["stock_value"])) == round(stock * Decimal(str(product["cost"])), 2)
    for order in orders:
        assert Decimal(str(order["total"])) == sum(
            line["quantity"] * Decimal(str(line["unit_cost"]))
            for line in lines
            if line["purchase_order"] == order["id"]
        )
        assert order["name"].startswith(f"PO-{order['number']} ")
    assert {product["status"] for product in products} == {"Out of stock", "Order now", "Enough"}


@pytest.mark.django_db
def test_help_desk_adds_up():
    project = made(gallery.template("help_desk"))
    tickets, customers = rows_of(project, "Tickets"), rows_of(project, "Customers")
    messages, articles = rows_of(project, "Messages"), rows_of(project, "Articles")
    plans = {customer["id"]: customer["plan"] for customer in customers}

    for ticket in tickets:
        is_open = ticket["status"] not in ("Solved", "Closed")
        assert (ticket["is_open"], ticket["plan"]) == (int(is_open), plans[ticket["customer"]])
        assert ticket["messages"] == sum(message["ticket"] == ticket["id"] for message in messages)
        if not is_open:
            in_time = ticket["days_to_solve"] <= ticket["target"]
            assert ticket["within_target"] == ("Yes" if in_time else "No")
    for customer in customers:
        mine = [ticket for ticket in tickets if ticket["customer"] == customer["id"]]
        assert (customer["tickets"], customer["open_tickets"]) == (len(mine), total(mine, "is_open"))
    for article in articles:
        assert article["used_in"] == sum(article["id"] in (ticket["articles"] or []) for ticket in tickets)


@pytest.mark.django_db
def test_hr_adds_up():
    project = made(gallery.template("hr"))
    people, leave = rows_of(project, "Employees"), rows_of(project, "Leave")
    departments, trainings = rows_of(project, "Departments"), rows_of(project, "Trainings")
    leads = {department["id"]: department["lead"] for department in departments}
    names = {person["id"]: person["name"] for person in people}

    for person in people:
        taken = sum(
            each["days"]
            for each in leave
            if (each["employee"], each["type"], each["status"]) == (person["id"], "Holiday", "Approved")
        )
        assert (person["days_taken"], person["days_left"]) == (taken, person["days_of_holiday"] - taken)
        assert person["lead"] == names[leads[person["department"]]]
    for department in departments:
        salaries = total(people, "salary", department=department["id"])
        assert (department["salaries"], department["left_of_the_budget"]) == (salaries, department["budget"] - salaries)
    for training in trainings:
        there = sum(training["id"] in (person["trainings"] or []) for person in people)
        assert (training["participants"], training["total_cost"]) == (there, there * training["cost_per_person"])


# --- refused


@pytest.mark.django_db
def test_a_template_that_the_plan_has_no_room_for_leaves_nothing(everything):
    organization = make_organization()
    make_subscription(organization, make_plan(tables=3))
    before = everything()

    with pytest.raises(NoCodeError, match="allows 3"):
        gallery.make(gallery.template("crm"), organization, "CRM", with_rows=True, user=None)

    assert everything() == before


def test_a_template_nobody_wrote_is_refused():
    with pytest.raises(NoCodeError):
        gallery.template("../crm")
