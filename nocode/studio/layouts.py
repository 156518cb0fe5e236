"""What a process knows about a table without asking again."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg2 import sql

from nocode.foundation.prepared import Prepared
from nocode.studio.errors import TableMissing
from nocode.studio.fields import FieldType, field_types
from nocode.studio.models import DataTable, Field

# Columns of every table, with the type that reads and compares them.
SYSTEM_FIELDS: dict[str, FieldType] = {
    "id": field_types["integer"],
    "created_at": field_types["datetime"],
    "updated_at": field_types["datetime"],
}
SYSTEM_LABELS = {
    "id": gettext_lazy("Row"),
    "created_at": gettext_lazy("created"),
    "updated_at": gettext_lazy("updated"),
}


@dataclass(frozen=True)
class Column:
    """What can be read, compared and sorted: a field, or a column every table has.

    `type` reads the value; `sql` is the value in a row of the table `t`.
    """

    name: str
    label: str
    type: FieldType
    sql: sql.Composable
    settings: dict[str, Any]
    field: Field | None = None

    @property
    def is_writable(self) -> bool:
        return self.field is not None and not self.field.type.is_computed


@dataclass(frozen=True)
class Layout:
    """A table's place and fields."""

    table_id: UUID
    project_id: UUID
    organization_id: UUID
    label: str
    schema: str
    physical_name: str
    fields: dict[str, Field]

    @cached_property
    def target(self) -> sql.Identifier:
        return sql.Identifier(self.schema, self.physical_name)

    @cached_property
    def columns(self) -> dict[str, Column]:
        """Every column that can be read, in order: those every table has, then the fields."""
        system = {
            name: Column(name, SYSTEM_LABELS[name], kind, sql.Identifier("t", name), {})
            for name, kind in SYSTEM_FIELDS.items()
        }
        return system | {name: self._column(field) for name, field in self.fields.items()}

    @cached_property
    def types(self) -> dict[str, FieldType]:
        """The types that read them."""
        return {name: column.type for name, column in self.columns.items()}

    @cached_property
    def writable(self) -> dict[str, Field]:
        """The fields that people fill in."""
        return {name: field for name, field in self.fields.items() if not field.type.is_computed}

    def _column(self, field: Field) -> Column:
        kind = field.type
        value = kind.expression(field, self, "t")
        return Column(field.physical_name, field.label, kind.reader(field, self), value, field.settings, field)


def layout_of(table: DataTable) -> Layout:
    """The table's layout as of when `table` was read from the database.

    `updated_at` is the version: SchemaManager moves it with every change, so the row the caller has just read tells
    whether what this process remembers is still true, whoever changed it and wherever. Raises TableMissing.
    """
    return _layout(table.pk, table.updated_at)


_NAMED = Prepared(
    "table_named",
    """
SELECT id, updated_at FROM studio_datatable
WHERE project_id = %(project)s AND physical_name = %(table)s AND trashed_at IS NULL
""",
    project="uuid",
    table="text",
)


def table_named(project_id: UUID, physical_name: str) -> DataTable | None:
    """A project's table by its name in the database: what `layout_of` needs of it; the rest is read when asked for."""
    with connection.cursor() as cursor:
        _NAMED.execute(cursor, {"project": project_id, "table": physical_name})
        row = cursor.fetchone()
    return row and DataTable.from_db(connection.alias, ["id", "updated_at"], row)


@lru_cache(maxsize=1024)
def _layout(table_id: UUID, version: datetime) -> Layout:
    table = DataTable.objects.select_related("project").prefetch_related("fields").filter(pk=table_id).first()
    if table is None:
        raise TableMissing(_("This table was deleted."), table=table_id)
    return Layout(
        table_id=table.pk,
        project_id=table.project_id,
        organization_id=table.project.organization_id,
        label=table.label,
        schema=table.project.schema_name,
        physical_name=table.physical_name,
        fields={field.physical_name: field for field in table.fields.all()},
    )
