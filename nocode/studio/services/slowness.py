"""Why a list of rows is slow, and the index that would make it fast."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nocode.foundation.database import fetch
from nocode.studio import queries
from nocode.studio.layouts import Column, Layout
from nocode.studio.models import TableIndex, TableJob

BIG = 50_000  # rows; what has less is read whole in a moment
MUCH = 0.25  # of the work it is to read the table whole

Kind = TableIndex.Kind
# What an index by a column answers, and what the search index does. The others leave most rows in.
_BY_VALUE = frozenset({"eq", "lt", "lte", "gt", "gte", "in", "is_empty"})
_BY_WORDS = frozenset({"contains", "starts_with", "ends_with"})


@dataclass(frozen=True)
class Slowness:
    """What a list waits for: a column without an index, words without one, or (no `kind`) what no index can hold.

    `index` is the one that is being built for it, or that could not be; `percent` says how far it is.
    """

    kind: str
    column: str = ""
    label: str = ""
    rows: int = 0
    index: TableIndex | None = None
    percent: int | None = None

    @property
    def is_building(self) -> bool:
        return self.index is not None and self.index.state == TableIndex.State.BUILDING


def of_list(
    layout: Layout, filters: Sequence[queries.Filter], *, search: str = "", order: Sequence[str] = ()
) -> Slowness | None:
    """Why a list is slow; None when it is not, as far as PostgreSQL can tell without reading it."""
    found = next(_wants(layout, filters, search, order), None)
    if found is None:
        return None
    [(rows, pages)] = fetch(queries.extent(layout))
    if rows <= BIG or _cost(layout, filters, search, order) < MUCH * queries.cost_of_reading(rows, pages):
        return None
    kind, column = found
    index = _asked_for(layout, kind, column.name) if kind else None
    return of_index(layout, index) if index else Slowness(kind, column.name, column.label, rows)


def of_index(layout: Layout, index: TableIndex) -> Slowness:
    """What a list waits for while an index is not ready, and how far that is."""
    column = layout.columns.get(index.columns[0], layout.columns["id"])
    jobs = TableJob.objects.filter(table=index.table_id, kind="index", options__index=str(index.pk))
    job = jobs.order_by("-id").first() if index.state == TableIndex.State.BUILDING else None
    return Slowness(index.kind, column.name, column.label, index=index, percent=job and job.percent)


def _wants(
    layout: Layout, filters: Sequence[queries.Filter], search: str, order: Sequence[str]
) -> Iterator[tuple[str, Column]]:
    """The indexes that this list would like to have, the most useful first."""
    for one in filters:
        yield from _wanted_by(layout, one)
    if search and not layout.search_columns:
        yield Kind.SEARCH, layout.columns["id"]
    for key in order[:1]:
        column = layout.columns.get(key.removeprefix("-"))
        if column is not None and column.type.sortable:
            yield from _by_value(layout, column)


def _wanted_by(layout: Layout, one: queries.Filter) -> Iterator[tuple[str, Column]]:
    for members in (one.get("any"), one.get("all")):
        for each in members or ():
            yield from _wanted_by(layout, each)
    column, op = layout.columns.get(one.get("field", "")), one.get("op", "eq")
    if column is None:
        return
    if op in _BY_VALUE:
        yield from _by_value(layout, column)
    elif op in _BY_WORDS and column.type.searchable and column.name not in layout.search_columns:
        stored = column.field is not None and column.field.type.column
        yield (Kind.SEARCH if stored else ""), column


def _by_value(layout: Layout, column: Column) -> Iterator[tuple[str, Column]]:
    field = column.field
    if column.name in layout.indexed:
        return
    is_stored = field is None or (field.type.column and field.type.sortable)
    yield (Kind.ORDER if is_stored else ""), column


def _cost(layout: Layout, filters: Sequence[Mapping[str, Any]], search: str, order: Sequence[str]) -> float:
    """What PostgreSQL thinks the first page costs."""
    keys = queries.keys_of(layout, order)
    first = queries.phases(keys, None, backwards=False)[0]
    condition = queries.condition(layout, filters, search)
    [(answer,)] = fetch(queries.explain(queries.select(layout, condition, limit=51, phase=first)))
    plan = json.loads(answer) if isinstance(answer, str) else answer
    return plan[0]["Plan"]["Total Cost"]


def _asked_for(layout: Layout, kind: str, column: str) -> TableIndex | None:
    indexes = TableIndex.objects.filter(table=layout.table_id, kind=kind).select_related("table")
    return next((each for each in indexes if kind == Kind.SEARCH or each.columns[0] == column), None)
