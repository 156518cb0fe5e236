"""The trash: what is thrown away stays in the database under another name, with all that needs it, and comes back."""

from __future__ import annotations

import dataclasses
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from psycopg2 import sql

from nocode.foundation.services import billing
from nocode.studio.errors import SchemaRefused
from nocode.studio.models import DataTable, Field
from nocode.studio.schema import ddl, problems
from nocode.studio.schema.operations.base import Operation, from_json, operation
from nocode.studio.schema.operations.indexes import drop_indexes_of, refresh_search, request_indexes
from nocode.studio.schema.workbench import Workbench

KEPT = ("label", "required", "unique")


@operation
@dataclasses.dataclass(frozen=True)
class TrashField(Operation):
    """A field goes to the trash, with its values and with the fields that are computed from it.

    `values` are its label and rules from now on; they come back with it.
    """

    op = "trash_field"
    label = _("Field thrown away")

    field: str = ""
    values: dict[str, Any] = dataclasses.field(default_factory=dict)

    def says(self, bench: Workbench) -> str:
        return gettext("“%(field)s” is thrown away.") % {"field": bench.field(self.field).label}

    def apply(self, bench: Workbench) -> Operation:
        field = bench.field(self.field)
        if bench.dry:
            bench.lose(problems.filled(bench.rows, bench.place(field.table), field, bench.value(field)))
        bench.imagine(field, bench.value(field))
        together = trash_dependents(bench, {field.pk})
        table = field.table
        indexes = drop_indexes_of(bench, table, field.physical_name)
        place = bench.place(table)
        bench.run(*field.type.trash(field, place))
        trash_column(bench, field)
        names_rows = table.display_name == field.physical_name
        if names_rows:
            DataTable.objects.filter(pk=table.pk).update(display_name="")
        for name, value in self.values.items():
            setattr(field, name, value)
        field.trashed_at = timezone.now()
        field.save(update_fields=["trashed_at", *KEPT, "updated_at"])
        refresh_search(bench, table)
        bench.touch(table)
        bench.tell(field, "trashed")
        return RestoreField(self.table, self.field, together, indexes, names_rows)


@operation
@dataclasses.dataclass(frozen=True)
class RestoreField(Operation):
    """A field comes back from the trash, with its values, the rules that still hold, and what went with it."""

    op = "restore_field"
    label = _("Field brought back")

    field: str = ""
    together: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    indexes: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    names_rows: bool = False

    def says(self, bench: Workbench) -> str:
        return gettext("“%(field)s” comes back.") % {"field": bench.field(self.field, trashed=True).label}

    def apply(self, bench: Workbench) -> Operation:
        field = bench.field(self.field, trashed=True)
        if lacking := bench.lacks(field):
            raise SchemaRefused(
                gettext("“%(field)s” needs “%(thing)s”, which is not in use: bring that back first.")
                % {"field": field.label, "thing": lacking}
            )
        before = {name: getattr(field, name) for name in KEPT}
        bench.run(ddl.lock_table(bench.place(field.table)))
        table, place, column = field.table, bench.place(field.table), field.column_name
        field.label = _free_label(bench, field.label, {other.label for other in table.fields.all()})
        has_check = bool(field.type.column) and _keeps_rules(bench, field, column)
        field.trashed_at = None
        field.save(update_fields=["trashed_at", *KEPT, "updated_at"])
        if field.type.column:
            bench.run(*ddl.restore_column(place, field, column, has_check=has_check))
        bench.run(*field.type.restore(field, place))
        if self.names_rows:
            DataTable.objects.filter(pk=table.pk).update(display_name=field.physical_name)
        restore_together(bench, self.together)
        request_indexes(bench, table, self.indexes)
        refresh_search(bench, table)
        bench.touch(table)
        bench.tell(field, "restored")
        return TrashField(self.table, self.field, before)


@operation
@dataclasses.dataclass(frozen=True)
class TrashTable(Operation):
    """A table goes to the trash with its rows, and with the fields of other tables that point to it.

    `values` are its label from now on; it comes back with it.
    """

    op = "trash_table"
    label = _("Table thrown away")

    values: dict[str, Any] = dataclasses.field(default_factory=dict)

    def says(self, bench: Workbench) -> str:
        return gettext("The table “%(table)s” is thrown away.") % {"table": bench.table(self.table).label}

    def apply(self, bench: Workbench) -> Operation:
        table = bench.table(self.table)
        fields = list(table.fields.all())
        if bench.dry:
            bench.lose(problems.all_rows(bench.rows, bench.place(table), table.label))
        together = trash_dependents(bench, {table.pk, *(field.pk for field in fields)}, besides=table)
        place, trash = bench.place(table), bench.require_trash()
        for field in fields:
            bench.run(*field.type.trash(field, place))
        for name, value in self.values.items():
            setattr(table, name, value)
        table.trashed_at = timezone.now()
        table.save(update_fields=["label", "trashed_at", "updated_at"])
        bench.run(*ddl.move_table(place, trash, table.relation_name))
        bench.touch(table)
        bench.tell(table, "trashed")
        return RestoreTable(self.table, together)


@operation
@dataclasses.dataclass(frozen=True)
class RestoreTable(Operation):
    """A table comes back from the trash, with its rows and with what went with it."""

    op = "restore_table"
    label = _("Table brought back")

    together: list[dict[str, Any]] = dataclasses.field(default_factory=list)

    def says(self, bench: Workbench) -> str:
        return gettext("The table “%(table)s” comes back.") % {"table": bench.table(self.table, trashed=True).label}

    def apply(self, bench: Workbench) -> Operation:
        billing.require(bench.project.organization_id, "tables")
        table = bench.table(self.table, trashed=True)
        place, before = bench.place(table), {"label": table.label}
        table.label = _free_label(bench, table.label, set(bench.project.tables.values_list("label", flat=True)))
        table.trashed_at = None
        table.save(update_fields=["label", "trashed_at", "updated_at"])
        bench.run(*ddl.move_table(place, bench.project.schema_name, table.physical_name))
        for field in table.fields.all():
            self._restore(bench, table, field)
        restore_together(bench, self.together)
        bench.touch(table)
        bench.tell(table, "restored")
        return TrashTable(self.table, before)

    def _restore(self, bench: Workbench, table: DataTable, field: Field) -> None:
        """A field points to a table that was thrown away meanwhile: then it waits in the trash."""
        field.table = table
        lacking = bench.lacks(field)
        if not lacking:
            place = bench.place(table)
            if (held := without_loose(bench, field, field.physical_name)) is not None:
                leave_off_rules(bench, field, held)
                field.save(update_fields=["required", "updated_at"])
                bench.run(ddl.set_required(place, field))
            bench.run(*field.type.restore(field, place))
            return
        trash_column(bench, field)
        Field.objects.filter(pk=field.pk).update(trashed_at=timezone.now())
        bench.note(
            gettext("“%(field)s” stays in the trash: it needs “%(thing)s”, which is not in use.")
            % {"field": field.label, "thing": lacking}
        )


def trash_dependents(bench: Workbench, ids: set, besides: DataTable | None = None) -> list[dict[str, Any]]:
    """Throw away the fields that need one of these things; answers the operations that bring them back."""
    together = []
    for field in bench.dependents(ids):
        is_ours = besides is not None and field.table_id == besides.pk
        if is_ours or bench.has_trashed(Field, str(field.pk)):
            continue
        inverse = TrashField(str(field.table_id), str(field.pk)).apply(bench)
        together.append(inverse.to_json())
    return together


def restore_together(bench: Workbench, together: list[dict[str, Any]]) -> None:
    """Bring back what went with a thing, unless it came back before, or something else it needs is still away."""
    for each in together:
        wanted = from_json(each)
        field = Field.everything.select_related("table").filter(pk=wanted.field, trashed_at__isnull=False).first()
        if field is not None and not field.table.trashed_at and not bench.lacks(field):
            wanted.apply(bench)


def trash_column(bench: Workbench, field: Field) -> None:
    """Rename the column of a field, if it has one, as a field in the trash has it."""
    if field.type.column:
        bench.run(*ddl.trash_column(bench.place(field.table), field, f"trash_{field.pk.hex}"))


def without_loose(bench: Workbench, field: Field, column: str) -> sql.Composable | None:
    """What is left of a relation that comes back, where some of its values lead to rows that are gone: these are said.

    A preview of a table that comes back does not look: the table is not there yet.
    """
    if not field.type.is_relation or not field.type.column:
        return None
    place = bench.place(field.table)
    other = place.find(field.settings["table"])
    if bench.dry and not all(bench.has_relation(each.schema, each.table) for each in (place, other)):
        return None
    loose = problems.leading_nowhere(bench.rows, place, field, other, column)
    if loose is None:
        return None
    bench.note(gettext("%(problem)s: they are empty now (%(rows)s).") % {"problem": loose, "rows": loose.rows})
    return problems.leading_somewhere(place, sql.Identifier(column), other)


def leave_off_rules(bench: Workbench, field: Field, value: sql.Composable) -> bool:
    """Take rules from a field that its rows break by now, and say so; whether its settings may be enforced."""
    place = bench.place(field.table)
    if field.required and (found := problems.without_value(bench.rows, place, field, value)):
        field.required = False
        bench.note(gettext("%(problem)s: it is not required any more.") % {"problem": found})
    if field.unique and (found := problems.doubles(bench.rows, place, field, value)):
        field.unique = False
        bench.note(gettext("%(problem)s: it is not unique any more.") % {"problem": found})
    return problems.against_settings(bench.rows, place, field, value) is None


def _keeps_rules(bench: Workbench, field: Field, column: str) -> bool:
    """Take rules that rows broke from a field that comes back; whether its settings may be enforced."""
    held = without_loose(bench, field, column)
    return leave_off_rules(bench, field, sql.Identifier(column) if held is None else held)


def _free_label(bench: Workbench, label: str, taken: set[str]) -> str:
    if label not in taken:
        return label
    number = 2
    while f"{label[:140]} ({number})" in taken:
        number += 1
    free = f"{label[:140]} ({number})"
    bench.note(gettext("“%(label)s” is now “%(free)s”: its name is taken.") % {"label": label, "free": free})
    return free
