"""Lookups, rollups and formulas: what they answer, and that they are refused before they can fail."""

import pytest

from nocode.studio.models import DataTable, Field
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.services.records import Records
from tests.factories import make_project, make_table

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def customers(project):
    return make_table(project, "Customers", (NewField("Name", "text"), NewField("Discount", "decimal")))


@pytest.fixture
def orders(project, customers):
    table = make_table(project, "Orders", (NewField("Title", "text"), NewField("Amount", "decimal")))
    return add(table, "Customer", "relation", table=str(customers.pk), on_delete="restrict").table


def add(where: DataTable, label: str, kind: str, **settings) -> Field:
    current = DataTable.objects.get(pk=where.pk)
    return SchemaManager(current.project).add_field(current, label, kind, settings=settings)


def field(table: DataTable, name: str) -> Field:
    return Field.objects.get(table=table, physical_name=name)


def rows(table: DataTable, **options) -> list[dict]:
    return Records(DataTable.objects.get(pk=table.pk)).find(order="id", **options)


def test_lookup_shows_the_field_of_the_related_row(customers, orders):
    ann = Records(customers).create({"name": "Ann", "discount": "2.5"})
    Records(orders).create_many([{"title": "a", "customer": ann["id"]}, {"title": "b"}])

    add(
        orders,
        "Discount",
        "lookup",
        relation=str(field(orders, "customer").pk),
        field=field(customers, "discount").pk.hex,
    )

    assert [row["discount"] for row in rows(orders)] == [2.5, None]
    assert [row["title"] for row in rows(orders, filters=[{"field": "discount", "op": "gt", "value": 2}])] == ["a"]


def test_rollup_counts_and_sums_the_rows_that_lead_here(customers, orders):
    ann, bob = Records(customers).create_many([{"name": "Ann"}, {"name": "Bob"}])
    Records(orders).create_many(
        [{"amount": 10, "customer": ann["id"]}, {"amount": 2.5, "customer": ann["id"]}, {"amount": 99}]
    )
    relation = f"-{field(orders, 'customer').pk}"

    add(customers, "Orders", "rollup", relation=relation, function="count")
    add(customers, "Total", "rollup", relation=relation, function="sum", field=str(field(orders, "amount").pk))

    assert [(row["orders"], row["total"]) for row in rows(customers)] == [(2, 12.5), (0, 0)]


def test_formula_is_kept_by_id_and_survives_a_rename(orders):
    Records(orders).create({"title": "a", "amount": 10})
    made = add(orders, "With tax", "formula", formula="ROUND({Amount} * 1.2, 2)")

    SchemaManager(orders.project).rename_field(field(orders, "amount"), "Net")

    assert [row["with_tax"] for row in rows(orders)] == [12]
    assert made.type.spoken(made.settings, made)["formula"] == "ROUND({Net} * 1.2, 2)"
