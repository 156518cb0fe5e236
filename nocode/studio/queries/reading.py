"""Reading rows: in an order, a page at a time, counted, added up, grouped."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from psycopg2 import sql

from nocode.studio.errors import QueryRefused
from nocode.studio.layouts import Column, Layout
from nocode.studio.queries.conditions import compared, known, one_of

MEASURES = frozenset({"sum", "avg", "min", "max"})
MOST_KEYS = 5


@dataclass(frozen=True)
class Key:
    """One column of an order."""

    column: Column
    descending: bool

    @property
    def may_be_empty(self) -> bool:
        return self.column.field is not None and not self.column.field.required


@dataclass(frozen=True)
class Phase:
    """A part of the rows that an index gives in order; what follows in the order is in the next phase."""

    condition: sql.Composable
    order: sql.Composable


def keys_of(layout: Layout, order: str | Iterable[str]) -> list[Key]:
    """Sort keys, `-` for descending; the id, which is always the last one, ends them. Raises QueryRefused."""
    names = [order] if isinstance(order, str) else list(order)
    if len(names) > MOST_KEYS:
        raise QueryRefused(_("Rows are sorted by at most %(max)d fields.") % {"max": MOST_KEYS})
    keys = []
    for name in names:
        plain = name.removeprefix("-")
        keys.append(Key(known(layout, plain), name.startswith("-")))
        if plain == "id":
            return keys
    return [*keys, Key(layout.columns["id"], False)]


def phases(layout: Layout, keys: Sequence[Key], start: Mapping[str, Any] | None, *, backwards: bool) -> list[Phase]:
    """The rows in an order, or those that come after a row in it (before it: `backwards`), nearest first.

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
    where = condition if phase is None else sql.SQL("{} AND {}").format(condition, phase.condition)
    return sql.SQL("SELECT {} FROM {} AS t WHERE {} ORDER BY {} LIMIT {} OFFSET {}").format(
        columns(layout, labels=labels),
        layout.target,
        where,
        phase.order if phase else _order(keys_of(layout, order), False, last=True),
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
    return sql.SQL(
        "SELECT reltuples::bigint FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace "
        "WHERE nspname = {} AND relname = {}"
    ).format(sql.Literal(layout.schema), sql.Literal(layout.physical_name))


def groups(layout: Layout, by: str, condition: sql.Composable, sums: Sequence[str], limit: int) -> sql.Composable:
    """For each value of a column: the value, how many rows have it, and the sums of other columns over them."""
    column = known(layout, by)
    added = [sql.SQL("sum({})").format(known(layout, name).sql) for name in sums]
    return sql.SQL("SELECT {} FROM {} AS t WHERE {} GROUP BY 1 ORDER BY 1 NULLS LAST LIMIT {}").format(
        sql.SQL(", ").join([column.sql, sql.SQL("count(*)"), *added]), layout.target, condition, sql.Literal(limit)
    )


def columns(layout: Layout, *, labels: bool = False) -> sql.Composable:
    """Every column that can be read; then, where asked for, the labels of those that have some."""
    read = [column.sql for column in layout.columns.values()]
    if labels:
        read += [column.label_sql for column in layout.columns.values() if column.label_sql is not None]
    return sql.SQL(", ").join(read)


def to_dict(layout: Layout, row: Sequence[Any]) -> dict[str, Any]:
    """A row as JSON can carry it."""
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
        part = sql.SQL("{} {}").format(key.column.sql, direction)
        if key.may_be_empty and (place or last):
            part = sql.SQL("{} {}").format(part, sql.SQL("NULLS FIRST" if backwards else "NULLS LAST"))
        parts.append(part)
    return sql.SQL(", ").join(parts)


def _whole(keys: Sequence[Key], backwards: bool) -> list[Phase]:
    """All rows: those that have a value for the first key, then those without."""
    if not keys[0].may_be_empty:
        return [Phase(sql.SQL("TRUE"), _order(keys, backwards))]
    found = [_filled(keys, backwards), _empty(keys, backwards)]
    return found[::-1] if backwards else found


def _further(keys: Sequence[Key], start: Mapping[str, Any], backwards: bool) -> list[Phase]:
    """The rows beyond one."""
    key, rest = keys[0], keys[1:]
    place, value = key.column.sql, start[key.column.name]
    further = sql.SQL("<" if key.descending != backwards else ">")
    if not rest:  # the id
        return [Phase(sql.SQL("{} {} {}").format(place, further, sql.Literal(value)), _order(keys, backwards))]
    if value is None:
        near = _within(sql.SQL("{} IS NULL").format(place), _further(rest, start, backwards))
        return [*near, _filled(keys, backwards)] if backwards else near
    shape = {"place": place, "further": further, "value": compared(key.column, value)}
    if len(rest) == 1:  # one index entry after the other: equal ones by their id, then the others
        beyond = sql.SQL("{place} {further}= {value} AND ({place} {further} {value} OR {same})")
        same = _further(rest, start, backwards)[0].condition
        near = [Phase(beyond.format(**shape, same=same), _order(keys, backwards))]
    else:
        equal = sql.SQL("{place} = {value}").format(**shape)
        beyond = sql.SQL("{place} {further} {value}").format(**shape)
        near = [*_within(equal, _further(rest, start, backwards)), Phase(beyond, _order(keys, backwards))]
    return [*near, _empty(keys, backwards)] if key.may_be_empty and not backwards else near


def _within(condition: sql.Composable, found: Iterable[Phase]) -> list[Phase]:
    return [Phase(sql.SQL("{} AND {}").format(condition, each.condition), each.order) for each in found]


def _filled(keys: Sequence[Key], backwards: bool) -> Phase:
    return Phase(sql.SQL("{} IS NOT NULL").format(keys[0].column.sql), _order(keys, backwards))


def _empty(keys: Sequence[Key], backwards: bool) -> Phase:
    return Phase(sql.SQL("{} IS NULL").format(keys[0].column.sql), _order(keys[1:], backwards, last=True))
