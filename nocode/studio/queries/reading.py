"""Reading rows: in an order, a page at a time, counted, added up, grouped."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from psycopg2 import sql

from nocode.studio.errors import QueryRefused
from nocode.studio.layouts import Column, Layout, values_of
from nocode.studio.queries.conditions import known, one_of

MEASURES = frozenset({"sum", "avg", "min", "max"})
MOST_KEYS = 5


@dataclass(frozen=True)
class Key:
    """One column of an order. Where people read titles of other rows (`titles`), these are what is sorted.

    `alias` is how the statement calls the titles.
    """

    column: Column
    descending: bool
    titles: sql.Composable | None = None
    alias: str = ""

    @property
    def by(self) -> sql.Composable:
        """What rows are compared by."""
        return self.column.sql if self.titles is None else sql.Identifier(self.alias, "label")

    @property
    def may_be_empty(self) -> bool:
        return self.column.field is not None and not self.column.field.required

    def join(self, *, first: bool = False) -> sql.Composable:
        """The titles beside the rows. For the `first` key of rows that have one they come in their order.

        PostgreSQL then goes from title to title and stops when a page is full, instead of sorting all rows.
        """
        if self.titles is None:
            return sql.SQL("")
        shape = " JOIN ({} ORDER BY label) AS {} ON {} = {}" if first else " LEFT JOIN ({}) AS {} ON {} = {}"
        name = sql.Identifier(self.alias)
        return sql.SQL(shape).format(self.titles, name, sql.Identifier(self.alias, "id"), self.column.sql)


@dataclass(frozen=True)
class Phase:
    """A part of the rows that an index gives in order; what follows in the order is in the next phase."""

    condition: sql.Composable
    order: sql.Composable
    joins: sql.Composable


def keys_of(layout: Layout, order: str | Iterable[str]) -> list[Key]:
    """Sort keys, `-` for descending; the id, which is always the last one, ends them. Raises QueryRefused.

    Unless it is named it goes the way of the key before it, as in the indexes.
    """
    names = [order] if isinstance(order, str) else list(order)
    if len(names) > MOST_KEYS:
        raise QueryRefused(_("Rows are sorted by at most %(max)d fields.") % {"max": MOST_KEYS})
    keys = []
    for place, name in enumerate(names):
        column = known(layout, name.removeprefix("-"))
        keys.append(Key(column, name.startswith("-"), titles_of(layout, column), f"k{place}"))
        if column.name == "id":
            return keys
    return [*keys, Key(layout.columns["id"], bool(keys) and keys[-1].descending)]


def start(layout: Layout, keys: Sequence[Key], record_id: int) -> sql.Composable:
    """Where a row stands in an order: the values of its keys."""
    return sql.SQL("SELECT {} FROM {} AS t{} WHERE t.id = {}").format(
        sql.SQL(", ").join(key.by for key in keys), layout.target, _joins(keys), sql.Literal(record_id)
    )


def phases(keys: Sequence[Key], start: Sequence[Any] | None, *, backwards: bool) -> list[Phase]:
    """The rows in an order, or those that come after a place in it (before it: `backwards`), nearest first.

    Empty values come last. Rows with and without a value for the first key are phases of their own, and so are those
    that share it with the row to go on from: each is in the order of an index, and `OR` would keep PostgreSQL from
    using it.
    """
    return _whole(keys, backwards) if start is None else _further(keys, start, backwards)


def select(
    layout: Layout,
    condition: sql.Composable,
    *,
    order: str | Iterable[str] = (),
    limit: int,
    offset: int = 0,
    phase: Phase | None = None,
    labels: bool = False,
) -> sql.Composable:
    """Rows in an order with empty values last, or those of a phase; with the `labels` of related rows behind them."""
    if phase is None:
        keys = keys_of(layout, order)
        phase = Phase(sql.SQL("TRUE"), _order(keys, False, last=True), _joins(keys))
    return sql.SQL("SELECT {} FROM {} AS t{} WHERE {} AND {} ORDER BY {} LIMIT {} OFFSET {}").format(
        columns(layout, labels=labels),
        layout.target,
        phase.joins,
        condition,
        phase.condition,
        phase.order,
        sql.Literal(limit),
        sql.Literal(offset),
    )


def by_ids(layout: Layout, ids: Iterable[int]) -> sql.Composable:
    """The rows with these ids, by id."""
    return sql.SQL("SELECT {} FROM {} AS t WHERE {} ORDER BY t.id").format(columns(layout), layout.target, one_of(ids))


def ids(layout: Layout, condition: sql.Composable, limit: int) -> sql.Composable:
    """The ids of the rows of a condition."""
    return sql.SQL("SELECT t.id FROM {} AS t WHERE {} LIMIT {}").format(layout.target, condition, sql.Literal(limit))


def measure(layout: Layout, function: str, name: str, condition: sql.Composable) -> sql.Composable:
    """One figure over a column."""
    if function not in MEASURES:
        raise QueryRefused(_("There is no figure “%(name)s”.") % {"name": function})
    return sql.SQL("SELECT {}({}) FROM {} AS t WHERE {}").format(
        sql.SQL(function), known(layout, name).sql, layout.target, condition
    )


def count(layout: Layout, condition: sql.Composable, at_most: int | None = None) -> sql.Composable:
    return sql.SQL("SELECT count(*) FROM (SELECT FROM {} AS t WHERE {} LIMIT {}) AS counted").format(
        layout.target, condition, sql.Literal(at_most)
    )


def estimate(layout: Layout) -> sql.Composable:
    """How many rows PostgreSQL remembers the table to have; negative when it never looked."""
    return sql.SQL("SELECT rows FROM ({}) AS known").format(extent(layout))


def extent(layout: Layout) -> sql.Composable:
    """How many rows and how many pages of the disk PostgreSQL remembers the table to have."""
    return sql.SQL(
        "SELECT reltuples::bigint AS rows, relpages FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace "
        "WHERE nspname = {} AND relname = {}"
    ).format(sql.Literal(layout.schema), sql.Literal(layout.physical_name))


def cost_of_reading(rows: int, pages: int) -> float:
    """What PostgreSQL reckons a table of this extent costs to be read whole, by the weights it comes with."""
    return pages + rows / 100


def explain(statement: sql.Composable) -> sql.Composable:
    """How PostgreSQL would answer a statement, as JSON."""
    return sql.SQL("EXPLAIN (FORMAT JSON) {}").format(statement)


def groups(layout: Layout, by: str, condition: sql.Composable, sums: Sequence[str], limit: int) -> sql.Composable:
    """For each value of a column: the value, how many rows have it, and the sums of other columns over them.

    Where people read titles of other rows, these come last, and the groups are in their order.
    """
    column = known(layout, by)
    added = [sql.SQL("sum({})").format(known(layout, name).sql) for name in sums]
    grouped = sql.SQL("SELECT {} FROM {} AS t WHERE {} GROUP BY 1").format(
        sql.SQL(", ").join([sql.SQL("{} AS value").format(column.sql), sql.SQL("count(*)"), *added]),
        layout.target,
        condition,
    )
    if (titles := titles_of(layout, column)) is None:
        return sql.SQL("{} ORDER BY 1 NULLS LAST LIMIT {}").format(grouped, sql.Literal(limit))
    return sql.SQL(
        "SELECT g.*, k.label FROM ({}) AS g LEFT JOIN ({}) AS k ON k.id = g.value ORDER BY k.label, g.value LIMIT {}"
    ).format(grouped, titles, sql.Literal(limit))


def titles_of(layout: Layout, column: Column) -> sql.Composable | None:
    """The rows (`id`, `label`) that people read instead of the values of a column, if there are any."""
    return None if column.field is None else column.field.type.titles(column.field, layout)


def columns(layout: Layout, *, labels: bool = False) -> sql.Composable:
    """Every column that can be read; then, where asked for, the labels of those that have some."""
    read = [column.sql for column in layout.columns.values()]
    if labels:
        read += [column.label_sql for column in layout.columns.values() if column.label_sql is not None]
    return sql.SQL(", ").join(read)


def to_dict(layout: Layout, row: Sequence[Any]) -> dict[str, Any]:
    """A row as JSON can carry it. Raises TableChanged for values of other types than the layout knows."""
    with values_of(layout):
        return {
            name: None if value is None else column.to_json(value)
            for (name, column), value in zip(layout.types.items(), row, strict=False)
        }


def labels_of(layout: Layout, row: Sequence[Any]) -> dict[str, Any]:
    """What people read of a row that was selected with its labels, by column."""
    labelled = [column for column in layout.columns.values() if column.label_sql is not None]
    return {
        column.name: json.loads(label) if label and column.type.is_many else label
        for column, label in zip(labelled, row[len(layout.columns) :], strict=True)
    }


def _order(keys: Sequence[Key], backwards: bool, *, last: bool = False) -> sql.Composable:
    """The keys as ORDER BY takes them. Where the first one is never empty, as in most phases, its index has this order.

    With `last` its empty values come last as well.
    """
    parts = []
    for place, key in enumerate(keys):
        direction = sql.SQL("DESC" if key.descending != backwards else "ASC")
        part = sql.SQL("{} {}").format(key.by, direction)
        if key.may_be_empty and (place or last):
            part = sql.SQL("{} {}").format(part, sql.SQL("NULLS FIRST" if backwards else "NULLS LAST"))
        parts.append(part)
    return sql.SQL(", ").join(parts)


def _joins(keys: Sequence[Key], *, filled: bool = False) -> sql.Composable:
    """The titles that keys need; `filled`: all rows have one for the first of them."""
    return sql.Composed([key.join(first=filled and place == 0) for place, key in enumerate(keys)])


def _whole(keys: Sequence[Key], backwards: bool) -> list[Phase]:
    """All rows: those that have a value for the first key, then those without."""
    if not keys[0].may_be_empty:
        return [_part(sql.SQL("TRUE"), keys, backwards)]
    found = [_filled(keys, backwards), _empty(keys, backwards)]
    return found[::-1] if backwards else found


def _further(keys: Sequence[Key], start: Sequence[Any], backwards: bool) -> list[Phase]:
    """The rows beyond a place."""
    key, rest = keys[0], keys[1:]
    if not rest or (len(rest) == 1 and start[0] is not None):
        near = [_part(_beyond(keys, start, backwards), keys, backwards)]
    elif start[0] is None:
        near = _within(sql.SQL("{} IS NULL").format(key.column.sql), _further(rest, start[1:], backwards))
        return [*near, _filled(keys, backwards)] if backwards else near
    else:
        equal = sql.SQL("{} = {}").format(key.by, sql.Literal(start[0]))
        near = _within(equal, _further(rest, start[1:], backwards), key.join())
        near.append(_part(_beyond(keys[:1], start, backwards), keys, backwards))
    return [*near, _empty(keys, backwards)] if key.may_be_empty and not backwards else near


def _beyond(keys: Sequence[Key], start: Sequence[Any], backwards: bool) -> sql.Composable:
    """What one key, or one and the id, are beyond a place: a stretch of an index."""
    place, value = keys[0].by, sql.Literal(start[0])
    shape = {"place": place, "value": value, "further": sql.SQL("<" if keys[0].descending != backwards else ">")}
    if len(keys) == 1:
        return sql.SQL("{place} {further} {value}").format(**shape)
    shape |= {"id": keys[1].by, "number": sql.Literal(start[1])}
    if keys[0].descending == keys[1].descending:
        beyond = sql.SQL("{place} {further}= {value} AND ({place}, {id}) {further} ({value}, {number})")
        return beyond.format(**shape)
    beyond = sql.SQL("{place} {further}= {value} AND ({place} {further} {value} OR {id} {back} {number})")
    return beyond.format(**shape, back=sql.SQL("<" if keys[1].descending != backwards else ">"))


def _part(condition: sql.Composable, keys: Sequence[Key], backwards: bool) -> Phase:
    """The rows of a condition that have a value for the first key, in order."""
    return Phase(condition, _order(keys, backwards), _joins(keys, filled=True))


def _within(condition: sql.Composable, found: Iterable[Phase], join: sql.Composable | None = None) -> list[Phase]:
    """Phases among the rows that share a value of a key before theirs."""
    join = join or sql.SQL("")
    return [
        Phase(sql.SQL("{} AND {}").format(condition, each.condition), each.order, join + each.joins) for each in found
    ]


def _filled(keys: Sequence[Key], backwards: bool) -> Phase:
    return _part(sql.SQL("{} IS NOT NULL").format(keys[0].column.sql), keys, backwards)


def _empty(keys: Sequence[Key], backwards: bool) -> Phase:
    rest = keys[1:]
    condition = sql.SQL("{} IS NULL").format(keys[0].column.sql)
    return Phase(condition, _order(rest, backwards, last=True), _joins(rest))
