"""What a process knows about a table without asking again."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import connection, models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg2 import sql

from nocode.foundation.prepared import Prepared
from nocode.studio.depth import opened, refuse_too_much
from nocode.studio.errors import FieldBroken, TableChanged, TableMissing
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

    `type` with `settings` reads the value; `sql` is the value in a row of the table `t`. `label_sql` is what people
    read instead: the label of a related row, as text, or those of several, as a JSON list in the order of their ids.
    """

    name: str
    label: str
    type: FieldType
    sql: sql.Composable
    settings: dict[str, Any]
    field: Field | None = None
    label_sql: sql.Composable | None = None
    is_broken: bool = False  # Layout.problem tells why

    @property
    def is_writable(self) -> bool:
        return self.field is not None and not self.field.type.is_computed

    @property
    def text(self) -> sql.Composable:
        """What people read of it, as text in SQL."""
        if self.label_sql is not None:
            return self.type.label_text(self.label_sql)
        return self.type.to_text(self.sql, self.settings)


@dataclass(frozen=True)
class Layout:
    """A table's place and fields, and the way to the tables that its fields look into."""

    table_id: UUID
    project_id: UUID
    organization_id: UUID
    label: str
    schema: str
    physical_name: str
    fields: dict[str, Field]
    display_name: str = ""
    search_columns: tuple[str, ...] = ()  # what the search index reads, as soon as it is ready
    order_columns: tuple[str, ...] = ()  # what the other indexes that are ready begin with
    family: dict[UUID, "Layout"] = dataclass_field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def target(self) -> sql.Identifier:
        return sql.Identifier(self.schema, self.physical_name)

    @cached_property
    def columns(self) -> dict[str, Column]:
        """Every column that can be read, in order: those every table has, then the fields."""
        return self._system("t") | {name: self._readable(field) for name, field in self.fields.items()}

    @cached_property
    def types(self) -> dict[str, FieldType]:
        """The types that read them."""
        return {name: column.type for name, column in self.columns.items()}

    @cached_property
    def writable(self) -> dict[str, Field]:
        """The fields that people fill in."""
        return {name: field for name, field in self.fields.items() if not field.type.is_computed}

    @cached_property
    def indexed(self) -> frozenset[str]:
        """The columns by whose value rows are found without reading them all."""
        by_rule = (name for name, field in self.fields.items() if field.unique or field.type.is_relation)
        return frozenset({"id", *self.order_columns, *by_rule})

    @cached_property
    def by_id(self) -> dict[str, Field]:
        """The fields by their id, as settings name them."""
        return {str(field.pk): field for field in self.fields.values()}

    def column(self, field: Field, alias: str = "t") -> Column:
        """The field as it is read from a row of this table that the statement calls `alias`. Raises FieldBroken."""
        known = self._seen.get((field.pk, alias))
        if known is None:
            with opened(field):
                kind, (reader, settings) = field.type, field.type.reading(field, self)
                value, label = kind.expression(field, self, alias), kind.label_sql(field, self, alias)
                refuse_too_much(field, value)
            known = Column(field.physical_name, field.label, reader, value, settings, field, label)
            self._seen[field.pk, alias] = known
        return known

    def named(self, name: str, alias: str) -> Column | None:
        """A column by its physical name, in a row called `alias`. Raises FieldBroken."""
        if name in self.fields:
            return self.column(self.fields[name], alias)
        return self._system(alias).get(name)

    def problem(self, name: str) -> str:
        """Why a field cannot be read; empty when it can."""
        try:
            self.column(self.fields[name])
        except FieldBroken as error:
            return error.message
        return ""

    def problems(self) -> dict[str, str]:
        """The fields that cannot be read, with the reason, by physical name."""
        return {name: self.problem(name) for name, column in self.columns.items() if column.is_broken}

    def title(self, alias: str) -> sql.Composable:
        """The label of a row called `alias`: what its table's naming field says, else its number."""
        number = sql.SQL("'#' || {}::text").format(sql.Identifier(alias, "id"))
        field = self.naming
        try:
            words = field and self.column(field, alias).text
        except FieldBroken:  # a table named by a relation to a table that is named by a relation to it
            words = None
        return number if words is None else sql.SQL("coalesce(nullif({}, ''), {})").format(words, number)

    @cached_property
    def naming(self) -> Field | None:
        """The field whose value tells rows apart for people: the chosen one, else the first with text."""
        words = (field for field in self.fields.values() if field.type.column == "text")
        return self.fields.get(self.display_name) or next(words, None)

    def related(self, table_id: Any) -> "Layout":
        """The layout of another table of the project. Raises FieldBroken when there is none, or none any more."""
        key = UUID(str(table_id))
        if key not in self.family:
            table = _tables().filter(pk=key, project=self.project_id).first()
            if table is None:
                raise FieldBroken(_("The table it leads to is not there."))
            self.family[key] = _laid_out(table, self.family)
        return self.family[key]

    def reverse(self) -> list[Field]:
        """The relations of the project's tables that lead to this one, with their tables."""
        return self._leading_here

    @cached_property
    def _leading_here(self) -> list[Field]:
        return list(
            Field.objects.select_related("table")
            .filter(table__project=self.project_id, table__trashed_at=None, settings__table=str(self.table_id))
            .filter(kind__in=[each.kind for each in field_types if each.is_relation])
            .order_by("table__label", "position")
        )

    @cached_property
    def _seen(self) -> dict[tuple[UUID, str], Column]:
        return {}

    def _system(self, alias: str) -> dict[str, Column]:
        return {
            name: Column(name, SYSTEM_LABELS[name], kind, sql.Identifier(alias, name), {})
            for name, kind in SYSTEM_FIELDS.items()
        }

    def _readable(self, field: Field) -> Column:
        try:
            return self.column(field)
        except FieldBroken:
            nothing, name = sql.SQL("NULL::text"), field.physical_name
            return Column(name, field.label, field_types["text"], nothing, {}, field, is_broken=True)


def layout_of(table: DataTable) -> Layout:
    """The table's layout as of when `table` was read from the database.

    `updated_at` is the version: SchemaManager moves it with every change, so the row the caller has just read tells
    whether what this process remembers is still true, whoever changed it and wherever. Raises TableMissing.
    """
    return _layout(table.pk, table.updated_at)


# What types say of values of others: the field has, or had, another one.
OF_OTHER_TYPES = (ValidationError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError)


def changed_meanwhile(layout: Layout) -> TableChanged:
    """The refusal to go on with such a layout."""
    return TableChanged(_("The fields of “%(table)s” were changed meanwhile. Try again.") % {"table": layout.label})


@contextmanager
def values_of(layout: Layout) -> Iterator[None]:
    """Values are read by the types of a layout. Raises TableChanged where the table has other types by now."""
    try:
        yield
    except OF_OTHER_TYPES:
        table = DataTable.objects.filter(pk=layout.table_id).first()
        if table is None or layout_of(table) is not layout:
            raise changed_meanwhile(layout) from None
        raise


def try_out(field: Field) -> None:
    """Raise FieldBroken when a field, saved or not, cannot be read with the other fields as they are now."""
    table = _tables().filter(pk=field.table_id).first()
    if table is not None:
        layout = _laid_out(table, {})
        layout.fields[field.physical_name] = field
        layout.column(field)


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
    table = _tables().filter(pk=table_id).first()
    if table is None:
        raise TableMissing(_("This table was deleted."), table=table_id)
    return _laid_out(table, {})


def _tables() -> models.QuerySet[DataTable]:
    return DataTable.objects.select_related("project").prefetch_related("fields", "indexes")


def _laid_out(table: DataTable, family: dict[UUID, Layout]) -> Layout:
    """The layout of a table that was read with its project and fields, among those it was read with."""
    family[table.pk] = Layout(
        table_id=table.pk,
        project_id=table.project_id,
        organization_id=table.project.organization_id,
        label=table.label,
        schema=table.project.schema_name,
        physical_name=table.physical_name,
        fields={field.physical_name: field for field in table.fields.all()},
        display_name=table.display_name,
        search_columns=next((tuple(each.columns) for each in table.indexes.all() if each.searches), ()),
        order_columns=tuple(each.columns[0] for each in table.indexes.all() if each.orders),
        family=family,
    )
    return family[table.pk]
