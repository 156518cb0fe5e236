"""What goes where: the columns of a file, the fields they fill, and the SQL that reads the one as the other."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from psycopg2 import sql

from nocode.studio.importing.staging import Staging, cell
from nocode.studio.layouts import Layout
from nocode.studio.models import Field


@dataclass(frozen=True)
class Mapped:
    """A column of the file that fills a field."""

    index: int
    name: str
    field: Field

    @property
    def raw(self) -> sql.Composable:
        """The cell as text, in a row of `v`."""
        return sql.SQL("v.{}").format(cell(self.index))

    @property
    def value(self) -> sql.Composable:
        """What the cell means, in a row of `v`."""
        return sql.SQL("v.{}").format(sql.Identifier(f"v{self.index}"))

    @property
    def column(self) -> sql.Identifier:
        return sql.Identifier(self.field.physical_name)

    def converted(self, layout: Layout) -> sql.Composable:
        text = sql.SQL("s.{}").format(cell(self.index))
        return self.field.type.from_cell(text, self.field, layout)


@dataclass(frozen=True)
class Plan:
    """An import into one table. With `keys` (physical names), rows that are there already are updated."""

    layout: Layout
    staging: Staging
    columns: list[Mapped]
    keys: list[str] = field(default_factory=list)

    def converted(self, where: sql.Composable | None = None) -> sql.Composable:
        """The rows with their cells (`c0` …) and what these mean (`v0` …), each worked out once, as the table `v`."""
        parts = [sql.SQL("s.n, s.fault")]
        for mapped in self.columns:
            parts.append(sql.SQL("s.{}").format(cell(mapped.index)))
            parts.append(sql.SQL("{} AS {}").format(mapped.converted(self.layout), sql.Identifier(f"v{mapped.index}")))
        # OFFSET 0 keeps the planner from putting the conversions wherever a value is used.
        return sql.SQL("(SELECT {} FROM {} AS s WHERE {} OFFSET 0) AS v").format(
            sql.SQL(", ").join(parts), self.staging.target, where or sql.SQL("TRUE")
        )

    def bad(self, mapped: Mapped) -> sql.Composable:
        """Whether a cell says something the field cannot take, or nothing where something is needed."""
        if mapped.field.required or mapped.field.physical_name in self.keys:
            return sql.SQL("({} IS NULL)").format(mapped.value)
        return sql.SQL("({0} IS NULL AND {1} IS NOT NULL AND public.nocode_trim({1}) <> '')").format(
            mapped.value, mapped.raw
        )

    def good_row(self) -> sql.Composable:
        """Whether nothing is wrong with a row of `v`."""
        checks = [sql.SQL("NOT {}").format(self.bad(mapped)) for mapped in self.columns]
        return sql.SQL(" AND ").join([sql.SQL("v.fault IS NULL"), *checks])

    def key_columns(self) -> list[Mapped]:
        return [mapped for mapped in self.columns if mapped.field.physical_name in self.keys]

    def same_key(self) -> sql.Composable:
        """Whether a row `t` of the table has the key of a row of `v`."""
        return sql.SQL(" AND ").join(
            sql.SQL("t.{} = {}").format(mapped.column, mapped.value) for mapped in self.key_columns()
        )

    def unmapped_defaults(self) -> Iterator[tuple[sql.Identifier, sql.Composable]]:
        """What fields get that no column fills: their default."""
        filled = {mapped.field.physical_name for mapped in self.columns}
        for name, each in self.layout.writable.items():
            if name in filled or each.default is None or each.type.column is None:
                continue
            value: Any = each.type.clean(each.default, each.settings)
            if value is not None:
                yield sql.Identifier(name), sql.Literal(each.type.adapt(value))


def can_be_filled(each: Field) -> bool:
    """Whether a column of a file may fill a field: it is written by people, and has a column of its own."""
    return each.type.column is not None and not each.type.is_computed
