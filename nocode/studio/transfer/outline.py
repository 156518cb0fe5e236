"""From a project to its `project.json`: all its structure as plain values, naming tables and fields by their keys."""

from collections.abc import Sequence
from typing import Any

from nocode.studio.models import DataTable, Field, Project, TableIndex
from nocode.studio.transfer.format import FORMAT, VERSION
from nocode.studio.transfer.names import Keys, view_renamed
from nocode.studio.transfer.pages import pages_of
from nocode.studio.transfer.rows import file_fields, people_fields


def tables_of(project: Project) -> list[DataTable]:
    """The tables of a project with all that belongs to them, in the order of the file."""
    tables = project.tables.prefetch_related("fields", "indexes", "views").order_by("created_at", "pk")
    for table in tables:
        table.project = project
    return list(tables)


def outline(
    project: Project, tables: Sequence[DataTable], keys: Keys, *, with_rows: bool, is_moving: bool = True
) -> dict[str, Any]:
    """The structure, made to go with the rows or without them.

    With `is_moving`, without what only the project's own organization understands: who people are.
    """
    writing = _Writing(keys, with_rows, is_moving)
    return {
        "format": FORMAT,
        "version": VERSION,
        "name": project.name,
        "description": project.description,
        "tables": [writing.table(table) for table in tables],
        "pages": pages_of(project, tables, keys),
    }


class _Writing:
    def __init__(self, keys: Keys, with_rows: bool, is_moving: bool):
        self.keys, self.with_rows, self.is_moving = keys, with_rows, is_moving

    def table(self, table: DataTable) -> dict[str, Any]:
        columns = self.keys.columns[table.pk]
        return {
            "key": self.keys.tables[str(table.pk)],
            "label": table.label,
            "description": table.description,
            "display": columns.get(table.display_name, ""),
            "fields": [self._field(field, table) for field in table.fields.all()],
            "indexes": [self._index(index, columns) for index in table.indexes.all()],
            "views": [
                {"name": view.name, "settings": view_renamed(view.settings, columns)}
                for view in table.views.all()
                if view.owner_id is None and view.name
            ],
        }

    def _index(self, index: TableIndex, columns: dict[str, str]) -> dict[str, Any]:
        """One for searching finds its columns by itself."""
        named = [] if index.kind == index.Kind.SEARCH else [columns.get(name, name) for name in index.columns]
        return {"kind": index.kind, "columns": named}

    def _field(self, field: Field, table: DataTable) -> dict[str, Any]:
        return {
            "key": self.keys.columns[table.pk][field.physical_name],
            "label": field.label,
            "kind": field.kind,
            "required": field.required,
            "unique": field.unique,
            "settings": field.type.renamed(field.settings, self.keys.of(table)),
            "default": self._default(field),
            "help_text": field.help_text,
        }

    def _default(self, field: Field) -> Any:
        """What new rows get, unless it names what is not there: a person elsewhere, a row, a file of this project."""
        left_behind = (
            (people_fields([field]) and self.is_moving)
            or (field.type.is_relation and not self.with_rows)
            or file_fields([field])
        )
        return None if left_behind else field.default
