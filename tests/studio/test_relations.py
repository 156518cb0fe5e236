"""Relations: real foreign keys, labels, the way back, and what happens when a row or a table goes."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from psycopg2 import sql

from nocode.foundation.models import Role
from nocode.studio.errors import FieldRefused, NoCodeError, RecordErrors
from nocode.studio.layouts import layout_of
from nocode.studio.models import DataTable, Field
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.services.records import Records
from tests.factories import make_organization, make_project, make_table, make_user
from tests.studio.importing import import_file, mistakes

pytestmark = pytest.mark.django_db


@pytest.fixture
def organization():
    return make_organization()


@pytest.fixture
def customers(organization):
    return make_table(make_project(organization), "Customers")


@pytest.fixture
def orders(customers):
    return make_table(customers.project, "Orders", (NewField("Title", "text"),))


def relate(where: DataTable, label: str, to: DataTable, kind: str = "relation", **options) -> Field:
    settings = {"table": str(to.pk)} | (
        {"on_delete": options.pop("on_delete", "restrict")} if kind == "relation" else {}
    )
    return SchemaManager(where.project).add_field(fresh(where), label, kind, settings=settings, **options)


def fresh(table: DataTable) -> DataTable:
    return DataTable.objects.select_related("project").get(pk=table.pk)


def records(table: DataTable) -> Records:
    return Records(fresh(table))


def constraints(table: DataTable) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'f' AND conrelid = %s::regclass",
            [f'"{table.project.schema_name}"."{table.physical_name}"'],
        )
        return [definition for (definition,) in cursor.fetchall()]


def test_relation_is_a_foreign_key_with_an_index(customers, orders):
    field = relate(orders, "Customer", customers, on_delete="cascade")

    assert [each.split(" REFERENCES")[0] for each in constraints(orders)] == ["FOREIGN KEY (customer)"]
    assert "ON DELETE CASCADE" in constraints(orders)[0]
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = %s", [f"fk_{field.pk.hex}"])
        assert "(customer)" in cursor.fetchone()[0]


def test_row_that_is_not_there_is_refused_in_words(customers, orders):
    relate(orders, "Customer", customers)
    relate(orders, "Others", customers, "relations")

    with pytest.raises(RecordErrors) as one:
        records(orders).create({"customer": 99})
    with pytest.raises(RecordErrors) as many:
        records(orders).create({"others": [99]})
    with pytest.raises(RecordErrors) as nonsense:
        records(orders).create({"customer": "Ann"})

    assert one.value.errors == {"customer": "Customer: there is no such row any more; choose another one."}
    assert many.value.errors == {"others": "Others: there is no such row any more; choose another one."}
    assert list(nonsense.value.errors) == ["customer"]


def test_row_in_use_cannot_be_deleted(customers, orders):
    relate(orders, "Customer", customers)
    ann = records(customers).create({"name": "Ann"})
    records(orders).create({"customer": ann["id"]})

    with pytest.raises(NoCodeError, match="Rows of “Orders” still point to it"):
        records(customers).delete(ann["id"])


@pytest.mark.parametrize(("on_delete", "left"), [("cascade", []), ("set_null", [None])])
def test_deleting_follows_the_choice(customers, orders, on_delete, left):
    relate(orders, "Customer", customers, on_delete=on_delete)
    ann = records(customers).create({"name": "Ann"})
    records(orders).create({"customer": ann["id"]})

    records(customers).delete(ann["id"])

    assert [row["customer"] for row in records(orders).find()] == left


def test_choice_about_deleting_is_changed_and_undone(customers, orders):
    field = relate(orders, "Customer", customers)
    manager = SchemaManager(orders.project)

    manager.change_field(field, settings=field.settings | {"on_delete": "set_null"})
    assert "ON DELETE SET NULL" in constraints(orders)[0]
    manager.undo()

    assert "ON DELETE" not in constraints(orders)[0]


def test_unique_relation_is_one_to_one(customers, orders):
    relate(orders, "Customer", customers, unique=True)
    ann = records(customers).create({"name": "Ann"})
    records(orders).create({"customer": ann["id"]})

    with pytest.raises(RecordErrors, match="must be unique"):
        records(orders).create({"customer": ann["id"]})


def test_writing_many_replaces_the_links(customers, orders):
    relate(orders, "Buyers", customers, "relations")
    ann, bob, eve = (row["id"] for row in records(customers).create_many([{"name": name} for name in ("A", "B", "C")]))
    order = records(orders).create({"buyers": [bob, ann]})

    assert order["buyers"] == [ann, bob]
    assert records(orders).update(order["id"], {"buyers": f"{bob}, {eve}"})["buyers"] == [bob, eve]
    assert records(orders).update(order["id"], {"title": "x"})["buyers"] == [bob, eve]
    assert records(orders).update(order["id"], {"buyers": []})["buyers"] is None


def test_links_go_with_their_rows(customers, orders):
    relate(orders, "Buyers", customers, "relations")
    ann = records(customers).create({"name": "Ann"})
    order = records(orders).create({"buyers": [ann["id"]]})

    records(customers).delete(ann["id"])

    assert records(orders).get(order["id"])["buyers"] is None


def labels(table: DataTable) -> list[tuple]:
    """What people read instead of the values of the columns with labels, row by row."""
    layout = layout_of(fresh(table))
    shown = [column for column in layout.columns.values() if column.label_sql is not None]
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("SELECT {} FROM {} AS t ORDER BY id").format(
                sql.SQL(", ").join(part for column in shown for part in (column.label_sql, column.text)),
                layout.target,
            )
        )
        return cursor.fetchall()


def test_labels_are_the_names_of_the_rows(customers, orders):
    relate(orders, "Customer", customers)
    relate(orders, "Buyers", customers, "relations")
    ann, nobody = (row["id"] for row in records(customers).create_many([{"name": "Ann"}, {}]))
    records(orders).create_many([{"customer": ann, "buyers": [ann, nobody]}, {"customer": nobody}, {}])

    assert labels(orders) == [
        ("Ann", "Ann", f'["Ann", "#{nobody}"]', f"Ann, #{nobody}"),
        (f"#{nobody}", f"#{nobody}", None, None),
        (None, None, None, None),
    ]


def test_labels_follow_the_field_that_names_a_row(customers, orders):
    relate(orders, "Customer", customers)
    SchemaManager(customers.project).add_field(fresh(customers), "Number", "integer")
    ann = records(customers).create({"name": "Ann", "number": 7})
    records(orders).create({"customer": ann["id"]})
    assert labels(orders)[0][0] == "Ann"

    SchemaManager(customers.project).change_table(fresh(customers), display_name="number")

    assert labels(orders)[0][0] == "7"


def test_tables_that_name_each_other_end_with_numbers(customers, orders):
    manager = SchemaManager(customers.project)
    there = relate(orders, "Customer", customers, on_delete="set_null")
    back = relate(customers, "Latest", orders, on_delete="set_null")
    manager.change_table(fresh(orders), display_name=there.physical_name)
    manager.change_table(fresh(customers), display_name=back.physical_name)
    ann = records(customers).create({"name": "Ann"})
    order = records(orders).create({"customer": ann["id"]})
    records(customers).update(ann["id"], {"latest": order["id"]})

    assert labels(orders) == [(f"#{ann['id']}",) * 2]


def test_a_table_leads_to_itself(customers):
    field = relate(customers, "Boss", customers, on_delete="set_null")
    boss = records(customers).create({"name": "Ann"})
    records(customers).create({"name": "Bob", "boss": boss["id"]})

    assert labels(customers) == [(None, None), ("Ann", "Ann")]
    assert [each.pk for each in layout_of(fresh(customers)).reverse()] == [field.pk]


def test_the_way_back_is_known(customers, orders):
    field = relate(orders, "Customer", customers)

    assert [(each.pk, each.table.label) for each in layout_of(fresh(customers)).reverse()] == [(field.pk, "Orders")]
    assert layout_of(fresh(orders)).reverse() == []


def test_relations_stay_inside_the_project(organization, orders):
    foreign = make_table(make_project(organization))

    with pytest.raises(FieldRefused, match="choose a table of this project"):
        relate(orders, "Foreign", foreign)
    with pytest.raises(FieldRefused, match="choose a table of this project"):
        SchemaManager(orders.project).add_field(orders, "X", "relation", settings={"table": "'; DROP TABLE x"})


def test_required_relation_cannot_be_emptied(customers, orders):
    with pytest.raises(FieldRefused, match="cannot be left empty"):
        relate(orders, "Customer", customers, on_delete="set_null", required=True)


def test_table_of_a_relation_cannot_change(customers, orders):
    field = relate(orders, "Customer", customers)

    with pytest.raises(FieldRefused, match="make another field"):
        SchemaManager(orders.project).change_field(field, settings=field.settings | {"table": str(orders.pk)})


@pytest.mark.parametrize("kind", ["relation", "relations"])
def test_thrown_away_table_takes_its_relations_and_brings_them_back(customers, orders, kind):
    relate(orders, "Customer", customers, kind)
    ann, bob = (row["id"] for row in records(customers).create_many([{"name": "Ann"}, {"name": "Bob"}]))
    records(orders).create_many([{"customer": ann}, {"customer": bob}])
    manager = SchemaManager(customers.project)

    manager.drop_table(fresh(customers))
    assert "customer" not in layout_of(fresh(orders)).fields
    manager.undo()

    assert [row["customer"] for row in records(orders).find(order="id")] in ([ann, bob], [[ann], [bob]])
    with pytest.raises(RecordErrors):
        records(orders).create({"customer": 99})


def test_restored_relation_forgets_rows_that_are_gone(customers, orders):
    field = relate(orders, "Customer", customers)
    ann, bob = (row["id"] for row in records(customers).create_many([{"name": "Ann"}, {"name": "Bob"}]))
    records(orders).create_many([{"customer": ann}, {"customer": bob}])
    manager = SchemaManager(customers.project)
    manager.drop_field(field)

    records(customers).delete(ann)
    manager.undo()

    assert [row["customer"] for row in records(orders).find(order="id")] == [None, bob]
    assert len(constraints(orders)) == 1


@pytest.mark.parametrize("thing", ["field", "source", "target"])
@pytest.mark.parametrize("kind", ["relation", "relations"])
def test_purging_leaves_nothing(customers, orders, kind, thing):
    field = relate(orders, "Customer", customers, kind)
    manager = SchemaManager(customers.project)
    if thing == "field":
        manager.drop_field(field)
        manager.purge(Field.everything.get(pk=field.pk))
    else:
        table = orders if thing == "source" else customers
        manager.drop_table(fresh(table))
        manager.purge(DataTable.everything.get(pk=table.pk))

    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relname LIKE %s", [f"%{field.pk.hex}%"])
        assert cursor.fetchall() == []
    assert not Field.everything.filter(pk=field.pk).exists()


@pytest.mark.parametrize("number", [1, 30])
def test_reading_costs_the_same(customers, orders, number):
    relate(orders, "Customer", customers)
    relate(orders, "Buyers", customers, "relations")
    ann = records(customers).create({"name": "Ann"})["id"]
    records(orders).create_many([{"customer": ann, "buyers": [ann]}] * number)
    found = records(orders)
    found.find()  # the layout is known

    with CaptureQueriesContext(connection) as asked:
        found.find()

    assert sum(each["sql"].startswith("SELECT") for each in asked) == 1


def test_rows_are_found_by_what_they_lead_to(customers, orders):
    relate(orders, "Customer", customers)
    relate(orders, "Buyers", customers, "relations")
    ann, bob = (row["id"] for row in records(customers).create_many([{"name": "Ann"}, {"name": "Bob"}]))
    records(orders).create_many(
        [{"title": "a", "customer": ann, "buyers": [ann, bob]}, {"title": "b", "customer": bob}]
    )

    def titles(name: str, op: str, value: object = None) -> list[str]:
        return [row["title"] for row in records(orders).find([{"field": name, "op": op, "value": value}], order="id")]

    assert titles("customer", "eq", ann) == ["a"]
    assert titles("customer", "in", [ann, bob]) == ["a", "b"]
    assert titles("customer", "contains", "bo") == ["b"]
    assert titles("buyers", "contains", "bob") == ["a"]
    assert titles("buyers", "eq", [bob, ann]) == ["a"]
    assert titles("buyers", "is_empty") == ["b"]


# --- choosing rows


def choices(client, table, **query) -> str:
    response = client.get(reverse("admin:studio_table_choices", args=[table.pk]), query)
    assert response.status_code == 200
    return response.content.decode()


def test_choices_are_searched_by_label_and_number(client, organization, customers):
    client.force_login(make_user(organization=organization))
    ann, _bob = records(customers).create_many([{"name": "Ann <b> 100%"}, {"name": "Bob"}])

    assert "Ann &lt;b&gt;" in choices(client, customers, q="ann")
    assert "Bob" not in choices(client, customers, q="ann")
    assert "Ann" in choices(client, customers, q="0%")
    assert "Bob" not in choices(client, customers, q="%")
    assert "Ann" in choices(client, customers, q=f"#{ann['id']}")
    assert "No row like this" in choices(client, customers, q="x\x00y")
    assert f'data-drop="{ann["id"]}"' in choices(client, customers, ids=f"{ann['id']}, 99")
    assert ">#99<" in choices(client, customers, ids=f"{ann['id']}, 99")


def test_choices_are_at_most_twenty(client, organization, customers):
    client.force_login(make_user(organization=organization))
    records(customers).create_many([{"name": f"Customer {number}"} for number in range(30)])

    assert choices(client, customers).count("data-choose=") == 20
    assert choices(client, customers, q="Customer 2").count("data-choose=") == 11


@pytest.mark.parametrize(
    ("role", "expected"), [(Role.OWNER, 200), (Role.VIEWER, 200), (None, 404)], ids=["owner", "teammate", "stranger"]
)
def test_choices_follow_the_role(client, organization, customers, role, expected):
    of = organization if role else make_organization()
    client.force_login(make_user(organization=of, role=role or Role.OWNER))

    assert client.get(reverse("admin:studio_table_choices", args=[customers.pk])).status_code == expected


def test_import_reports_rows_that_are_not_there(customers, orders):
    relate(orders, "Customer", customers)
    ann = records(customers).create({"name": "Ann"})["id"]

    job = import_file(orders.project, f"Title,Customer\na,{ann}\nb,99\nc,Ann\nd,\n", fresh(orders), skip_bad=True)

    assert [row["customer"] for row in records(orders).find(order="id")] == [ann, None]
    assert "99,“Customers” has no row with the number “99”" in mistakes(job)
    assert "Ann" in mistakes(job)
