"""A failure at any statement of any change of structure leaves schema, metadata and history as before."""

from dataclasses import asdict

import pytest
from django.db import connection

from nocode.studio.models import DataTable, Field, Project
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.schema.operations import (
    AddField,
    AdoptField,
    AdoptTable,
    ChangeField,
    Operation,
    TrashField,
    operations,
    rules,
)
from nocode.studio.schema.operations import repairs as kinds
from nocode.studio.services import projects
from nocode.studio.services.records import Records
from tests.factories import make_project, make_table
from tests.studio.structure import Broken, FailAt, in_use

pytestmark = pytest.mark.django_db(transaction=True)

SALES = (
    NewField("Customer", "text", required=True, default="Ada"),
    NewField("E-mail", "email", unique=True),
    NewField("Stage", "select", settings={"options": ["New", "Won"]}),
)


def field(table: DataTable, label: str) -> Field:
    return Field.everything.select_related("table__project").get(table=table, label=label)


def undone(manager: SchemaManager, change) -> None:
    change()
    manager.undo()


def several(table: DataTable) -> list[Operation]:
    key, stage = str(table.pk), str(field(table, "Stage").pk)
    return [
        TrashField(key, str(field(table, "E-mail").pk)),
        ChangeField(key, stage, {"label": "State", "required": False, "unique": True}),
        AddField(key, asdict(NewField("Score", "integer", required=True, default=1))),
    ]


# What is done before, and the change that fails. Each gets the manager and the table.
CHANGES = {
    "create_table": (None, lambda m, t: m.create_table("Built", SALES)),
    "rename_table": (None, lambda m, t: m.rename_table(t, "Renamed")),
    "drop_table": (None, lambda m, t: m.drop_table(t)),
    "restore_table": (lambda m, t: m.drop_table(t), lambda m, t: m.restore(t)),
    "purge_table": (lambda m, t: m.drop_table(t), lambda m, t: m.purge(t)),
    "add_field": (None, lambda m, t: m.add_field(t, "New", "integer", unique=True, default=4)),
    "add_filled_field": (None, lambda m, t: m.add_field(t, "New", "integer", required=True, fill=1)),
    "add_relation": (None, lambda m, t: m.add_field(t, "Parent", "relation", settings={"table": str(t.pk)})),
    "rename_field": (None, lambda m, t: m.rename_field(field(t, "Stage"), "Renamed")),
    "change_rules": (None, lambda m, t: m.change_field(field(t, "Customer"), required=False, unique=True)),
    "change_settings": (
        None,
        lambda m, t: m.change_field(field(t, "Stage"), settings={"options": ["New"]}, default="New"),
    ),
    "retype_field": (None, lambda m, t: m.retype_field(field(t, "Customer"), "integer", lossy=True)),
    "undo_retype": (
        lambda m, t: m.retype_field(field(t, "Customer"), "integer", lossy=True),
        lambda m, t: m.undo(),
    ),
    "redo_retype": (
        lambda m, t: undone(m, lambda: m.retype_field(field(t, "Customer"), "integer", lossy=True)),
        lambda m, t: m.redo(),
    ),
    "reorder_fields": (None, lambda m, t: m.reorder_fields(t, [field(t, "Stage")])),
    "drop_field": (None, lambda m, t: m.drop_field(field(t, "Customer"))),
    "restore_field": (
        lambda m, t: m.drop_field(field(t, "Customer")),
        lambda m, t: m.restore(field(t, "Customer")),
    ),
    "purge_field": (lambda m, t: m.drop_field(field(t, "Customer")), lambda m, t: m.purge(field(t, "Customer"))),
    "add_index": (None, lambda m, t: m.add_index(t, ["stage"])),
    "drop_index": (lambda m, t: m.add_index(t, ["stage"]), lambda m, t: m.drop_index(t.indexes.get())),
    "together": (None, lambda m, t: m.make_together(several(t), t)),
    "undo_together": (lambda m, t: m.make_together(several(t), t), lambda m, t: m.undo()),
    "undo": (lambda m, t: m.rename_table(t, "Renamed"), lambda m, t: m.undo()),
    "create_project": (None, lambda m, t: make_project(m.project.organization, "Another")),
    "trash_project": (None, lambda m, t: projects.trash(m.project)),
    "restore_project": (lambda m, t: projects.trash(m.project), lambda m, t: projects.restore(m.project)),
    "purge_project": (
        lambda m, t: projects.trash(m.project),
        lambda m, t: projects.purge(m.project, name=m.project.name),
    ),
}


def broken(statement: str):
    """Somebody changes the database by hand; {S} is the schema, {name} the hex id of the field of that label."""

    def by_hand(manager: SchemaManager, table: DataTable) -> None:
        ids = {each.label: each.pk.hex for each in Field.objects.filter(table__project=manager.project)}
        with connection.cursor() as cursor:
            cursor.execute(statement.format(S=manager.project.schema_name, **ids))

    return by_hand


def related(manager: SchemaManager, table: DataTable) -> None:
    to = {"table": str(table.pk)}
    manager.add_field(table, "Parent", "relation", settings=to | {"on_delete": "set_null"})
    manager.add_field(table, "Friends", "relations", settings=to)
    Records(DataTable.objects.get(pk=table.pk)).update(2, {"parent": 1, "friends": [1, 2]})


def mended(repair: type[Operation], label: str = "", **values):
    """A repair of the table, or of its field of that label."""

    def make(manager: SchemaManager, table: DataTable) -> None:
        own = {"field": str(field(table, label).pk)} if label else {}
        manager.make(repair(str(table.pk), **own, **values), table)

    return make


def put_back(manager: SchemaManager, table: DataTable) -> None:
    broken("ALTER TABLE {S}.sales DROP CONSTRAINT uq_{E-mail}")(manager, table)
    mended(rules.PutRule, "E-mail", rule="unique")(manager, table)


def unlinked(manager: SchemaManager, table: DataTable) -> None:
    related(manager, table)
    broken("ALTER TABLE {S}.sales DROP CONSTRAINT fk_{Parent}; DROP TABLE {S}.l_{Friends}")(manager, table)


def taken_in(manager: SchemaManager, table: DataTable) -> None:
    new = asdict(NewField("Note", "text", settings={"max_length": 20}))
    manager.make(AdoptField(str(table.pk), "note", new), table)


def indexed(manager: SchemaManager, table: DataTable) -> None:
    manager.add_index(table, ["stage"])


NO_NULLS = "ALTER TABLE {S}.sales ALTER customer DROP NOT NULL"
MORE_NULLS = "ALTER TABLE {S}.sales ALTER stage SET DEFAULT 'New'; UPDATE {S}.sales SET stage = 'New';"
STRICT = MORE_NULLS + "ALTER TABLE {S}.sales ALTER stage SET NOT NULL"

CHANGES |= {
    "drop_relations": (related, lambda m, t: m.drop_field(field(t, "Friends"))),
    "drop_related_table": (related, lambda m, t: m.drop_table(t)),
    "restore_related_table": (
        lambda m, t: (related(m, t), m.drop_table(t)),
        lambda m, t: m.restore(t),
    ),
    "put_rule": (broken(NO_NULLS), mended(rules.PutRule, "Customer", rule="required")),
    "undo_put_rule": (put_back, lambda m, t: m.undo()),
    "drop_rule": (broken(STRICT), mended(rules.DropRule, "Stage", rule="required")),
    "take_rule": (broken(STRICT), mended(rules.TakeRule, "Stage", rule="required")),
    "put_reference": (unlinked, mended(rules.PutReference, "Parent")),
    "put_links": (unlinked, mended(rules.PutLinks, "Friends")),
    "put_system": (broken("ALTER TABLE {S}.sales DROP COLUMN created_at"), mended(rules.PutSystem)),
    "build_index": (indexed, lambda m, t: m.make(rules.BuildIndex(str(t.pk), str(t.indexes.get().pk)), t)),
    "make_column": (broken("ALTER TABLE {S}.sales DROP COLUMN stage"), mended(kinds.MakeColumn, "Stage")),
    "convert_back": (
        broken("ALTER TABLE {S}.sales DROP CONSTRAINT ck_{Stage}, ALTER stage TYPE varchar(9)"),
        mended(kinds.ConvertBack, "Stage"),
    ),
    "take_type": (
        broken("ALTER TABLE {S}.sales DROP CONSTRAINT ck_{Stage}, ALTER stage TYPE bigint USING 1"),
        mended(kinds.TakeType, "Stage", kind="integer"),
    ),
    "forget_field": (broken("ALTER TABLE {S}.sales DROP COLUMN stage"), mended(kinds.ForgetField, "Stage")),
    "adopt_table": (
        broken("CREATE TABLE {S}.extra (code text PRIMARY KEY, id text)"),
        lambda m, t: m.make(AdoptTable("", found="extra", name="Extra")),
    ),
    "adopt_field": (broken("ALTER TABLE {S}.sales ADD COLUMN note varchar(20)"), taken_in),
}

# Without their table, rows cannot be read to be compared.
GONE = {
    "make_schema": ("DROP SCHEMA {S} CASCADE", mended(kinds.MakeSchema)),
    "make_table": ("DROP TABLE {S}.sales", mended(kinds.MakeTable)),
    "forget_table": ("DROP TABLE {S}.sales", mended(kinds.ForgetTable)),
}


@pytest.fixture
def table():
    table = make_table(label="Sales", fields=SALES)
    Records(table).create({"customer": "Ada", "stage": "New"})
    Records(table).create({"customer": "7"})
    yield table
    for project in Project.everything.all():
        project.delete()


@pytest.mark.parametrize("name", CHANGES)
def test_failure_at_any_statement_leaves_nothing_behind(name, table, everything):
    prepare, change = CHANGES[name]
    if prepare:
        prepare(SchemaManager(table.project), table)

    fail_everywhere(change, table, lambda: (everything(), in_use(table.project)))


@pytest.mark.parametrize("name", GONE)
def test_failure_of_a_repair_of_what_is_gone_leaves_nothing_behind(name, table, everything):
    statement, change = GONE[name]
    broken(statement)(SchemaManager(table.project), table)

    fail_everywhere(change, table, everything)


def fail_everywhere(change, table: DataTable, look) -> None:
    """Let a change fail at its first statement, at its second, and so on, until it comes to its end."""
    fresh = DataTable.everything.select_related("project")
    before, failures = look(), 0
    while True:
        failing = FailAt(failures + 1)
        again = fresh.get(pk=table.pk)
        manager = SchemaManager(again.project)
        try:
            with connection.execute_wrapper(failing):
                change(manager, again)
        except Broken:
            failures += 1
            assert look() == before
        else:
            break

    assert failures >= 3
    assert look() != before


def test_every_operation_is_made_to_fail():
    """Operations are named in the changes above by their own names, or are made by those named here."""
    made_by = {
        "change_table": "rename_table",
        "change_field": "change_rules",
        "set_rule": "undo_put_rule",
        "trash_field": "drop_field",
        "trash_table": "drop_table",
    }

    assert {made_by.get(op, op) for op in operations} <= set(CHANGES) | set(GONE)
