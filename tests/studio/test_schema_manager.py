"""The structure of a project changes completely or not at all."""

import contextlib
import json
import threading

import pytest
from django.db import connection, connections, transaction
from psycopg2 import sql

from nocode.studio.errors import (
    FieldRefused,
    NameRefused,
    NameTaken,
    RecordErrors,
    SchemaBusy,
    SchemaRefused,
    TableMissing,
)
from nocode.studio.models import DataTable, Project
from nocode.studio.schema import change, names
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.services.records import Records
from tests.factories import make_project, make_table
from tests.studio.structure import Broken, FailAt

pytestmark = pytest.mark.django_db
needs_commits = pytest.mark.django_db(transaction=True)

SALES = (
    NewField("Customer", "text", required=True),
    NewField("E-mail", "email", unique=True),
    NewField("Stage", "select", settings={"options": ["New", "Won"]}),
)


def columns_of(table: DataTable) -> dict[str, tuple[str, bool]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name, data_type, is_nullable FROM information_schema.columns"
            " WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position",
            [table.project.schema_name, table.physical_name],
        )
        return {name: (kind, nullable == "YES") for name, kind, nullable in cursor.fetchall()}


def test_create_table_makes_columns_and_metadata():
    table = make_table(label="Sales", fields=SALES)

    assert list(table.fields.values_list("label", "physical_name", "position")) == [
        ("Customer", "customer", 0),
        ("E-mail", "e_mail", 1),
        ("Stage", "stage", 2),
    ]
    assert columns_of(table) == {
        "id": ("bigint", False),
        "created_at": ("timestamp with time zone", False),
        "updated_at": ("timestamp with time zone", False),
        "customer": ("text", False),
        "e_mail": ("text", True),
        "stage": ("text", True),
    }


def test_rename_changes_labels_only():
    table = make_table(label="Sales", fields=SALES)
    manager = SchemaManager(table.project)
    before = columns_of(table)

    renamed = manager.rename_table(table, "Ventes")
    field = manager.rename_field(table.fields.get(label="Customer"), "Client")

    assert (renamed.label, renamed.physical_name) == ("Ventes", "sales")
    assert (field.label, field.physical_name) == ("Client", "customer")
    assert columns_of(table) == before


def test_drop_takes_table_and_field_out_of_sight():
    table = make_table(label="Sales", fields=SALES)
    manager = SchemaManager(table.project)

    manager.drop_field(table.fields.get(label="Stage"))
    assert "stage" not in columns_of(table)
    assert table.fields.count() == 2

    manager.drop_table(table)
    assert columns_of(table) == {}
    assert not DataTable.objects.filter(pk=table.pk).exists()


def test_add_field_fills_rows_that_exist():
    table = make_table()
    row = Records(table).create({"name": "Ada"})

    SchemaManager(table.project).add_field(table, "Score", "integer", required=True, fill="5")

    assert Records(table).get(row["id"])["score"] == 5
    with pytest.raises(RecordErrors, match="Score: a value is required"):
        Records(table).create({"name": "Bob"})


def test_required_field_needs_a_value_for_rows_that_exist(everything):
    table = make_table(label="People")
    Records(table).create({"name": "Ada"})
    before = everything()

    with pytest.raises(SchemaRefused, match="“People” has rows without a value"):
        SchemaManager(table.project).add_field(table, "Score", "integer", required=True)

    assert everything() == before


def test_change_field_checks_the_rows(everything):
    table = make_table(label="People")
    records, manager, field = Records(table), SchemaManager(table.project), table.fields.get()
    for name in ("Ada", "Ada", None):
        records.create({"name": name})
    before = everything()

    with pytest.raises(SchemaRefused, match="“Name” has rows without a value"):
        manager.change_field(field, required=True)
    with pytest.raises(SchemaRefused, match=r"same value in several rows.*Ada"):
        manager.change_field(field, unique=True)
    assert everything() == before

    records.delete(1)
    records.delete(3)
    field = manager.change_field(field, required=True, unique=True)
    assert columns_of(table)["name"] == ("text", False)
    manager.change_field(field, required=False, unique=False)
    assert columns_of(table)["name"] == ("text", True)


@pytest.mark.parametrize(
    ("kind", "unique", "settings", "words"),
    [
        ("select", False, {}, "Stage – Options"),
        ("text", False, {"max_length": 9000}, "Longest text"),
        ("text", False, {"nonsense": 1}, "unknown setting “nonsense”"),
        ("json", True, {}, "cannot be unique"),
    ],
)
def test_settings_the_type_does_not_know_are_refused(kind, unique, settings, words, everything):
    table = make_table()
    before = everything()

    with pytest.raises(FieldRefused, match=words):
        SchemaManager(table.project).add_field(table, "Stage", kind, unique=unique, settings=settings)

    assert everything() == before


def test_names_that_are_taken_are_refused():
    table = make_table(label="Sales", fields=SALES)
    manager = SchemaManager(table.project)

    with pytest.raises(NameTaken, match="already has a table named “Sales”"):
        manager.create_table(" Sales ")
    with pytest.raises(NameTaken, match="already has a field named “Stage”"):
        manager.add_field(table, "Stage", "text")
    with pytest.raises(NameTaken, match="“Stage”"):
        manager.rename_field(table.fields.get(label="E-mail"), "Stage")
    with pytest.raises(NameTaken, match="“X”"):
        manager.create_table("Twice", [NewField("X", "text"), NewField("X", "text")])


def test_labels_that_look_alike_get_different_names():
    project = make_project()
    manager = SchemaManager(project)

    made = [manager.create_table(label).physical_name for label in ("Clients", "clients", "CLIENTS!", "clients pkey")]

    assert made == ["clients", "clients_2", "clients_3", "clients_pkey_2"]


def test_project_cannot_touch_the_table_of_another():
    table, other = make_table(), make_project()

    with pytest.raises(TableMissing):
        SchemaManager(other).drop_table(table)
    with pytest.raises(TableMissing):
        SchemaManager(other).drop_field(table.fields.get())


def test_naughty_labels_make_working_tables(shared_data):
    labels = set()
    for label in json.loads((shared_data / "strings" / "blns" / "blns.json").read_text()):
        with contextlib.suppress(NameRefused):
            labels.add(names.clean_label(label))
    manager = SchemaManager(make_project())

    table = manager.create_table("Naughty", [NewField(label, "text") for label in sorted(labels)])
    for label in sorted(labels)[::10]:
        manager.create_table(label)

    assert len(labels) > 450
    values = {field.physical_name: field.label for field in table.fields.all() if len(field.label) <= 255}
    assert Records(table).create(values).items() >= values.items()


@pytest.mark.parametrize(
    "label",
    [
        'x"; DROP TABLE foundation_user; --',
        "x'); DELETE FROM foundation_user; --",
        'a" text); DROP SCHEMA public CASCADE; --',
        "%s %(x)s {} {0} $1 :p",
        "\\'; SELECT pg_sleep(10); --",
    ],
)
def test_injection_in_labels_and_settings_stays_text(label):
    project = make_project(name=label)
    manager = SchemaManager(project)
    table = manager.create_table(label, [NewField(label, "select", settings={"options": [label]})])
    name = table.fields.get().physical_name

    manager.add_field(table, f"{label} 2", "text", fill=label)
    row = Records(table).create({name: label})

    assert row[name] == label
    assert table.label == label
    assert Project.objects.filter(pk=project.pk).exists()


# --- Failures leave nothing behind ------------------------------------------------------------------------------------


def test_failure_leaves_the_callers_transaction_usable(everything):
    project = make_project()
    manager = SchemaManager(project)
    before = everything()

    with transaction.atomic():
        for number in range(1, 6):
            with pytest.raises(Broken), connection.execute_wrapper(FailAt(number)):
                manager.create_table("Sales", SALES)
        assert everything() == before
        table = manager.create_table("Sales", SALES)

    assert Records(table).create({"customer": "Ada"})["id"] == 1


def test_lock_timeout_is_given_back():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '7s'")
        make_table()
        cursor.execute("SHOW lock_timeout")

        assert cursor.fetchone() == ("7s",)


def test_a_change_may_take_longer_than_a_page():
    def slowly(execute, statement, params, many, context):
        if "CREATE TABLE" in str(statement):
            execute("SELECT pg_sleep(0.5)", None, many, context)
        return execute(statement, params, many, context)

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '300ms'")
        with connection.execute_wrapper(slowly):
            make_table()
        cursor.execute("SHOW statement_timeout")

        assert cursor.fetchone() == ("300ms",)


def _drop_behind_our_back(table: DataTable, statement: str = "DROP TABLE {}") -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(statement).format(sql.Identifier(table.project.schema_name, table.physical_name)))


def test_table_dropped_behind_our_back_is_told():
    table = make_table(label="Sales")
    _drop_behind_our_back(table)

    with pytest.raises(TableMissing, match="“Sales” was removed"):
        SchemaManager(table.project).add_field(table, "More", "text")


def test_view_that_needs_the_table_is_told(everything):
    table = make_table(label="Sales")
    _drop_behind_our_back(table, "CREATE VIEW public.looks AS SELECT name FROM {}")
    SchemaManager(table.project).drop_table(table)
    before = everything()

    with pytest.raises(SchemaRefused, match=r"still needs “Sales”.*looks"):
        SchemaManager(table.project).purge(table)

    assert everything() == before


@needs_commits
def test_busy_table_is_given_up_soon(everything, monkeypatch):
    monkeypatch.setattr(change, "LOCK_TIMEOUT", "50ms")
    monkeypatch.setattr(change, "PAUSES", (0.01,))
    table = make_table(label="Sales")
    before, held, done = everything(), threading.Event(), threading.Event()

    def reader() -> None:
        with transaction.atomic():
            Records(DataTable.objects.get(pk=table.pk)).count()
            held.set()
            done.wait(10)
        connections.close_all()

    thread = threading.Thread(target=reader)
    thread.start()
    held.wait(10)
    try:
        with pytest.raises(SchemaBusy, match="“Sales” is being used"):
            SchemaManager(table.project).add_field(table, "More", "text")
    finally:
        done.set()
        thread.join(10)

    assert everything() == before
    SchemaManager(table.project).add_field(table, "More", "text")
    table.project.delete()


@needs_commits
def test_two_creators_of_one_table_get_one():
    project = make_project()
    start, answers = threading.Barrier(4), []

    def create() -> None:
        start.wait(10)
        try:
            answers.append(SchemaManager(Project.objects.get(pk=project.pk)).create_table("Sales", SALES).label)
        except NameTaken as refusal:
            answers.append(type(refusal))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=create) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert sorted(map(str, answers)) == sorted(["Sales", *[str(NameTaken)] * 3])
    assert project.tables.count() == 1
    project.delete()
