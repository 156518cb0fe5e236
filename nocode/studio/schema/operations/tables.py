"""Tables: making, naming, and the order of their fields."""

from __future__ import annotations

import dataclasses
from itertools import accumulate
from typing import Any
from uuid import UUID

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from nocode.foundation.ids import uuid7
from nocode.foundation.services import billing
from nocode.studio.models import DataTable, Field
from nocode.studio.schema import ddl, names
from nocode.studio.schema.operations.base import NOTHING, Operation, operation
from nocode.studio.schema.operations.specs import NewField, prepared
from nocode.studio.schema.operations.trash import RestoreTable, TrashTable
from nocode.studio.schema.workbench import Workbench


@operation
@dataclasses.dataclass(frozen=True)
class CreateTable(Operation):
    """A table with its fields (each as a NewField, or as the dict of one)."""

    op = "create_table"
    label = _("Table made")
    lock = NOTHING

    name: str = ""
    description: str = ""
    fields: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    physical_name: str = ""

    def prepared(self, bench: Workbench) -> CreateTable:
        label = bench.free_table_label(self.name)
        pk = uuid7()
        physical_name = names.table_name(self.physical_name or label, bench.taken_names())
        table = DataTable(pk=pk, project=bench.project, label=label, physical_name=physical_name)
        made: list[Field] = []
        ready: list[dict[str, Any]] = []
        for position, new in enumerate(self.fields):
            new = NewField(**new) if isinstance(new, dict) else new
            new = prepared(bench, table, new, made, position)
            made.append(new.build(table))
            ready.append(dataclasses.asdict(new))
        return dataclasses.replace(self, table=str(pk), name=label, fields=ready, physical_name=physical_name)

    def says(self, bench: Workbench) -> str:
        labels = ", ".join(new["label"] for new in self.fields)
        count = len(self.fields)
        said = ngettext(
            "The table “%(table)s” is made, with %(count)d field: %(labels)s",
            "The table “%(table)s” is made, with %(count)d fields: %(labels)s",
            count,
        )
        alone = gettext("The table “%(table)s” is made.")
        return (said if count else alone) % {"table": self.name, "count": count, "labels": labels}

    def apply(self, bench: Workbench) -> Operation:
        if bench.has_trashed(DataTable, self.table):  # made again after it was undone
            return RestoreTable(self.table).apply(bench)
        billing.require(bench.project.organization_id, "tables")
        table = DataTable.objects.create(
            pk=UUID(self.table),
            project=bench.project,
            label=self.name,
            physical_name=self.physical_name,
            description=self.description,
        )
        fields = Field.objects.bulk_create([NewField(**new).build(table) for new in self.fields])
        bench.run(*ddl.create_table(bench.place(table), fields))
        bench.touch(table)
        bench.tell(table, "created")
        return TrashTable(self.table)


@operation
@dataclasses.dataclass(frozen=True)
class ChangeTable(Operation):
    """What people call a table, say about it, and which field names its rows. `values` are those that change."""

    op = "change_table"
    label = _("Table renamed or described")
    lock = NOTHING
    CHANGEABLE = ("label", "description", "display_name")

    values: dict[str, Any] = dataclasses.field(default_factory=dict)

    def prepared(self, bench: Workbench) -> ChangeTable:
        table, values = bench.table(self.table), dict(self.values)
        if "label" in values:
            values["label"] = bench.free_table_label(values["label"], besides=table.pk)
        return dataclasses.replace(self, values=_differing(table, values))

    def is_idle(self, bench: Workbench) -> bool:
        return not self.values

    def says(self, bench: Workbench) -> str:
        table = bench.table(self.table)
        said = {
            "label": gettext("The table “%(before)s” is called “%(after)s” from now on."),
            "description": gettext("The table has another description."),
            "display_name": gettext("Rows are named by another field: relations to this table show it."),
        }
        names = {"before": table.label, "after": self.values.get("label")}
        return " ".join(said[name] % names for name in self.values)

    def apply(self, bench: Workbench) -> Operation:
        table = bench.table(self.table)
        before = {name: getattr(table, name) for name in self.values}
        for name, value in self.values.items():
            setattr(table, name, value)
        table.save(update_fields=[*self.values, "updated_at"])
        bench.touch(table)
        bench.tell(table, "renamed" if "label" in self.values else "changed")
        return ChangeTable(self.table, before)


@operation
@dataclasses.dataclass(frozen=True)
class ReorderFields(Operation):
    """The order in which a table shows its fields; those not named come last, as they were.

    Fields in the trash keep their places among them. `positions` are places to return to, on the way back.
    """

    op = "reorder_fields"
    label = _("Fields put in order")
    lock = NOTHING

    fields: list[str] = dataclasses.field(default_factory=list)
    positions: dict[str, int] = dataclasses.field(default_factory=dict)

    def is_idle(self, bench: Workbench) -> bool:
        now = [str(field.pk) for field in bench.table(self.table).fields.all()]
        return now[: len(self.fields)] == self.fields

    def apply(self, bench: Workbench) -> Operation:
        table = bench.table(self.table)
        fields = list(table.fields.all())
        before = {str(field.pk): field.position for field in fields}
        positions = self.positions or self._places(before)
        for field in fields:
            field.position = positions.get(str(field.pk), field.position)
        Field.objects.bulk_update(fields, ["position"])
        bench.touch(table)
        return ReorderFields(self.table, positions=before)

    def _places(self, before: dict[str, int]) -> dict[str, int]:
        """The places that the fields have, in the new order; of two in one place the second moves on."""
        wanted = {pk: number for number, pk in enumerate(self.fields)}
        order = sorted(before, key=lambda pk: wanted.get(pk, len(wanted)))
        return dict(zip(order, accumulate(before.values(), lambda last, place: max(last + 1, place)), strict=True))


def _differing(thing: Any, values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if getattr(thing, name) != value}
