"""What somebody made in the database by other means becomes a table or a field: with its rows, where it is."""

from __future__ import annotations

import dataclasses
from typing import Any
from uuid import UUID

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from psycopg2 import sql

from nocode.foundation.ids import uuid7
from nocode.foundation.services import billing
from nocode.studio.errors import TableMissing
from nocode.studio.models import DataTable, Field
from nocode.studio.schema import catalog, mending, names
from nocode.studio.schema.operations import specs
from nocode.studio.schema.operations.base import Operation, operation
from nocode.studio.schema.operations.indexes import refresh_search
from nocode.studio.schema.operations.specs import NewField
from nocode.studio.schema.operations.trash import RestoreField, RestoreTable, TrashField, TrashTable
from nocode.studio.schema.workbench import Workbench


@operation
@dataclasses.dataclass(frozen=True)
class AdoptTable(Operation):
    """A table of the database becomes one of the project; its columns become fields afterwards, one by one.

    It gets the columns that every table has; a column that is in their way gets another name.
    """

    op = "adopt_table"
    label = _("Table taken in")

    found: str = ""
    name: str = ""
    physical_name: str = ""

    def prepared(self, bench: Workbench) -> AdoptTable:
        label = bench.free_table_label(self.name)
        name = names.table_name(self.found, bench.taken_names() - {self.found})
        return dataclasses.replace(self, table=self.table or str(uuid7()), name=label, physical_name=name)

    def apply(self, bench: Workbench) -> Operation:
        if bench.has_trashed(DataTable, self.table):  # made again after it was undone
            return RestoreTable(self.table).apply(bench)
        billing.require(bench.project.organization_id, "tables")
        there = found_table(bench, self.found)
        table = DataTable.objects.create(
            pk=UUID(self.table),
            project=bench.project,
            label=self.name,
            physical_name=self.physical_name,
            description=there.comment,
        )
        place = bench.place(table)
        if self.physical_name != self.found:
            bench.run(mending.rename_table(place, self.found))
        bench.run(*mending.system_columns(place, there), *mending.put_trigger(place))
        bench.touch(table)
        bench.tell(table, "created")
        return TrashTable(self.table)


@operation
@dataclasses.dataclass(frozen=True)
class AdoptField(Operation):
    """A column of the database becomes a field; `replaces` are the rules of the column that the field's take over."""

    op = "adopt_field"
    label = _("Column taken in")

    column: str = ""
    new: dict[str, Any] = dataclasses.field(default_factory=dict)
    replaces: list[str] = dataclasses.field(default_factory=list)

    def prepared(self, bench: Workbench) -> AdoptField:
        table = bench.table(self.table)
        others = list(specs.all_fields(table))
        last = max((other.position for other in others), default=-1)
        new = specs.prepared(bench, table, NewField(**self.new), others, last + 1)
        there = set(found_table(bench, table.physical_name).columns) - {self.column}
        taken = there | {other.physical_name for other in others}
        new = dataclasses.replace(new, physical_name=names.column_name(self.column, taken))
        return dataclasses.replace(self, new=dataclasses.asdict(new))

    def apply(self, bench: Workbench) -> Operation:
        new = NewField(**self.new)
        if bench.has_trashed(Field, new.id):  # made again after it was undone
            return RestoreField(self.table, new.id).apply(bench)
        table = bench.table(self.table)
        there = found_table(bench, table.physical_name).columns.get(self.column)
        if there is None:
            raise TableMissing(gettext("The column “%(column)s” is not there any more.") % {"column": self.column})
        field = new.build(table)
        place = bench.place(table)
        bench.run(*mending.drop_constraints(place, self.replaces))
        if field.physical_name != self.column:
            bench.run(mending.rename_column(place, self.column, field.physical_name))
            bench.imagine(field, sql.Identifier(self.column))
        if there.default and field.default is None:
            names = {"column": self.column, "default": there.default}
            bench.note(gettext("“%(column)s” is not filled with %(default)s any more.") % names)
        field.save(force_insert=True)
        mending.reshape(bench, place, field, there)
        bench.run(*field.type.prepare(field, place))
        mending.keep_rules(bench, place, field)
        bench.run(*field.type.create(field, place))
        refresh_search(bench, table)
        bench.touch(table)
        bench.tell(field, "created")
        return TrashField(self.table, new.id)


def found_table(bench: Workbench, name: str) -> catalog.Table:
    """A table as it is in the database now. Raises TableMissing."""
    found = catalog.tables(bench.project.schema_name, only=name).get(name)
    if found is None:
        raise TableMissing(gettext("The table “%(name)s” is not in the database.") % {"name": name})
    return found
