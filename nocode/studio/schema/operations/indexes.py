"""Indexes: asked for here, built by a job beside the work of others, gone and asked for again with their columns."""

from __future__ import annotations

import dataclasses
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from nocode.foundation.ids import uuid7
from nocode.studio.errors import FieldMissing, NameTaken, SchemaRefused
from nocode.studio.models import DataTable, TableIndex
from nocode.studio.schema import ddl, names
from nocode.studio.schema.operations.base import Operation, operation
from nocode.studio.schema.workbench import Workbench

Kind = TableIndex.Kind


@operation
@dataclasses.dataclass(frozen=True)
class AddIndex(Operation):
    """An index for filters and sorting by some columns, or for searching words in all of them."""

    op = "add_index"
    label = _("Index asked for")
    lock = "SHARE UPDATE EXCLUSIVE"

    index: str = ""
    kind: str = Kind.ORDER
    columns: list[str] = dataclasses.field(default_factory=list)

    def prepared(self, bench: Workbench) -> AddIndex:
        table = bench.table(self.table)
        columns = searchable(table) if self.kind == Kind.SEARCH else _sortable(table, self.columns)
        if not columns:
            raise SchemaRefused(gettext("“%(table)s” has no field to search in.") % {"table": table})
        same = {} if self.kind == Kind.SEARCH else {"columns": columns}
        if table.indexes.filter(kind=self.kind, **same).exists():
            raise NameTaken(gettext("“%(table)s” already has this index.") % {"table": table})
        return dataclasses.replace(self, index=str(uuid7()), columns=columns)

    def says(self, bench: Workbench) -> str:
        return gettext("An index is built beside the work of others.")

    def apply(self, bench: Workbench) -> Operation:
        table = bench.table(self.table)
        request_indexes(bench, table, [{"id": self.index, "kind": self.kind, "columns": self.columns}])
        bench.touch(table)
        return DropIndex(self.table, self.index)


@operation
@dataclasses.dataclass(frozen=True)
class DropIndex(Operation):
    """An index less; it can be built again at any time."""

    op = "drop_index"
    label = _("Index dropped")

    index: str = ""

    def apply(self, bench: Workbench) -> Operation:
        table = bench.table(self.table)
        index = table.indexes.filter(pk=self.index).first()
        if index is None:
            raise FieldMissing(gettext("“%(table)s” has no such index.") % {"table": table})
        inverse = AddIndex(self.table, self.index, index.kind, index.columns)
        _drop(bench, index)
        bench.touch(table)
        return inverse


def request_indexes(bench: Workbench, table: DataTable, wanted: list[dict[str, Any]]) -> None:
    """Have indexes built after the change is committed."""
    for each in wanted:
        index = TableIndex.objects.create(pk=each["id"], table=table, kind=each["kind"], columns=each["columns"])
        bench.tell(index, "requested")


def drop_indexes_of(bench: Workbench, table: DataTable, column: str) -> list[dict[str, Any]]:
    """Drop the indexes by a column that goes or changes; answers what `request_indexes` takes. Not the search index."""
    found = [index for index in table.indexes.filter(kind=Kind.ORDER) if column in index.columns]
    described = [{"id": str(index.pk), "kind": index.kind, "columns": index.columns} for index in found]
    for index in found:
        _drop(bench, index)
    return described


def drop_search(bench: Workbench, table: DataTable) -> None:
    """Drop the search index before a column it reads gets another type; `refresh_search` has it built again."""
    for index in table.indexes.filter(kind=Kind.SEARCH):
        bench.run(ddl.drop_index(bench.place(table).schema, index.physical_name))


def refresh_search(bench: Workbench, table: DataTable, *, force: bool = False) -> None:
    """Have the search index built again when the table has other searchable fields than when it was built."""
    index = table.indexes.filter(kind=Kind.SEARCH).first()
    columns = searchable(table)
    if index is None or (index.columns == columns and not force):
        return
    if not columns:
        _drop(bench, index)
        return
    drop_search(bench, table)
    index.columns, index.state, index.error = columns, TableIndex.State.BUILDING, ""
    index.save()
    bench.tell(index, "requested")


def searchable(table: DataTable) -> list[str]:
    """The columns of the search index, whatever the order of the fields."""
    fields = table.fields.all()
    return sorted(field.physical_name for field in fields if field.type.searchable and field.type.column)


def _drop(bench: Workbench, index: TableIndex) -> None:
    bench.run(ddl.drop_index(bench.place(index.table).schema, index.physical_name))
    bench.tell(index, "dropped")
    TableIndex.objects.filter(pk=index.pk).delete()


def _sortable(table: DataTable, columns: list[str]) -> list[str]:
    known = {field.physical_name for field in table.fields.all() if field.type.column and field.type.sortable}
    for column in columns:
        if column not in known and column not in names.SYSTEM_COLUMNS:
            raise FieldMissing(
                gettext("“%(table)s” has no field “%(name)s” that rows can be sorted by.")
                % {"table": table, "name": column}
            )
    return list(dict.fromkeys(columns))
