"""A failure at any statement of any change of structure leaves schema, metadata and history as before."""

from dataclasses import asdict

import pytest
from django.db import connection

from nocode.studio.models import DataTable, Field, Project
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.schema.operations import AddField, ChangeField, Operation, TrashField
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
    fresh = DataTable.everything.select_related("project")
    if prepare:
        prepare(SchemaManager(table.project), table)
    before, rows, failures = everything(), in_use(table.project), 0

    while True:
        failing = FailAt(failures + 1)
        again = fresh.get(pk=table.pk)
        manager = SchemaManager(again.project)
        try:
            with connection.execute_wrapper(failing):
                change(manager, again)
        except Broken:
            failures += 1
            assert everything() == before
            assert in_use(table.project) == rows
        else:
            break

    assert failures >= 3
    assert everything() != before
