"""Somebody changed the database by other means: each difference is found, and each repair ends it."""

import re
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.urls import reverse

from nocode.foundation.models import Role
from nocode.studio.errors import RuleBroken, SchemaRefused
from nocode.studio.models import DataTable, Field, RecordChange, SchemaChange, TableIndex
from nocode.studio.schema import catalog, drift
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.schema.operations import from_json
from nocode.studio.services import repairs
from nocode.studio.services.records import Records
from tests import factories
from tests.studio.structure import CONSTRAINTS, ask, in_use

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    """Customers and their orders, with a row or two of everything."""
    project = factories.make_project(factories.make_organization(), "Sales")
    manager = SchemaManager(project)
    customers = manager.create_table("Customers", [NewField("Name", "text", required=True, unique=True)])
    manager.create_table(
        "Orders",
        [
            NewField("Title", "text", required=True),
            NewField("Amount", "decimal", settings={"min": "0"}, default=1),
            NewField("Customer", "relation", settings={"table": str(customers.pk), "on_delete": "set_null"}),
            NewField("Friends", "relations", settings={"table": str(customers.pk)}),
            NewField("Number", "auto_number"),
        ],
    )
    manager.add_field(table(project), "Total", "formula", settings={"formula": "{Amount} * 2"})
    ann, _bob = Records(customers).create_many([{"name": "Ann"}, {"name": "Bob"}])
    orders = {"title": "First", "amount": 5, "customer": ann["id"], "friends": [ann["id"]]}
    Records(table(project, "Orders")).create(orders)
    return project


def table(project, label: str = "Orders") -> DataTable:
    return DataTable.objects.select_related("project").get(project=project, label=label)


def field(project, label: str) -> Field:
    return Field.objects.select_related("table").get(table__project=project, label=label)


def run(project, statement: str) -> None:
    """A statement by hand; {S} is the project's schema, {name} the hex id of the field of that label."""
    ids = {each.label: each.pk.hex for each in Field.objects.filter(table__project=project)}
    with connection.cursor() as cursor:
        cursor.execute(statement.format(S=project.schema_name, **ids))


def kinds(project) -> list[str]:
    return [each.kind for each in drift.findings(project)]


def repair(project, kind: str, way: str) -> list[str]:
    [finding] = [each for each in drift.findings(project) if each.kind == kind]
    return repairs.repair(project, finding.key, way)


DEFAULT_OR_CHECK = (("check_lost", "put_check"), ("default_lost", "put_default"))
BREAKS = [
    ("ALTER TABLE {S}.orders ALTER title DROP NOT NULL", "required_lost", "put_required"),
    ("ALTER TABLE {S}.orders ALTER title DROP NOT NULL", "required_lost", "drop_required"),
    ("ALTER TABLE {S}.customers DROP CONSTRAINT uq_{Name}", "unique_lost", "put_unique"),
    ("ALTER TABLE {S}.customers DROP CONSTRAINT uq_{Name}", "unique_lost", "drop_unique"),
    ("ALTER TABLE {S}.orders ALTER amount SET NOT NULL", "required_extra", "free_required"),
    ("ALTER TABLE {S}.orders ALTER amount SET NOT NULL", "required_extra", "take_required"),
    ("ALTER TABLE {S}.orders ADD UNIQUE (title)", "unique_extra", "free_unique"),
    ("CREATE UNIQUE INDEX only_once ON {S}.orders (title)", "unique_extra", "free_unique"),
    ("ALTER TABLE {S}.orders ADD UNIQUE (title)", "unique_extra", "take_unique"),
    ("CREATE UNIQUE INDEX uq_{Title} ON {S}.orders (title)", "unique_extra", "take_unique"),
    ("ALTER TABLE {S}.orders DROP CONSTRAINT ck_{Amount}", "check_lost", "put_check"),
    (
        "ALTER TABLE {S}.orders DROP CONSTRAINT ck_{Amount}, ADD CONSTRAINT ck_{Amount} CHECK (amount >= 0) NOT VALID",
        "check_lost",
        "put_check",
    ),
    ("ALTER TABLE {S}.orders ALTER amount SET DEFAULT 2", "default_other", "put_default"),
    ("ALTER TABLE {S}.orders ALTER title SET DEFAULT 'x'", "default_other", "put_default"),
    (
        "ALTER TABLE {S}.orders DROP CONSTRAINT fk_{Customer}, ADD CONSTRAINT fk_{Customer} FOREIGN KEY (customer)"
        " REFERENCES {S}.customers (id) ON DELETE SET NULL NOT VALID",
        "reference_lost",
        "put_reference",
    ),
    (
        "ALTER TABLE {S}.l_{Friends} DROP CONSTRAINT l_{Friends}_source_fkey, ADD FOREIGN KEY (source)"
        " REFERENCES {S}.orders (id) ON DELETE CASCADE NOT VALID",
        "links_loose",
        "put_links",
    ),
    ("ALTER TABLE {S}.orders ALTER amount DROP DEFAULT", "default_lost", "put_default"),
    ("DROP SEQUENCE {S}.n_{Number} CASCADE", "default_lost", "put_default"),
    ("ALTER TABLE {S}.orders DROP CONSTRAINT fk_{Customer}", "reference_lost", "put_reference"),
    ("DROP INDEX {S}.fk_{Customer}", "reference_lost", "put_reference"),
    ("DROP TABLE {S}.l_{Friends}", "links_missing", "make_links"),
    ("DROP TABLE {S}.l_{Friends}", "links_missing", "forget_field"),
    ("ALTER TABLE {S}.l_{Friends} DROP CONSTRAINT l_{Friends}_source_fkey", "links_loose", "put_links"),
    ("DROP TRIGGER set_updated_at ON {S}.orders", "trigger_missing", "put_trigger"),
    ("ALTER TABLE {S}.orders DISABLE TRIGGER set_updated_at", "trigger_missing", "put_trigger"),
    ("ALTER TABLE {S}.orders DROP COLUMN created_at", "system_column", "system_columns"),
    ("ALTER TABLE {S}.orders ALTER updated_at DROP NOT NULL", "system_column", "system_columns"),
    ("ALTER TABLE {S}.orders DROP CONSTRAINT orders_pkey CASCADE", "system_key", "system_columns"),
    ("ALTER TABLE {S}.orders DROP COLUMN amount", "column_missing", "make_column"),
    ("ALTER TABLE {S}.orders DROP COLUMN amount", "column_missing", "forget_field"),
    ("ALTER TABLE {S}.orders DROP COLUMN number", "column_missing", "make_column"),
    ("ALTER TABLE {S}.orders ALTER amount TYPE numeric(8, 2)", "other_type", "convert_back"),
    ("ALTER TABLE {S}.orders ALTER customer TYPE integer", "other_type", "convert_back"),
    ("ALTER TABLE {S}.orders ADD COLUMN note varchar(20) DEFAULT 'x'", "unknown_column", "adopt_column"),
    ("ALTER TABLE {S}.orders ADD COLUMN third bigint REFERENCES {S}.customers", "unknown_column", "adopt_column"),
    ("CREATE TABLE {S}.extra (code text PRIMARY KEY, id text, at timestamp)", "unknown_table", "adopt_table"),
]


@pytest.mark.parametrize(("statement", "kind", "way"), BREAKS, ids=[f"{kind}-{way}" for _sql, kind, way in BREAKS])
def test_a_difference_is_found_and_repaired(project, statement, kind, way):
    assert kinds(project) == []

    run(project, statement)
    assert kind in kinds(project)
    broken = ask(CONSTRAINTS, project.schema_name), in_use(project)
    [found] = [each for each in drift.findings(project) if each.kind == kind]
    seen = repairs.preview(project, found, way)
    assert (ask(CONSTRAINTS, project.schema_name), in_use(project)) == broken
    repair(project, kind, way)

    left = [each for each in drift.findings(project) if each.kind != "links_loose" or kind == "links_loose"]
    assert left == []
    change = SchemaChange.objects.filter(project=project).latest("created_at")
    assert from_json(change.forward).to_json() == change.forward
    if way == "adopt_table":
        assert seen is None
    else:
        assert without_ids(";\n".join(seen.sql)) == without_ids(change.sql)
        assert seen.can_be_undone == (change.backward is not None)
    orders = Records(table(project))
    assert orders.find(order="id")[0]["title"] == "First"
    assert orders.create({"title": "Second"})["id"] == 2


def without_ids(text: str) -> str:
    return re.sub("[0-9a-f]{32}", "…", text)


RULES = [
    each
    for each in BREAKS
    if "required" in each[2]
    or "unique" in each[2]
    or (each[1:] in DEFAULT_OR_CHECK and "SEQUENCE" not in each[0] and "NOT VALID" not in each[0])
]


@pytest.mark.parametrize(("statement", "kind", "way"), RULES, ids=[f"{kind}-{way}" for _sql, kind, way in RULES])
def test_a_repair_of_a_rule_is_undone_exactly_and_made_again(project, statement, kind, way):
    run(project, statement)
    broken = in_use(project)
    repair(project, kind, way)
    repaired, manager = in_use(project), SchemaManager(project)

    manager.undo()
    assert in_use(project) == broken if way.startswith(("put", "free", "take")) else in_use(project) != repaired
    manager.redo()

    assert in_use(project) == repaired
    assert kinds(project) == []


def test_every_way_is_tried():
    elsewhere = {"make_table", "forget_table", "empty_reference", "trim_links", "take_type", "make_schema"}
    assert {way for _statement, _kind, way in BREAKS} | elsewhere | {"build_index", "drop_index"} == set(repairs.WAYS)


def test_taken_in_columns_keep_values_rules_and_relations_and_can_be_undone(project):
    run(project, "ALTER TABLE {S}.orders ADD COLUMN note varchar(20) NOT NULL DEFAULT 'x'")
    run(project, "ALTER TABLE {S}.orders ADD COLUMN friend_id bigint UNIQUE REFERENCES {S}.customers ON DELETE CASCADE")
    run(project, "UPDATE {S}.orders SET friend_id = 2")

    for finding in drift.findings(project):
        repairs.repair(project, finding.key, "adopt_column")

    note, friend = field(project, "Note"), field(project, "Friend")
    assert (note.kind, note.required, note.default, note.settings) == ("text", True, "x", {"max_length": 20})
    assert (friend.kind, friend.unique, friend.settings["on_delete"]) == ("relation", True, "cascade")
    [row] = Records(table(project)).find()
    assert (row["note"], row["friend_id"]) == ("x", 2)
    SchemaManager(project).undo()
    SchemaManager(project).undo()
    assert not Field.objects.filter(table__project=project, label__in=["Note", "Friend"]).exists()
    SchemaManager(project).redo()
    assert Records(table(project)).find()[0]["note"] == "x"
    assert kinds(project) == []


def test_a_table_is_taken_in_whole_with_one_undo(project):
    run(
        project,
        'CREATE TABLE {S}."Odd Table" (id uuid, "the Code" text PRIMARY KEY, price real, at timestamp, raw bytea);'
        'INSERT INTO {S}."Odd Table" (id, "the Code", price) '
        "VALUES ('01234567-89ab-cdef-0123-456789abcdef', 'a', 1.5), (NULL, 'b', NULL)",
    )

    repair(project, "unknown_table", "adopt_table")

    made = table(project, "Odd Table")
    found = {each.label: (each.kind, each.required, each.unique) for each in made.fields.all()}
    assert found == {
        "Id": ("uuid", False, False),
        "The Code": ("text", True, True),
        "Price": ("decimal", False, False),
        "At": ("datetime", False, False),
    }
    rows = Records(made).find(order="id")
    assert [(row["id"], row["the_code"], row["price"]) for row in rows] == [(1, "a", 1.5), (2, "b", None)]
    assert Records(made).create({"the_code": "c"})["id"] == 3
    assert kinds(project) == ["unknown_column"]
    with pytest.raises(SchemaRefused, match="no field type"):
        repair(project, "unknown_column", "adopt_column")
    SchemaManager(project).undo()
    assert kinds(project) == []
    SchemaManager(project).redo()
    assert Records(table(project, "Odd Table")).count() == 3


def test_a_table_that_is_gone_is_made_again_and_what_led_to_it_is_told(project):
    trashed = field(project, "Name")
    run(project, "DROP TABLE {S}.customers CASCADE")
    assert kinds(project) == ["table_missing", "reference_lost", "links_loose"]
    repair(project, "table_missing", "make_table")
    assert kinds(project) == ["reference_lost", "links_loose"]

    with pytest.raises(RuleBroken) as refused:
        repair(project, "reference_lost", "put_reference")
    problem = refused.value.details["problem"]
    assert (problem.count, problem.samples) == (1, [(1, "1")])
    with pytest.raises(RuleBroken):
        repair(project, "links_loose", "put_links")
    assert repair(project, "reference_lost", "empty_reference")
    assert repair(project, "links_loose", "trim_links")

    assert kinds(project) == []
    [row] = Records(table(project)).find()
    assert (row["customer"], row["friends"]) == (None, None)
    assert Records(table(project, "Customers")).create({"name": "Cid"})["id"] == 1
    assert trashed.pk


def test_a_table_that_is_gone_is_forgotten_with_what_led_to_it(project):
    run(project, "DROP TABLE {S}.customers CASCADE")

    repair(project, "table_missing", "forget_table")

    assert kinds(project) == []
    assert not DataTable.everything.filter(project=project, label="Customers").exists()
    assert set(table(project).fields.values_list("label", flat=True)) == {"Title", "Amount", "Number", "Total"}
    assert SchemaChange.objects.filter(project=project).latest("created_at").forward["name"] == "Customers"


def test_a_column_of_the_same_name_does_not_show_values_of_a_field_that_was_forgotten(project):
    Records(table(project)).update(1, {"amount": 7})
    run(project, "ALTER TABLE {S}.orders DROP COLUMN amount")

    repair(project, "column_missing", "forget_field")

    changes = RecordChange.objects.filter(table=table(project))
    assert changes
    assert not any("amount" in {**(each.before or {}), **(each.after or {})} for each in changes)


@pytest.mark.parametrize(
    ("statement", "kind", "way"),
    [
        ("ALTER TABLE {S}.orders DROP COLUMN title", "column_missing", "forget_field"),
        ("DROP TABLE {S}.orders CASCADE", "table_missing", "forget_table"),
    ],
)
def test_what_a_conversion_lost_goes_with_what_is_forgotten(project, statement, kind, way):
    SchemaManager(project).retype_field(field(project, "Title"), "integer", lossy=True)
    lost = "SELECT count(*) FROM pg_tables WHERE schemaname = %s"
    with connection.cursor() as cursor:
        cursor.execute(lost, [project.trash_schema])
        assert cursor.fetchone() == (1,)
    run(project, statement)

    repair(project, kind, way)

    with connection.cursor() as cursor:
        cursor.execute(lost, [project.trash_schema])
        assert cursor.fetchone() == (0,)


@pytest.mark.parametrize(
    ("statement", "kind", "way", "samples"),
    [
        (
            "ALTER TABLE {S}.orders ALTER title DROP NOT NULL; UPDATE {S}.orders SET title = NULL",
            "required_lost",
            "put_required",
            [(1, "")],
        ),
        (
            "ALTER TABLE {S}.customers DROP CONSTRAINT uq_{Name}; UPDATE {S}.customers SET name = 'X'",
            "unique_lost",
            "put_unique",
            [(1, "X"), (2, "X")],
        ),
        (
            "ALTER TABLE {S}.orders DROP CONSTRAINT ck_{Amount}; UPDATE {S}.orders SET amount = -1",
            "check_lost",
            "put_check",
            [(1, "-1")],
        ),
        (
            "ALTER TABLE {S}.orders ALTER amount DROP DEFAULT, DROP CONSTRAINT ck_{Amount},"
            "ALTER amount TYPE text USING 'many'",
            "other_type",
            "convert_back",
            [(1, "many")],
        ),
    ],
)
def test_rows_that_break_a_rule_are_counted_and_shown(client, project, statement, kind, way, samples):
    run(project, statement)

    with pytest.raises(RuleBroken) as refused:
        repair(project, kind, way)

    assert refused.value.details["problem"].samples == samples
    client.force_login(factories.make_user(organization=project.organization))
    [finding] = [each for each in drift.findings(project) if each.kind == kind]
    page = client.post(reverse("admin:studio_project_repair", args=[project.pk]), {"finding": finding.key, "way": way})
    assert str(refused.value.details["problem"]) in page.content.decode().replace("&quot;", '"')
    assert kind in kinds(project)


def test_a_field_takes_the_type_its_column_has_got(project):
    run(project, "ALTER TABLE {S}.orders DROP CONSTRAINT ck_{Amount}, ALTER amount DROP DEFAULT")
    run(project, "ALTER TABLE {S}.orders ALTER amount TYPE text USING 'many'")
    SchemaManager(project).drop_field(field(project, "Total"))

    notes = repair(project, "other_type", "take_type")

    changed = field(project, "Amount")
    assert (changed.kind, changed.default) == ("text", None)
    assert Records(table(project)).find()[0]["amount"] == "many"
    assert notes == ["“Amount” has no default any more."]
    assert kinds(project) == []


def test_a_rule_we_left_off_ourselves_is_no_difference(project):
    manager = SchemaManager(project)
    manager.change_field(field(project, "Amount"), settings={"min": "100"}, default=None)

    assert kinds(project) == []


def test_staging_trash_and_hidden_columns_are_no_difference(project):
    manager = SchemaManager(project)
    manager.drop_field(field(project, "Friends"))
    manager.drop_field(field(project, "Amount"))
    manager.drop_table(table(project, "Customers"))
    run(project, "CREATE TABLE {S}.st_0123456789abcdef0123456789abcdef (n integer)")
    run(project, "CREATE VIEW {S}.overview AS SELECT 1 AS one")

    assert kinds(project) == []


def test_an_index_that_is_gone_is_built_again_or_given_up(project):
    index = SchemaManager(project).add_index(table(project), ["title"])
    TableIndex.objects.filter(pk=index.pk).update(state=TableIndex.State.READY)
    assert kinds(project) == ["index_lost"]

    repair(project, "index_lost", "build_index")
    assert TableIndex.objects.get(pk=index.pk).state == TableIndex.State.BUILDING
    TableIndex.objects.filter(pk=index.pk).update(state=TableIndex.State.READY)
    repair(project, "index_lost", "drop_index")

    assert not TableIndex.objects.filter(pk=index.pk).exists()


@pytest.mark.parametrize(
    ("statement", "thing"),
    [
        ("CREATE VIEW {S}.orders AS SELECT 1 AS id", "a view"),
        ("CREATE TABLE {S}.orders (id bigint) PARTITION BY HASH (id)", "a partitioned table"),
    ],
)
def test_what_has_taken_the_place_of_a_table_is_told(project, statement, thing):
    run(project, "DROP TABLE {S}.orders CASCADE; " + statement)

    [finding] = drift.findings(project)[:1]

    assert (finding.kind, finding.repairs) == ("table_replaced", ("forget_table",))
    assert thing in finding.sentence
    repairs.repair(project, finding.key, "forget_table")
    assert "table_replaced" not in kinds(project)


DEFAULTS = [
    ("text", "it's\\so", {}),
    ("decimal", "-1.50", {}),
    ("integer", -3, {}),
    ("boolean", False, {}),
    ("date", "2026-01-02", {}),
    ("datetime", "2026-01-02T10:00:00Z", {}),
    ("time", "10:00", {}),
    ("duration", "1:30", {}),
    ("select", "A", {"options": ["A"]}),
    ("multi_select", ["A"], {"options": ["A"]}),
    ("json", {"a": [1, "x"]}, {}),
    ("email", "a@example.com", {}),
]


@pytest.mark.parametrize(("kind", "default", "settings"), DEFAULTS, ids=[kind for kind, *_rest in DEFAULTS])
def test_a_default_of_any_type_is_no_difference(project, kind, default, settings):
    SchemaManager(project).add_field(table(project), "More", kind, settings=settings, default=default)

    assert kinds(project) == []


def test_one_table_of_the_catalog_is_read_alone(project):
    assert list(catalog.tables(project.schema_name, only="orders")) == ["orders"]
    whole = catalog.tables(project.schema_name)["orders"]
    assert catalog.tables(project.schema_name, only="orders")["orders"] == whole


def test_a_schema_that_is_gone_comes_back_table_by_table(project):
    run(project, "DROP SCHEMA {S} CASCADE")
    assert kinds(project) == ["schema_missing"]

    repair(project, "schema_missing", "make_schema")
    while found := [each for each in drift.findings(project) if "make_table" in each.repairs]:
        repairs.repair(project, found[0].key, "make_table")

    assert Records(table(project)).create({"title": "New"})["number"] == 1
    left = {each.kind for each in drift.findings(project)}
    assert left <= {"reference_lost", "links_missing"}


def test_the_command_fails_when_there_is_something(project):
    out = StringIO()
    call_command("check_structure", stdout=out)
    assert out.getvalue() == "Everything fits.\n"

    run(project, "ALTER TABLE {S}.orders DROP COLUMN amount")
    with pytest.raises(SystemExit) as ended:
        call_command("check_structure", "Sales", stdout=out)

    assert ended.value.code == 1
    assert "Sales · Orders: The field “Amount” has no column" in out.getvalue()
    assert out.getvalue().endswith("\n1 difference.\n")


def test_who_may_look_and_who_may_repair(client, project):
    run(project, "ALTER TABLE {S}.orders DROP COLUMN amount")
    [finding] = drift.findings(project)
    look, act = (reverse(f"admin:studio_project_{name}", args=[project.pk]) for name in ("check", "repair"))
    asked = {"finding": finding.key, "way": "forget_field"}
    people = {
        role: factories.make_user(organization=project.organization, role=role) for role in (Role.VIEWER, Role.OWNER)
    }
    stranger = factories.make_user(organization=factories.make_organization())

    client.force_login(stranger)
    assert (client.get(look).status_code, client.post(act, asked).status_code) == (404, 404)
    client.force_login(people[Role.VIEWER])
    assert "make_column" not in client.get(look).content.decode()
    assert client.post(act, asked).status_code == 403
    assert kinds(project) == ["column_missing"]
    client.force_login(people[Role.OWNER])
    assert "make_column" in client.get(look).content.decode()
    question = client.post(act, asked).content.decode()
    assert "Forget the field" in question
    assert "go to the trash" in question
    assert kinds(project) == ["column_missing"]
    done = client.post(act, asked | {"agreed": "1"}, follow=True).content.decode()
    assert "Field forgotten: Amount" in done
    assert kinds(project) == []


def test_a_superuser_repairs_anywhere_and_a_repair_of_yesterday_is_refused(client, project):
    client.force_login(factories.make_user(is_superuser=True))
    act = reverse("admin:studio_project_repair", args=[project.pk])
    run(project, "ALTER TABLE {S}.orders DROP COLUMN amount")
    [finding] = drift.findings(project)

    asked = {"finding": finding.key, "way": "make_column"}
    question = client.post(act, asked).content.decode()
    assert "ADD COLUMN" in question
    assert "This cannot be undone." in question
    client.post(act, asked | {"agreed": "1"})
    page = client.post(act, asked | {"agreed": "1"}, follow=True)

    assert "This is not so any more" in page.content.decode()
    assert kinds(project) == []


@pytest.mark.parametrize("statement", ["DROP TABLE {S}.orders CASCADE", "ALTER TABLE {S}.orders DROP COLUMN amount"])
def test_a_page_of_rows_that_cannot_be_read_leads_to_the_check(client, project, statement):
    client.force_login(factories.make_user(organization=project.organization))
    run(project, statement)

    page = client.get(reverse("admin:studio_table_rows", args=[table(project).pk]), follow=True)

    assert reverse("admin:studio_project_check", args=[project.pk]) in page.content.decode()
    assert page.redirect_chain


def test_the_check_costs_the_same_for_many_tables(project, django_assert_max_num_queries):
    customers = {"table": str(table(project, "Customers").pk)}
    for number in range(8):
        factories.make_table(project, f"More {number}", (NewField("Customer", "relation", settings=customers),))

    with django_assert_max_num_queries(10):
        drift.findings(project)
