"""The SQL that reads and writes the rows of a table: one statement each, every name and value through psycopg2.sql."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from psycopg2 import sql

from nocode.studio.errors import QueryRefused
from nocode.studio.layouts import Layout

_COMPARISONS = {
    "eq": sql.SQL("{} = {}"),
    "ne": sql.SQL("{} IS DISTINCT FROM {}"),
    "lt": sql.SQL("{} < {}"),
    "lte": sql.SQL("{} <= {}"),
    "gt": sql.SQL("{} > {}"),
    "gte": sql.SQL("{} >= {}"),
}
_PATTERNS = {"contains": "%{}%", "starts_with": "{}%", "ends_with": "%{}"}
MEASURES = frozenset({"sum", "avg", "min", "max"})
OPERATORS = (*_COMPARISONS, *_PATTERNS, "in", "is_empty", "is_not_empty")


def select(
    layout: Layout,
    condition: sql.Composable,
    *,
    order: str | Iterable[str],
    limit: int,
    offset: int = 0,
    backwards: bool = False,
) -> sql.Composable:
    return sql.SQL("SELECT {} FROM {} AS t WHERE {} ORDER BY {} LIMIT {} OFFSET {}").format(
        _columns(layout),
        layout.target,
        condition,
        _order(layout, order, backwards),
        sql.Literal(limit),
        sql.Literal(offset),
    )


def beside(layout: Layout, order: str, row: Mapping[str, Any], *, before: bool = False) -> sql.Composable:
    """The rows that follow a row (as `to_dict` made it) in an order of one key, or those before it."""
    name, descending = order.removeprefix("-"), order.startswith("-")
    column, row_id = _known(layout, name), sql.Literal(row["id"])
    further = sql.SQL("<" if descending != before else ">")
    if name == "id":
        return sql.SQL("t.id {} {}").format(further, row_id)
    same_but_further = sql.SQL("t.id {} {}").format(sql.SQL("<" if before else ">"), row_id)
    if row[name] is None:  # empty values come last
        shape = "({0} IS NOT NULL OR {1})" if before else "({0} IS NULL AND {1})"
        return sql.SQL(shape).format(column, same_but_further)
    return sql.SQL("({0} {1} {2} OR ({0} = {2} AND {3}){4})").format(
        column,
        further,
        _compared(layout, name, row[name]),
        same_but_further,
        sql.SQL("") if before else sql.SQL(" OR {} IS NULL").format(column),
    )


def measure(layout: Layout, function: str, name: str, condition: sql.Composable) -> sql.Composable:
    """One figure over a column."""
    if function not in MEASURES:
        raise QueryRefused(_("There is no figure “%(name)s”.") % {"name": function})
    return sql.SQL("SELECT {}({}) FROM {} AS t WHERE {}").format(
        sql.SQL(function), _known(layout, name), layout.target, condition
    )


def count(layout: Layout, condition: sql.Composable, at_most: int | None = None) -> sql.Composable:
    return sql.SQL("SELECT count(*) FROM (SELECT FROM {} AS t WHERE {} LIMIT {}) AS counted").format(
        layout.target, condition, sql.Literal(at_most)
    )


def insert(layout: Layout, rows: Sequence[Mapping[str, Any]]) -> sql.Composable:
    """Rows of cleaned values; the fields a row lacks are empty."""
    names = list(layout.writable)
    lines = [
        sql.SQL("({})").format(_joined([sql.SQL("DEFAULT"), *(_value(layout, name, row.get(name)) for name in names)]))
        for row in rows
    ]
    return sql.SQL("INSERT INTO {} AS t ({}) VALUES {} RETURNING {}").format(
        layout.target, _joined(map(sql.Identifier, ["id", *names])), _joined(lines), _columns(layout)
    )


def update(
    layout: Layout, record_id: int, values: Mapping[str, Any], expected: datetime | None = None
) -> sql.Composable:
    """Write cleaned values; answers the row, then for each value whether it is new."""
    condition = sql.SQL("t.id = old.id")
    if expected:
        condition = sql.SQL("{} AND old.updated_at = {}").format(condition, sql.Literal(expected))
    changes = [sql.SQL("{} = {}").format(sql.Identifier(name), _value(layout, name, values[name])) for name in values]
    differs = sql.SQL("old.{0} IS DISTINCT FROM t.{0}")
    return sql.SQL(
        "UPDATE {table} AS t SET {changes} FROM (SELECT * FROM {table} WHERE id = {id} FOR UPDATE) AS old "
        "WHERE {condition} RETURNING {columns}, {differs}"
    ).format(
        table=layout.target,
        changes=_joined(changes),
        id=sql.Literal(record_id),
        condition=condition,
        columns=_columns(layout),
        differs=_joined(differs.format(sql.Identifier(name)) for name in values),
    )


def delete(layout: Layout, record_id: int) -> sql.Composable:
    return sql.SQL("DELETE FROM {} AS t WHERE id = {} RETURNING {}").format(
        layout.target, sql.Literal(record_id), _columns(layout)
    )


def condition(
    layout: Layout,
    filters: Iterable[Mapping[str, Any]] = (),
    search: str = "",
    search_in: Collection[str] | None = None,
) -> sql.Composable:
    """All filters hold, and the searched words occur in one of the text fields, or of those named. Raises QueryRefused.

    Whoever may search in a field learns what is in it, shown or not.
    """
    parts = [_filter(layout, one) for one in filters]
    if search:
        columns = [layout.columns[name] for name in (layout.fields if search_in is None else search_in)]
        texts = [column.sql for column in columns if column.type.searchable]
        hits = [sql.SQL("{} ILIKE {}").format(text, _pattern("%{}%", search)) for text in texts]
        parts.append(sql.SQL("({})").format(sql.SQL(" OR ").join(hits)) if hits else sql.SQL("FALSE"))
    return sql.SQL(" AND ").join(parts) if parts else sql.SQL("TRUE")


def to_dict(layout: Layout, row: Sequence[Any]) -> dict[str, Any]:
    """A row as JSON can carry it."""
    return {
        name: None if value is None else column.to_json(value)
        for (name, column), value in zip(layout.types.items(), row, strict=False)
    }


def _filter(layout: Layout, one: Mapping[str, Any]) -> sql.Composable:
    name, operator, value = one.get("field"), one.get("op", "eq"), one.get("value")
    column = _known(layout, name)
    if operator == "is_empty" or (operator == "eq" and value is None):
        return sql.SQL("{} IS NULL").format(column)
    if operator == "is_not_empty" or (operator == "ne" and value is None):
        return sql.SQL("{} IS NOT NULL").format(column)
    if operator in _PATTERNS:
        return sql.SQL("{}::text ILIKE {}").format(column, _pattern(_PATTERNS[operator], value))
    if operator in _COMPARISONS:
        return _COMPARISONS[operator].format(column, _compared(layout, name, value))
    if operator == "in" and isinstance(value, (list, tuple)):
        values = [_compared(layout, name, item) for item in value]
        return sql.SQL("{} IN ({})").format(column, _joined(values)) if values else sql.SQL("FALSE")
    raise QueryRefused(
        _("The filter on “%(field)s” has no valid comparison; the comparisons are: %(operators)s (“in” takes a list).")
        % {"field": name, "operators": ", ".join(OPERATORS)}
    )


def _compared(layout: Layout, name: str, value: Any) -> sql.Composable:
    """The value a column is compared with: understood like a stored one, without the field's limits."""
    column = layout.types[name]
    try:
        parsed = column.parse(value)
    except ValidationError as error:
        raise QueryRefused(
            _("The filter on “%(field)s” cannot be used: %(problem)s.")
            % {"field": name, "problem": " ".join(error.messages)}
        ) from error
    return sql.Literal(None if parsed is None else column.adapt(parsed))


def _pattern(shape: str, value: Any) -> sql.Literal:
    text = "" if value is None else str(value)
    if "\x00" in text:
        raise QueryRefused(_("No text contains a NUL character."))
    escaped = text.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
    return sql.Literal(shape.format(escaped))


def _order(layout: Layout, order: str | Iterable[str], backwards: bool = False) -> sql.Composable:
    """Sort keys, `-` for descending, empty values last, the id to decide between equals; or all that backwards."""
    parts = []
    for key in [order] if isinstance(order, str) else order:
        direction = sql.SQL("DESC" if key.startswith("-") != backwards else "ASC")
        if key.lstrip("-") == "id":
            return _joined([*parts, sql.SQL("t.id {}").format(direction)])
        empty = sql.SQL("NULLS FIRST" if backwards else "NULLS LAST")
        parts.append(sql.SQL("{} {} {}").format(_known(layout, key.lstrip("-")), direction, empty))
    return _joined([*parts, sql.SQL("t.id DESC" if backwards else "t.id ASC")])


def _known(layout: Layout, name: Any) -> sql.Composable:
    if name not in layout.types:
        raise QueryRefused(unknown_field(layout, name))
    return layout.columns[name].sql


def unknown_field(layout: Layout, name: Any) -> str:
    """The sentence that says so and lists what there is."""
    return _("“%(table)s” has no field “%(name)s”; its fields are: %(fields)s.") % {
        "table": layout.label,
        "name": name,
        "fields": ", ".join(layout.fields) or "–",
    }


def _value(layout: Layout, name: str, value: Any) -> sql.Literal:
    return sql.Literal(None if value is None else layout.fields[name].type.adapt(value))


def _columns(layout: Layout) -> sql.Composable:
    return _joined(column.sql for column in layout.columns.values())


def _joined(parts: Iterable[sql.Composable]) -> sql.Composable:
    return sql.SQL(", ").join(list(parts))
