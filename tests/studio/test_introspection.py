"""Taking over a schema: everything it says arrives or is named, and the original stays as it was."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.urls import reverse

from nocode.foundation.errors import PermissionRefused
from nocode.foundation.models import Role
from nocode.studio.errors import TakeoverRefused
from nocode.studio.fields.relations import links
from nocode.studio.introspection import copying, schemas
from nocode.studio.introspection.labels import readable, without_id
from nocode.studio.introspection.planning import plan
from nocode.studio.models import DataTable, Project, SchemaChange, TableIndex, TableJob
from nocode.studio.schema import expressions
from nocode.studio.schema.manager import SchemaManager
from nocode.studio.services import projects, takeovers
from nocode.studio.services.records import Records
from nocode.studio.tasks import run_table_job
from tests import factories
from tests.studio import takeover
from tests.studio.structure import ask

pytestmark = pytest.mark.django_db

State = TableJob.State


def run(sql: str, *params: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, params or None)


def job_for(schema: str, project: Project | None = None) -> TableJob:
    """What the page does: the job, run."""
    user = factories.make_user(is_superuser=True)
    job = takeovers.start(schema, user=user, project=project or factories.make_project())
    run_table_job(str(job.pk))
    job.refresh_from_db()
    return job


def take_over(schema: str) -> TableJob:
    job = job_for(schema)
    assert job.state == State.DONE, job.error
    return job


def table_of(job: TableJob, label: str) -> DataTable:
    return DataTable.objects.select_related("project").get(project=job.project, label=label)


def rows(job: TableJob, label: str) -> list[dict]:
    records = Records(table_of(job, label))
    pages = range(0, records.count() or 1, 1000)
    return [row for first in pages for row in records.find(order="id", limit=1000, offset=first)]


def fields(job: TableJob, label: str) -> dict[str, tuple]:
    found = table_of(job, label).fields.all()
    return {each.label: (each.kind, each.required, each.unique, each.default) for each in found}


def remarks(job: TableJob, name: str) -> str:
    return "\n".join(
        line for each, left_out, notes in job.result["remarks"] if each == name for line in (*left_out, *notes)
    )


@pytest.fixture
def shop() -> str:
    run(takeover.SHOP)
    return "shop"


def test_rows_keep_their_numbers_and_the_next_one_is_counted_on(shop):
    job = take_over(shop)

    ann, bob = rows(job, "Person")
    assert (ann["id"], ann["name"], ann["boss"], ann["born"]) == (7, "Ann", None, 1980)
    assert (bob["id"], bob["boss"]) == (9, 7)
    made = Records(table_of(job, "Person")).create({"name": "Cid"})
    assert (made["id"], made["mood"]) == (10, "good")


def test_relations_are_resolved_over_a_cycle_a_text_key_and_a_table_of_pairs(shop):
    job = take_over(shop)

    first, second = rows(job, "Item")
    assert [row["favourite_sku"] for row in rows(job, "Person")] == [second["id"], None]
    assert [(row["sku"], row["seller"]) for row in (first, second)] == [("a-1", 7), ("b-2", 9)]
    assert (first["label"], second["label"]) == ([1, 2], [2])
    assert [(row["item"], row["person"], row["stars"]) for row in rows(job, "Review")] == [(1, 9, 5), (2, 7, 1)]
    assert not DataTable.objects.filter(project=job.project, label="Item label").exists()


def test_columns_become_fields_of_the_type_that_keeps_all_values(shop):
    job = take_over(shop)

    found = fields(job, "Item")
    assert found["Sku"] == ("text", True, True, None)
    assert found["Seller"] == ("relation", True, False, None)
    assert found["Size"][0] == "select"
    assert found["Price"] == ("decimal", True, False, 1.5)
    assert found["Sold"] == ("boolean", True, False, False)
    assert found["Story"][0] == "long_text"
    assert found["Ratio"][0] == "text"  # one of its values is no number that could be kept
    kinds = {label: found[label][0] for label in ("Since", "Seen at", "Opens", "Takes", "Extra", "Code", "Number")}
    assert list(kinds.values()) == ["date", "datetime", "time", "duration", "json", "uuid", "auto_number"]
    assert {"Tags", "Words", "Picture", "Double price"}.isdisjoint(found)

    first, second = rows(job, "Item")
    assert (first["story"], first["takes"], first["extra"], first["weight"]) == ("two\nlines", 5400, {"a": 1}, 0.1)
    assert (second["weight"], second["ratio"], second["remark"]) == (16777216, "NaN", None)


def test_settings_descriptions_and_indexes_come_along(shop):
    job = take_over(shop)

    person, item = table_of(job, "Person"), table_of(job, "Item")
    assert person.description == "Who works here"
    assert person.fields.get(label="Name").help_text == "As on the badge"
    settings = dict(item.fields.values_list("label", "settings"))
    assert (settings["Size"], settings["Price"]) == ({"options": ["S", "M", "L"]}, {"min": "0", "decimals": 2})
    assert (settings["Stock"], settings["Seller"]["on_delete"]) == ({"min": "1"}, "cascade")
    assert person.fields.get(label="Born").settings == {"min": "1901", "max": "2155"}
    assert person.fields.get(label="Boss").settings["on_delete"] == "set_null"
    assert [index.columns for index in TableIndex.objects.filter(table=item)] == [["since", "price"]]
    number = item.fields.get(label="Number").physical_name
    made = Records(item).create({"sku": "c-3", "seller": 7, "price": 1})
    assert made[number] == 9


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("shop", ["“visit”; the partitions of this schema: 1", "View “seller”", "Function “nothing”"]),
        ("item", ["“tags”", "tsvector", "bytea", "“double_price”", "“item_check”", "“item_lower”", "now()"]),
        ("item", ["“ratio” (double precision) becomes “Text”", "“remark” is not required any more", "(inet)"]),
        ("label", ["Trigger “watch”"]),
        ("reply", ["several columns (item, person)", "EXCLUDE"]),
        ("review", ["Primary key of several columns (item, person)"]),
    ],
)
def test_what_is_left_out_is_named_before_and_after(shop, name, words):
    before = {each: "\n".join([*out, *notes]) for each, out, notes in plan(shop).remarks()}[name]

    after = remarks(take_over(shop), name)

    assert before == after
    assert [word for word in words if word not in after] == []


def test_the_original_is_untouched_and_each_table_can_be_undone(shop):
    query = "SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM shop.item AS t"
    before = ask(query)

    job = take_over(shop)

    assert ask(query) == before
    made = SchemaChange.objects.filter(project=job.project, forward__op="create_table").count()
    assert made == job.result["tables"] == 5


def test_values_that_lead_nowhere_leave_the_column_as_it_is(shop):
    run("CREATE TABLE shop.note (person integer); INSERT INTO shop.note VALUES (7), (99)")
    run("ALTER TABLE shop.note ADD CONSTRAINT of FOREIGN KEY (person) REFERENCES shop.person NOT VALID")

    job = take_over(shop)

    assert fields(job, "Note")["Person"][0] == "integer"
    assert "Foreign key “of”: 1 value leads nowhere" in remarks(job, "note")
    assert [row["person"] for row in rows(job, "Note")] == [7, 99]


def test_a_key_that_is_no_number_of_a_row_stays_a_field(shop):
    run("CREATE TABLE shop.level (depth integer PRIMARY KEY); INSERT INTO shop.level VALUES (-1), (4)")

    job = take_over(shop)

    assert fields(job, "Level")["Depth"] == ("integer", True, True, None)
    assert [(row["id"], row["depth"]) for row in rows(job, "Level")] == [(1, -1), (2, 4)]


def test_a_document_keeps_its_default(shop):
    run("CREATE TABLE shop.doc (body jsonb NOT NULL DEFAULT '{}'); INSERT INTO shop.doc DEFAULT VALUES")

    job = take_over(shop)

    assert rows(job, "Doc")[0]["body"] == {}
    assert job.project.tables.get(label="Doc").fields.get().default == {}


def test_names_from_anywhere_become_labels(shop):
    run("""CREATE TABLE shop."x'; DROP TABLE y; --" ("a""b%s" integer, "\u200b" text, "select" text)""")
    run("""INSERT INTO shop."x'; DROP TABLE y; --" VALUES (1, 'two', 'three')""")

    job = take_over(shop)

    table = DataTable.objects.get(project=job.project, label="X'; DROP TABLE y; --")
    assert sorted(table.fields.values_list("label", flat=True)) == ['A"b%s', "Field", "Select"]
    assert Records(table).count() == 1


def test_a_full_plan_and_a_taken_label(shop):
    project = factories.make_project()
    factories.make_table(project, "Item")

    job = job_for(shop, project)

    assert job.state == State.DONE
    assert set(project.tables.values_list("label", flat=True)) >= {"Item", "Item (2)"}


def test_a_limit_of_the_plan_takes_nothing_over(shop):
    organization = factories.make_organization()
    factories.make_subscription(organization, factories.make_plan(tables=3))
    project = factories.make_project(organization)

    job = job_for(shop, project)

    assert job.state == State.FAILED
    assert not project.tables.exists()
    assert ask("SELECT count(*) FROM pg_tables WHERE schemaname = %s", project.schema_name) == [(0,)]


@pytest.mark.django_db(transaction=True)
def test_stopping_keeps_nothing_and_the_schema_stays():
    try:
        with transaction.atomic():
            run(takeover.SHOP)
        job = takeovers.start("shop", user=factories.make_user(is_superuser=True), project=factories.make_project())
        TableJob.objects.filter(pk=job.pk).update(cancel_requested=True)

        run_table_job(str(job.pk))

        job.refresh_from_db()
        assert (job.state, job.project.tables.count()) == (State.CANCELLED, 0)
        assert ask("SELECT count(*) FROM shop.item") == [(2,)]
    finally:
        run("DROP SCHEMA IF EXISTS shop CASCADE")


def test_a_large_table_keeps_its_rows_when_none_of_its_columns_can_be_carried(monkeypatch):
    monkeypatch.setattr(copying, "SMALLEST_PART", 1)
    run("CREATE SCHEMA shop; CREATE TABLE shop.picture (content bytea)")
    run("INSERT INTO shop.picture SELECT convert_to(repeat('x', 1500), 'UTF8') FROM generate_series(1, 30)")

    job = take_over("shop")

    assert [row["id"] for row in rows(job, "Picture")] == list(range(1, 31))
    assert Records(table_of(job, "Picture")).create({})["id"] == 31


def test_only_schemas_of_people_are_offered(shop):
    table = factories.make_table()
    gone = factories.make_project()
    projects.trash(gone)
    SchemaManager(table.project).drop_table(table)
    run("CREATE SCHEMA orphan; COMMENT ON SCHEMA orphan IS 'NoCode project of somebody'; CREATE SCHEMA st_mary")

    offered = {offer.name for offer in schemas.offered()}

    assert {"shop", "st_mary"} <= offered
    project = table.project
    assert offered.isdisjoint(
        {"public", "pg_catalog", "information_schema", "orphan", gone.schema_name, project.schema_name}
    )
    assert project.trash_schema not in offered
    with pytest.raises(TakeoverRefused):
        plan("public")


def test_only_a_superuser_may_choose_a_schema(client, shop):
    organization = factories.make_organization()
    people = [factories.make_user(organization=organization, role=role) for role in (Role.OWNER, Role.EDITOR)]
    people.append(factories.make_user(organization=factories.make_organization()))
    address = reverse("admin:studio_introspection")
    for user in people:
        client.force_login(user)
        assert client.get(address, {"schema": shop}).status_code == 403
        assert client.post(address, {"schema": shop}).status_code == 403
        assert address not in client.get(reverse("admin:studio_project_changelist")).content.decode()
        with pytest.raises(PermissionRefused):
            takeovers.start(shop, user=user, project=factories.make_project())
    assert not TableJob.objects.exists()

    client.force_login(factories.make_user(is_superuser=True))
    assert address in client.get(reverse("admin:studio_project_changelist")).content.decode()


def test_the_page_shows_the_plan_and_starts_the_work(client, shop):
    organization = factories.make_organization()
    client.force_login(factories.make_user(is_superuser=True))
    address = reverse("admin:studio_introspection")
    assert "shop" in client.get(address).content.decode()
    page = client.get(address, {"schema": shop}).content.decode()
    assert "“item_check”" in page
    assert "Favourite sku" in page
    assert client.post(address, {"schema": shop}).context["form"].errors.keys() == {"name", "organization"}

    answer = client.post(address, {"schema": shop, "name": "Shop", "organization": str(organization.pk)})

    job = TableJob.objects.get()
    assert answer.url == reverse("admin:studio_job", args=[job.pk])
    run_table_job(str(job.pk))
    assert "EXCLUDE" in client.get(answer.url).content.decode()
    assert organization.projects.get().tables.count() == 5


def test_a_schema_that_went_away_is_told(client):
    client.force_login(factories.make_user(is_superuser=True))

    page = client.get(reverse("admin:studio_introspection"), {"schema": "nowhere"})

    assert "“nowhere” cannot be taken over" in page.content.decode()


def test_the_command_lists_shows_and_takes_over(shop):
    organization = factories.make_organization("Traders")

    def called(*arguments, **options) -> str:
        out = StringIO()
        call_command("introspect", *arguments, stdout=out, **options)
        return out.getvalue()

    assert "shop (7 tables)" in called()
    assert "favourite_sku → Favourite sku (relation)" in called("shop")
    assert not organization.projects.exists()
    assert "5 tables and 12 rows" in called("shop", organization="Traders", name="Stock")
    assert Records(organization.projects.get(name="Stock").tables.get(label="Item")).count() == 2
    with pytest.raises(CommandError, match="cannot be taken over"):
        called("public")


# --- schemas that others made


def test_northwind_arrives_whole(shared_data):
    schema = takeover.loaded_northwind(shared_data, connection)

    job = take_over(schema)

    def count(table: str) -> int:
        return ask(f"SELECT count(*) FROM northwind.{table}")[0][0]  # noqa: S608

    made = set(DataTable.objects.filter(project=job.project).values_list("label", flat=True))
    tables = [name for (name,) in ask("SELECT tablename FROM pg_tables WHERE schemaname = 'northwind'")]
    names = [name for name in tables if readable(name, "", ()) in made]
    assert set(tables) - set(names) == {"customer_customer_demo", "employee_territories"}
    for name in names:
        assert Records(table_of(job, readable(name, "", ()))).count() == count(name), name
    [(quantity, price)] = ask("SELECT sum(quantity), sum(unit_price::text::numeric) FROM northwind.order_details")
    details = rows(job, "Order details")
    assert sum(row["quantity"] for row in details) == quantity
    assert round(sum(row["unit_price"] for row in details), 2) == round(float(price), 2)
    assert {row["id"] for row in rows(job, "Orders")} == {id for (id,) in ask("SELECT order_id FROM northwind.orders")}
    customers = {row["id"]: row["customer_id"] for row in rows(job, "Customers")}
    assert {row["id"]: customers[row["customer"]] for row in rows(job, "Orders")} == dict(
        ask("SELECT order_id, customer_id FROM northwind.orders")
    )
    assert {row["id"]: row["reports_to"] for row in rows(job, "Employees")} == dict(
        ask("SELECT employee_id, reports_to FROM northwind.employees")
    )
    field = table_of(job, "Employees").fields.select_related("table__project").get(label="Territories")
    links_made = links(field, job.project.schema_name).as_string(connection.connection)
    assert ask(f"SELECT count(*) FROM {links_made}")[0][0] == count("employee_territories")  # noqa: S608
    assert "bytea" in remarks(job, "categories")


def test_pagila_is_understood_and_all_that_stays_is_named(shared_data):
    schema = takeover.loaded_pagila(shared_data, connection)
    run("INSERT INTO pagila.language (name) VALUES ('English'), ('French')")
    run(
        "INSERT INTO pagila.film (title, language_id, release_year, rating, fulltext, special_features) "
        "SELECT 'Film ' || n, 1 + n % 2, 2000 + n, 'PG-13', 'x', '{Trailers}' FROM generate_series(1, 20) AS n"
    )
    run("INSERT INTO pagila.actor (first_name, last_name) SELECT 'A', 'B' || n FROM generate_series(1, 5) AS n")
    run("INSERT INTO pagila.film_actor (actor_id, film_id) SELECT actor_id, film_id FROM pagila.actor, pagila.film")

    job = take_over(schema)

    assert (Records(table_of(job, "Film")).count(), Records(table_of(job, "Film actor")).count()) == (20, 100)
    film = fields(job, "Film")
    assert (film["Rating"], film["Language"][0], film["Rental duration"]) == (
        ("select", False, False, "G"),
        "relation",
        ("integer", True, False, 3),
    )
    assert fields(job, "Customer")["Uuid"][:3] == ("uuid", True, True)
    for name, words in {
        "pagila": ["Partitioned table “payment”", "View “film_list”", "Materialized view “rental_by_category”"],
        "film": ["text[]", "tsvector", "“length_hours”: it is computed", "gist", "Trigger “last_updated”"],
        "rental": ["Unique index"],
        "film_actor": ["Primary key of several columns"],
    }.items():
        assert [word for word in words if word not in remarks(job, name)] == []


# --- the small parts


@pytest.mark.parametrize(
    ("name", "label"),
    [("order_details", "Order details"), ("CustomerID", "Customer ID"), ("ORDERS", "Orders"), ("\u200b", "Table 1")],
)
def test_labels_are_words(name, label):
    assert readable(name, "Table 1", ()) == label


def test_a_key_is_called_by_what_it_leads_to():
    assert [without_id(name) for name in ("customer_id", "CustomerId", "id", "paid")] == [
        "customer",
        "Customer",
        "id",
        "paid",
    ]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("'it''s'::text", "it's"),
        ("'-1'::integer", "-1"),
        ("(0)::numeric", 0),
        ("true", True),
        ("NULL::character varying", None),
        ("now()", expressions.NOT_CONSTANT),
        ("('a'::text || 'b'::text)", expressions.NOT_CONSTANT),
        ("nextval('x'::regclass)", expressions.NOT_CONSTANT),
    ],
)
def test_constants_are_told_from_what_is_computed(expression, value):
    assert expressions.constant(expression) == value
