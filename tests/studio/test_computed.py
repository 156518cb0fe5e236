"""Lookups, rollups and formulas: what they answer, and that they are refused before they can fail."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from psycopg2 import sql

from nocode.studio import queries
from nocode.studio.errors import FieldRefused, RecordErrors
from nocode.studio.layouts import layout_of
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


def test_lookup_of_many_rows_is_their_values_as_a_text(customers, orders):
    buyers = add(orders, "Buyers", "relations", table=str(customers.pk))
    ids = [row["id"] for row in Records(customers).create_many([{"name": "Ann"}, {"name": "Bob"}])]
    Records(DataTable.objects.get(pk=orders.pk)).create({"buyers": ids})

    add(orders, "Names", "lookup", relation=str(buyers.pk), field=str(field(customers, "name").pk))
    add(customers, "Titles", "lookup", relation=f"-{buyers.pk}", field=str(field(orders, "buyers").pk))

    assert rows(orders)[0]["names"] == "Ann, Bob"
    assert rows(customers)[0]["titles"] == "Ann, Bob"


@pytest.mark.parametrize(
    ("function", "name", "expected"),
    [
        ("filled", "amount", 2),
        ("avg", "amount", 15),
        ("min", "amount", 10),
        ("max", "title", "c"),
        ("max", "day", "2026-11-23"),
        ("any", "paid", True),
        ("all", "paid", False),
        ("sum", "time_spent", 90),
        ("sum", "pieces", 7),
    ],
)
def test_rollup_figures(customers, orders, function, name, expected):
    for label, kind in [("Day", "date"), ("Paid", "boolean"), ("Time spent", "duration"), ("Pieces", "integer")]:
        add(orders, label, kind)
    ann = Records(customers).create({"name": "Ann"})["id"]
    Records(DataTable.objects.get(pk=orders.pk)).create_many(
        [
            {
                "customer": ann,
                "amount": 10,
                "title": "a",
                "day": "2026-11-22",
                "paid": True,
                "time_spent": 60,
                "pieces": 3,
            },
            {
                "customer": ann,
                "amount": 20,
                "title": "c",
                "day": "2026-11-23",
                "paid": False,
                "time_spent": 30,
                "pieces": 4,
            },
            {"customer": ann},
            {"amount": 1000, "paid": True},
        ]
    )

    relation = f"-{field(orders, 'customer').pk}"
    add(customers, "Figure", "rollup", relation=relation, function=function, field=str(field(orders, name).pk))

    assert rows(customers)[0]["figure"] == expected


@pytest.mark.parametrize(
    ("formula", "kind", "expected"),
    [
        ("{Amount} / 3", "decimal", 3.3333333333),
        ("{Title} & '!'", "text", "a!"),
        ("{Amount} > 5", "boolean", True),
        ("DATE(2026, 1, 1)", "date", "2026-01-01"),
        ("IF({created_at} < NOW(), 'old', 'new')", "text", "old"),
        ("'order ' & {id}", "text", None),
        ("{Customer} & '?'", "text", "Ann?"),
        ("POWER({Amount}, 29) * 10 ^ 2", "decimal", None),
        ("BLANK()", "text", None),
    ],
)
def test_formula_is_read_as_what_it_gives(customers, orders, formula, kind, expected):
    ann = Records(customers).create({"name": "Ann"})["id"]
    order = Records(orders).create({"amount": 10, "title": "a", "customer": ann})

    add(orders, "Result", "formula", formula=formula)

    assert layout_of(DataTable.objects.get(pk=orders.pk)).columns["result"].type.kind == kind
    assert rows(orders)[0]["result"] == (f"order {order['id']}" if "{id}" in formula else expected)


def test_formula_is_filtered_sorted_searched_and_grouped(orders):
    add(orders, "Double", "formula", formula="{Amount} * 2")
    add(orders, "Words", "formula", formula="'no. ' & {Title}")
    current = Records(DataTable.objects.get(pk=orders.pk))
    current.create_many([{"title": "a", "amount": 3}, {"title": "b", "amount": 1}, {"title": "c"}])

    assert [row["title"] for row in current.find(order="double")] == ["b", "a", "c"]
    assert [row["title"] for row in current.find(order="-double")] == ["a", "b", "c"]
    assert [row["title"] for row in current.find([{"field": "double", "op": "gte", "value": 3}])] == ["a"]
    assert [row["title"] for row in current.find([{"field": "words", "op": "contains", "value": "NO. B"}])] == ["b"]
    assert current.measure("sum", "double") == 8


def test_pages_go_on_from_a_computed_value(orders):
    add(orders, "Double", "formula", formula="{Amount} * 2 / 3")
    current = Records(DataTable.objects.get(pk=orders.pk))
    current.create_many([{"title": str(number), "amount": number % 4 or None} for number in range(12)])

    seen, after = [], None
    while True:
        page = current.page(order="-double", size=5, after=after)
        seen += [row["id"] for row in page.rows]
        after = page.next
        if after is None:
            break

    assert seen == [row["id"] for row in current.find(order="-double")]
    assert len(seen) == 12


@pytest.mark.parametrize(
    ("kind", "settings", "words"),
    [
        ("formula", {"formula": "{Amount} +"}, "character 11"),
        ("formula", {"formula": "1 + {Nothing}"}, "character 5: There is no field “Nothing”"),
        ("formula", {"formula": "{Title} * 2"}, "character 1: \\* needs a number"),
        ("formula", {"formula": "{Itself} + 1"}, "computed from itself"),
        ("formula", {"formula": "1", "decimals": 99}, "Decimals"),
        ("formula", {"formula": ""}, "Formula"),
        ("lookup", {"relation": "x", "field": "y"}, "choose a relation"),
        ("lookup", {"relation": "CUSTOMER", "field": "AMOUNT"}, "choose a field of the table at the other end"),
        ("lookup", {"relation": "AMOUNT", "field": "AMOUNT"}, "choose a relation"),
        ("lookup", {"relation": "-CUSTOMER", "field": "AMOUNT"}, "choose a relation"),
        ("rollup", {"relation": "CUSTOMER", "function": "sum", "field": "NAME"}, "makes no sense for “Name”"),
        ("rollup", {"relation": "CUSTOMER", "function": "sum"}, "choose the field"),
        ("rollup", {"relation": "CUSTOMER", "function": "pg_sleep", "field": "NAME"}, "Figure"),
    ],
)
def test_mistakes_are_refused_before_anything_is_made(customers, orders, kind, settings, words):
    ids = {"CUSTOMER": field(orders, "customer"), "AMOUNT": field(orders, "amount"), "NAME": field(customers, "name")}
    for name, each in ids.items():
        settings = {
            key: value.replace(name, str(each.pk)) if isinstance(value, str) else value
            for key, value in settings.items()
        }

    with pytest.raises(FieldRefused, match=words):
        add(orders, "Itself", kind, **settings)

    assert not Field.everything.filter(table=orders, label="Itself").exists()


def test_circles_are_refused(customers, orders):
    manager = SchemaManager(orders.project)
    first = add(orders, "First", "formula", formula="{Amount}")
    add(orders, "Second", "formula", formula="{First} + 1")
    total = add(
        customers,
        "Total",
        "rollup",
        relation=f"-{field(orders, 'customer').pk}",
        function="sum",
        field=str(field(orders, "second").pk),
    )
    third = add(orders, "Third", "lookup", relation=str(field(orders, "customer").pk), field=str(total.pk))

    with pytest.raises(FieldRefused, match="computed from itself"):
        manager.change_field(first, settings={"formula": "{Second}"})
    with pytest.raises(FieldRefused, match="computed from itself"):
        manager.change_field(first, settings={"formula": f"{{{third.pk}}} + 1"})


def test_what_grows_too_large_is_refused(orders):
    add(orders, "F0", "formula", formula="{Amount} + 1")

    add(orders, "F1", "formula", formula=" + ".join(["{F0}"] * 20))

    with pytest.raises(FieldRefused, match="too much to compute"):
        add(orders, "F2", "formula", formula=" + ".join(["{F1}"] * 80))


def test_what_is_reached_through_too_many_fields_is_refused(orders):
    for number in range(9):
        add(orders, f"F{number}", "formula", formula=f"{{F{number - 1}}} + 1" if number else "{Amount}")
    Records(DataTable.objects.get(pk=orders.pk)).create({"amount": 1})
    assert rows(orders)[0]["f8"] == 9

    with pytest.raises(FieldRefused, match="more than 10 fields"):
        add(orders, "F9", "formula", formula="{F8} + 1")


def test_field_that_others_need_takes_them_along(customers, orders):
    add(orders, "Double", "formula", formula="{Amount} * 2")
    add(orders, "Four times", "formula", formula="{Double} * 2")
    Records(DataTable.objects.get(pk=orders.pk)).create({"amount": 1})
    manager = SchemaManager(orders.project)

    manager.drop_field(field(orders, "amount"))
    assert list(layout_of(DataTable.objects.get(pk=orders.pk)).fields) == ["title", "customer"]
    manager.undo()

    assert rows(orders)[0]["four_times"] == 4


def test_type_that_a_formula_cannot_use_is_refused(orders):
    add(orders, "Double", "formula", formula="{Amount} * 2")

    with pytest.raises(FieldRefused, match="needs a number"):
        SchemaManager(orders.project).retype_field(field(orders, "amount"), "text")

    assert field(orders, "amount").kind == "decimal"


def test_a_change_in_the_other_table_is_seen_at_once(customers, orders):
    ann = Records(customers).create({"name": "Ann", "discount": 1})["id"]
    Records(orders).create({"customer": ann})
    shown = {"relation": str(field(orders, "customer").pk), "field": str(field(customers, "discount").pk)}
    add(orders, "Discount", "lookup", **shown)
    assert rows(orders)[0]["discount"] == 1

    SchemaManager(customers.project).retype_field(field(customers, "discount"), "text")

    assert rows(orders)[0]["discount"] == "1"


def test_broken_field_is_empty_and_says_why(orders):
    add(orders, "Double", "formula", formula="{Amount} * 2")
    Records(DataTable.objects.get(pk=orders.pk)).create({"amount": 1})
    Field.objects.filter(physical_name="double").update(settings={"formula": "1 +", "decimals": None})
    table = DataTable.objects.get(pk=orders.pk)
    table.save()

    layout = layout_of(table)

    assert layout.columns["double"].is_broken
    assert "character 4" in layout.problem("double")
    assert rows(orders)[0]["double"] is None


@pytest.mark.parametrize("number", [1, 30])
def test_computed_fields_cost_no_query(customers, orders, number):
    shown = {"relation": str(field(orders, "customer").pk), "field": str(field(customers, "name").pk)}
    add(orders, "Name", "lookup", **shown)
    add(orders, "Count", "rollup", relation=shown["relation"], function="count")
    ann = Records(customers).create({"name": "Ann"})["id"]
    current = Records(DataTable.objects.get(pk=orders.pk))
    current.create_many([{"customer": ann}] * number)
    current.find()  # the layout is known

    with CaptureQueriesContext(connection) as asked:
        found = current.find()

    assert sum(each["sql"].startswith("SELECT") for each in asked) == 1
    assert [(row["name"], row["count"]) for row in found] == [("Ann", 1)] * number


def test_nobody_writes_a_computed_field(orders):
    add(orders, "Double", "formula", formula="{Amount} * 2")

    with pytest.raises(RecordErrors, match="computed"):
        Records(DataTable.objects.get(pk=orders.pk)).create({"double": 3})


@pytest.mark.parametrize("order", ["-id", "title"])
def test_values_are_computed_for_the_rows_of_the_page_only(customers, orders, order):
    relation = str(field(orders, "customer").pk)
    add(orders, "Name", "lookup", relation=relation, field=str(field(customers, "name").pk))
    add(orders, "Count", "rollup", relation=relation, function="count")
    add(orders, "Words", "formula", formula="UPPER({Name}) & ROUND({Amount} / 3, 2)")
    ann = Records(customers).create({"name": "Ann"})["id"]
    table = DataTable.objects.get(pk=orders.pk)
    Records(table).create_many([{"title": str(number), "amount": number, "customer": ann} for number in range(900)])

    statement = queries.select(layout_of(table), sql.SQL("TRUE"), order=order, limit=50, labels=True)
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {}").format(statement))
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert max(int(loops) for loops in re.findall(r"loops=(\d+)", plan)) == 50, plan
