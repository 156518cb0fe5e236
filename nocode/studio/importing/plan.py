"""What goes where: the columns of a file, the fields they fill, and the SQL that reads the one as the other."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from psycopg2 import sql

from nocode.studio.fields import lists
from nocode.studio.fields.conversions import call
from nocode.studio.importing.linking import Linking
from nocode.studio.importing.staging import Staging, cell
from nocode.studio.layouts import Layout
from nocode.studio.models import Field


@dataclass(frozen=True)
class Mapped:
    """A column of the file that fills a field: with what its texts say, or with the rows that they name."""

    index: int
    name: str
    field: Field
    separator: str = ""  # between the values of a list, one of `lists.BETWEEN`; empty: what each cell suggests
    linking: Linking | None = None

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

    @property
    def is_stored(self) -> bool:
        """Whether the value stands in the row; links to several rows stand in a table of their own."""
        return self.field.type.column is not None

    def converted(self) -> sql.Composable:
        """What the cell means, in a row of `s`."""
        if self.linking:
            return self.linking.value
        text: sql.Composable = sql.SQL("s.{}").format(cell(self.index))
        if self.separator:
            text = sql.SQL("to_jsonb({})::text").format(call("words", text, lists.BETWEEN[self.separator], ""))
        return self.field.type.from_text(text, self.field.settings)


@dataclass(frozen=True)
class Plan:
    """An import into one table. With `keys` (physical names), rows that are there already are updated.

    `places` is a table that knows the rows before they are written, as links need it: `n`, `row_id` and `is_new`.
    """

    layout: Layout
    staging: Staging
    columns: list[Mapped]
    keys: list[str] = field(default_factory=list)
    places: sql.Identifier | None = None

    @property
    def stored(self) -> list[Mapped]:
        """The columns whose values stand in the row."""
        return [mapped for mapped in self.columns if mapped.is_stored]

    @property
    def linked(self) -> list[Mapped]:
        """The columns whose values are links in a table of their own."""
        return [mapped for mapped in self.columns if not mapped.is_stored]

    @property
    def linkings(self) -> list[Linking]:
        """What is found out about columns that name rows of other tables."""
        return [mapped.linking for mapped in self.columns if mapped.linking]

    def converted(self, where: sql.Composable | None = None) -> sql.Composable:
        """The rows with their cells (`c0` …) and what these mean (`v0` …), each worked out once, as the table `v`."""
        parts, joins = [sql.SQL("s.n, s.fault")], [linking.join for linking in self.linkings]
        for mapped in self.columns:
            parts.append(sql.SQL("s.{}").format(cell(mapped.index)))
            parts.append(sql.SQL("{} AS {}").format(mapped.converted(), sql.Identifier(f"v{mapped.index}")))
        if self.places:
            parts.append(sql.SQL("p.row_id, p.is_new"))
            joins.append(sql.SQL("LEFT JOIN {} AS p ON p.n = s.n").format(self.places))
        # OFFSET 0 keeps the planner from putting the conversions wherever a value is used.
        return sql.SQL("(SELECT {} FROM {} AS s {} WHERE {} OFFSET 0) AS v").format(
            sql.SQL(", ").join(parts), self.staging.target, sql.SQL(" ").join(joins), where or sql.SQL("TRUE")
        )

    def bad(self, mapped: Mapped) -> sql.Composable:
        """Whether a cell says something the field cannot take, or nothing where something is needed."""
        if mapped.field.required or mapped.field.physical_name in self.keys:
            return sql.SQL("({} IS NULL)").format(mapped.value)
        says_something = sql.SQL("public.nocode_trim({}) <> ''").format(mapped.raw)
        if mapped.linking:  # an empty list says nothing
            says_something = sql.SQL("{} IS NOT NULL").format(mapped.linking.words_of(mapped.raw))
        return sql.SQL("({0} IS NULL AND {1} IS NOT NULL AND {2})").format(mapped.value, mapped.raw, says_something)

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


def defaults(layout: Layout, filled: Collection[str]) -> Iterator[tuple[sql.Identifier, sql.Composable]]:
    """What the fields of new rows get that nothing fills: their default."""
    for name, each in layout.writable.items():
        if name in filled or each.default is None or each.type.column is None:
            continue
        value: Any = each.type.clean(each.default, each.settings)
        if value is not None:
            yield sql.Identifier(name), sql.Literal(each.type.adapt(value))


def can_be_filled(each: Field) -> bool:
    """Whether a column of a file may fill a field: people write it, into the row or as links to others."""
    return not each.type.is_computed and (each.type.column is not None or each.type.is_relation)
