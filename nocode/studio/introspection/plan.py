"""A plan says which tables a schema becomes, what is copied into their fields, and what is left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from psycopg2 import sql

from nocode.studio.fields import field_types
from nocode.studio.introspection.ways import Way
from nocode.studio.schema.catalog import Column, Constraint, Table
from nocode.studio.schema.manager import NewField


@dataclass(eq=False)
class FieldPlan:
    """A field, and the column it comes from. A relation leads to rows of `target`, found by its `target_column`."""

    column: Column
    label: str
    way: Way | None
    position: int
    required: bool = False
    unique: bool = False
    default: Any = None
    target: TablePlan | None = None
    target_column: str = ""
    on_delete: str = "restrict"
    is_late: bool = False  # filled when all rows are there: two tables lead to each other

    @property
    def kind(self) -> str:
        return "relation" if self.target else self.way.kind

    @property
    def type_label(self) -> str:
        """Its type as people read it."""
        return field_types[self.kind].label

    def new(self, settings: dict[str, Any]) -> NewField:
        """What SchemaManager takes; of a relation the settings name the table it leads to."""
        return NewField(
            self.label,
            self.kind,
            required=self.required and not self.is_late,
            unique=self.unique,
            settings=settings,
            default=self.default,
            help_text=self.column.comment[:300],
            position=self.position,
        )


@dataclass(eq=False)
class TablePlan:
    """A table. The values of `key`, whole numbers from 1 on, stay the numbers of its rows; without, they get new ones.

    `left_out` are sentences about what does not come along, `notes` about what comes along differently.
    """

    source: Table
    label: str
    key: str = ""
    rows: int = 0
    fields: list[FieldPlan] = field(default_factory=list)
    indexes: list[list[FieldPlan]] = field(default_factory=list)
    link_labels: list[str] = field(default_factory=list)  # of its relations to many rows
    left_out: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def target(self) -> sql.Identifier:
        """The table it comes from."""
        return sql.Identifier(self.source.schema, self.source.name)

    @property
    def relations(self) -> list[FieldPlan]:
        return [each for each in self.fields if each.target]

    def field_of(self, column: str) -> FieldPlan | None:
        """The field that a column becomes."""
        return next((each for each in self.fields if each.column.name == column), None)


@dataclass(eq=False)
class LinkPlan:
    """A table of pairs that becomes a relation to many rows: of `owner`, by `ours`, to `other`, by `theirs`."""

    source: Table
    owner: TablePlan
    other: TablePlan
    ours: Constraint
    theirs: Constraint
    label: str
    rows: int = 0

    @property
    def target(self) -> sql.Identifier:
        return sql.Identifier(self.source.schema, self.source.name)


@dataclass(eq=False)
class Plan:
    """A whole schema. The tables are in the order in which their rows can be written."""

    schema: str
    tables: list[TablePlan]
    links: list[LinkPlan]
    left_out: list[str]
    is_whole: bool = True  # all rows were looked at; else the first ones of large tables only

    @property
    def rows(self) -> int:
        return sum(each.rows for each in (*self.tables, *self.links))

    @property
    def by_name(self) -> list[TablePlan]:
        """The tables as people look for them."""
        return sorted(self.tables, key=lambda table: table.source.name)

    def remarks(self) -> Iterator[tuple[str, list[str], list[str]]]:
        """What is left out and what is different: (name, left out, different), the schema's own first."""
        if self.left_out:
            yield self.schema, self.left_out, []
        for each in self.by_name:
            if each.left_out or each.notes:
                yield each.source.name, each.left_out, each.notes
