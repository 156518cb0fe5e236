"""Random sequences of changes of structure and rows, with undo and redo, against the real database.

After every step: what the metadata say is what information_schema says; undo brings back the state before, rows
included, and redo the state after.
"""

import contextlib
import json
from dataclasses import asdict
from pathlib import Path

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from nocode.foundation.errors import NoCodeError
from nocode.studio.models import DataTable, Field
from nocode.studio.schema import history
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.schema.operations import AddField, ChangeField, ChangeTable, TrashField
from nocode.studio.services.records import Records
from tests.conftest import DATA
from tests.factories import make_project
from tests.studio.structure import COLUMNS, RELATIONS, ask, in_use

KINDS = ("text", "long_text", "integer", "decimal", "boolean", "date", "select", "json", "email")
STORED = {
    "text": "text", "long_text": "text", "integer": "bigint", "decimal": "numeric", "boolean": "boolean",
    "date": "date", "select": "text", "json": "jsonb", "email": "text",
}  # fmt: skip
VALUES = st.sampled_from(["", "1", "1.5", "true", "2024-02-29", "One", "ada@example.com", "[1]", "'; DROP TABLE x; --"])
FLAGS = st.booleans()


def labels() -> st.SearchStrategy[str]:
    naughty = Path(DATA, "strings", "blns", "blns.json")
    known = json.loads(naughty.read_text()) if naughty.exists() else ["'; DROP TABLE x; --", "日本語", "select"]
    return st.sampled_from(["A", "B", "C", "a", "id", "select"]) | st.sampled_from(known)


class Structure(RuleBasedStateMachine):
    """A project, changed at random. What is refused must change nothing."""

    @initialize()
    def start(self) -> None:
        self.project = make_project()
        self.manager = SchemaManager(self.project)
        self.undo_states: list[dict] = []
        self.redo_states: list[dict] = []
        fields = [NewField(kind.title(), kind, settings=self.config(kind)) for kind in ("text", "integer", "select")]
        table = self.manager.create_table("Start", fields)
        for text, number in (("1", 1), ("007", 7), ("many", None)):
            Records(table).create({"text": text, "integer": number, "field_select": "One"})
        self.project.changes.all().delete()

    # --- changes of structure

    @rule(label=labels(), kinds=st.lists(st.sampled_from(KINDS), max_size=3))
    def create_table(self, label, kinds):
        fields = [NewField(f"F{number}", kind, settings=self.config(kind)) for number, kind in enumerate(kinds)]
        self.change(lambda: self.manager.create_table(label, fields))

    @precondition(lambda self: self.tables())
    @rule(data=st.data(), label=labels())
    def rename_table(self, data, label):
        table = self.pick(data)
        self.change(lambda: self.manager.rename_table(table, label))

    @precondition(lambda self: self.tables())
    @rule(data=st.data())
    def drop_table(self, data):
        table = self.pick(data)
        self.change(lambda: self.manager.drop_table(table))

    @rule(data=st.data())
    def restore(self, data):
        thrown = [*DataTable.everything.filter(project=self.project).exclude(trashed_at=None)]
        thrown += Field.everything.filter(table__in=self.tables()).exclude(trashed_at=None)
        if thrown:
            thing = data.draw(st.sampled_from(sorted(thrown, key=lambda each: each.physical_name)))
            self.change(lambda: self.manager.restore(thing))

    @precondition(lambda self: self.tables())
    @rule(data=st.data(), label=labels(), kind=st.sampled_from(KINDS), required=FLAGS, unique=FLAGS, value=VALUES)
    def add_field(self, data, label, kind, required, unique, value):
        table = self.pick(data)
        rules = {"required": required, "unique": unique, "settings": self.config(kind), "default": value or None}
        self.change(lambda: self.manager.add_field(table, label, kind, **rules))

    @precondition(lambda self: self.tables())
    @rule(data=st.data())
    def add_relation(self, data):
        table, config = self.pick(data), {"table": str(self.pick(data).pk)}
        self.change(lambda: self.manager.add_field(table, "Link", "relation", settings=config))

    @precondition(lambda self: self.fields())
    @rule(data=st.data(), label=labels(), required=FLAGS, unique=FLAGS, value=VALUES)
    def change_field(self, data, label, required, unique, value):
        field = self.pick_field(data)
        values = {"label": label, "required": required, "unique": unique, "default": value or None}
        self.change(lambda: self.manager.change_field(field, **values))

    @precondition(lambda self: self.fields())
    @rule(data=st.data(), kind=st.sampled_from(KINDS), lossy=FLAGS)
    def retype_field(self, data, kind, lossy):
        field, config = self.pick_field(data), self.config(kind)
        self.change(lambda: self.manager.retype_field(field, kind, config, lossy=lossy))

    @precondition(lambda self: self.fields())
    @rule(data=st.data())
    def drop_field(self, data):
        field = self.pick_field(data)
        self.change(lambda: self.manager.drop_field(field))

    @precondition(lambda self: self.fields())
    @rule(
        data=st.data(),
        label=labels(),
        names=st.lists(labels(), max_size=2),
        kind=st.sampled_from(KINDS),
        required=FLAGS,
    )
    def save_page(self, data, label, names, kind, required):
        """What one page of structure sends: the table, fields to drop, to change and to add, as one change."""
        field = self.pick_field(data)
        table, key = field.table, str(field.table_id)
        others = [str(each.pk) for each in table.fields.order_by("physical_name") if each.pk != field.pk]
        dropped = data.draw(st.lists(st.sampled_from(others), max_size=2, unique=True)) if others else []
        operations = [ChangeTable(key, {"label": label})] if required else []
        operations += [TrashField(key, pk) for pk in dropped]
        operations.append(ChangeField(key, str(field.pk), {"label": label, "required": required}))
        operations += [AddField(key, asdict(NewField(name, kind, settings=self.config(kind)))) for name in names]
        self.change(lambda: self.manager.make_together(operations, table))

    @precondition(lambda self: self.tables())
    @rule(data=st.data())
    def reorder_fields(self, data):
        table = self.pick(data)
        order = data.draw(st.permutations(list(table.fields.order_by("physical_name"))))
        self.change(lambda: self.manager.reorder_fields(table, order))

    @precondition(lambda self: self.fields())
    @rule(data=st.data())
    def add_index(self, data):
        field = self.pick_field(data)
        self.change(lambda: self.manager.add_index(field.table, [field.physical_name]))

    # --- back and forth

    @rule()
    def undo(self) -> None:
        before = in_use(self.project)
        try:
            with transaction.atomic():
                self.manager.undo()
        except NoCodeError:
            assert in_use(self.project) == before
            return
        self.redo_states.append(before)
        assert in_use(self.project) == self.undo_states.pop()

    @precondition(lambda self: self.redo_states)
    @rule()
    def redo(self) -> None:
        self.undo_states.append(in_use(self.project))
        self.manager.redo()
        assert in_use(self.project) == self.redo_states.pop()

    @precondition(lambda self: self.tables())
    @rule(data=st.data(), values=st.lists(VALUES, min_size=6, max_size=6))
    def add_rows(self, data, values):
        """Rows are not part of what is undone: from here on states are others, so there is no way back."""
        table = self.pick(data)
        names = [field.physical_name for field in table.fields.all() if field.kind in KINDS]
        with contextlib.suppress(NoCodeError):
            Records(table).create(dict(zip(names, values, strict=False)))
            self.project.changes.all().delete()
            self.undo_states.clear()
            self.redo_states.clear()

    # --- what always holds

    @invariant()
    def metadata_say_what_the_database_has(self) -> None:
        if not hasattr(self, "project"):
            return
        wanted = {
            (table.physical_name, field.physical_name): (STORED.get(field.kind, "bigint"), not field.required)
            for table in self.tables()
            for field in table.fields.all()
        }
        found = {
            (table, column): (kind, nullable == "YES")
            for table, column, kind, nullable, _default in ask(COLUMNS, self.project.schema_name)
            if column not in ("id", "created_at", "updated_at") and not column.startswith("trash_")
        }
        assert found == wanted
        tables = {name for name, kind in ask(RELATIONS, self.project.schema_name) if kind == "r"}
        assert tables == {table.physical_name for table in self.tables()}
        unique = {name for name, kind in self.constraints("u")}
        assert unique == {field.unique_constraint for field in self.fields() if field.unique}

    @invariant()
    def history_knows_how_far_it_goes(self) -> None:
        if hasattr(self, "project"):
            assert (history.undoable(self.project) is None) == (not self.undo_states)
            assert (history.redoable(self.project) is None) == (not self.redo_states)

    # --- what the rules share

    def change(self, make) -> None:
        """Make a change; a refused one changes nothing, one that is idle is none."""
        before, made = in_use(self.project), self.project.changes.count()
        try:
            with transaction.atomic():
                make()
        except NoCodeError:
            assert in_use(self.project) == before
            return
        if self.project.changes.count() > made:
            self.undo_states.append(before)
            self.redo_states.clear()

    def tables(self) -> list[DataTable]:
        return list(self.project.tables.order_by("physical_name")) if hasattr(self, "project") else []

    def fields(self) -> list[Field]:
        fields = Field.objects.filter(table__in=self.tables()).select_related("table__project")
        return list(fields.order_by("table__physical_name", "physical_name"))

    def pick(self, data) -> DataTable:
        return data.draw(st.sampled_from(self.tables()))

    def pick_field(self, data) -> Field:
        return data.draw(st.sampled_from(self.fields()))

    def constraints(self, kind: str) -> list[tuple]:
        return ask(
            "SELECT conname, contype FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid"
            " WHERE relnamespace = to_regnamespace(quote_ident(%s)) AND contype = %s",
            self.project.schema_name,
            kind,
        )

    @staticmethod
    def config(kind: str) -> dict:
        return {"options": ["One", "Two", "1"]} if kind == "select" else {}


@pytest.mark.django_db
def test_random_changes_keep_metadata_database_and_history_in_step():
    class InTransaction(Structure):
        """Each run in a savepoint of the test, so that the next one starts with nothing."""

        def __init__(self) -> None:
            super().__init__()
            self.savepoint = transaction.savepoint()

        def teardown(self) -> None:
            transaction.savepoint_rollback(self.savepoint)

    run_state_machine_as_test(
        InTransaction,
        settings=settings(
            max_examples=12, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
