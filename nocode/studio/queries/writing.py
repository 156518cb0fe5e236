"""Writing rows: values that were cleaned, in one statement for any number of rows."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg2 import sql

from nocode.studio.layouts import Layout
from nocode.studio.queries.reading import columns


def insert(layout: Layout, rows: Sequence[Mapping[str, Any]]) -> sql.Composable:
    """Rows of cleaned values; what a row lacks gets the default of its column."""
    names = ["id", *(name for name in _stored(layout) if any(name in row for row in rows))]
    lines = [sql.SQL("({})").format(_joined(_given(layout, name, row) for name in names)) for row in rows]
    return sql.SQL("INSERT INTO {} AS t ({}) VALUES {} RETURNING {}").format(
        layout.target, _joined(map(sql.Identifier, names)), _joined(lines), columns(layout)
    )


def put_back(layout: Layout, rows: Sequence[Mapping[str, Any]]) -> sql.Composable:
    """Rows that were deleted, with the ids and times they had; those whose id is there again stay as they are."""
    system = ["id", "created_at"]
    names = [*system, *(name for name in _stored(layout) if any(name in row for row in rows))]
    lines = [
        sql.SQL("({})").format(
            _joined(sql.Literal(row[name]) if name in system else _given(layout, name, row) for name in names)
        )
        for row in rows
    ]
    return sql.SQL("INSERT INTO {} AS t ({}) VALUES {} ON CONFLICT (id) DO NOTHING RETURNING t.id").format(
        layout.target, _joined(map(sql.Identifier, names)), _joined(lines)
    )


def hold(layout: Layout, condition: sql.Composable, limit: int | None = None, after: int = 0) -> sql.Composable:
    """The ids of rows of a condition, locked in their order: who acts on the same rows waits, and never in a circle."""
    return sql.SQL("SELECT t.id FROM {} AS t WHERE ({}) AND t.id > {} ORDER BY t.id LIMIT {} FOR UPDATE OF t").format(
        layout.target, condition, sql.Literal(after), sql.Literal(limit)
    )


def there(layout: Layout, ids: Sequence[int]) -> sql.Composable:
    """The ids of those rows that are there; they cannot be deleted until the end of the transaction."""
    return sql.SQL("SELECT t.id FROM {} AS t WHERE t.id = ANY({}::bigint[]) ORDER BY t.id FOR KEY SHARE OF t").format(
        layout.target, sql.Literal(list(ids))
    )


def update(
    layout: Layout, condition: sql.Composable, values: Mapping[str, Any], expected: datetime | None = None
) -> sql.Composable:
    """Write the same cleaned values to all rows of a condition.

    Answers the rows as they are then; behind the columns, for each value, what was there before and whether it is new.
    """
    changes = [sql.SQL("{} = {}").format(sql.Identifier(name), _value(layout, name, values[name])) for name in values]
    if not changes:  # links are kept elsewhere; the row is another one than people saw all the same
        changes = [sql.SQL("updated_at = statement_timestamp()")]
    wanted = sql.SQL("t.id = old.id")
    if expected:
        wanted = sql.SQL("{} AND old.updated_at = {}").format(wanted, sql.Literal(expected))
    compared = sql.SQL("old.{0}, old.{0} IS DISTINCT FROM t.{0}")
    return sql.SQL(
        "UPDATE {table} AS t SET {changes} FROM (SELECT * FROM {table} AS t WHERE {condition} ORDER BY id FOR UPDATE) "
        "AS old WHERE {wanted} RETURNING {columns}"
    ).format(
        table=layout.target,
        changes=_joined(changes),
        condition=condition,
        wanted=wanted,
        columns=_joined([columns(layout), *(compared.format(sql.Identifier(name)) for name in values)]),
    )


def update_each(
    layout: Layout, names: Sequence[str], rows: Mapping[int, tuple[Mapping[str, Any], Mapping[str, Any]]]
) -> sql.Composable:
    """Give rows values of their own, where they still have those given second; answers the ids of rows changed."""
    types = [sql.SQL(layout.fields[name].type.column) for name in names]
    lines = [
        _joined([sql.Literal(row_id), *_typed(layout, names, types, new), *_typed(layout, names, types, seen)])
        for row_id, (new, seen) in rows.items()
    ]
    new_names = [sql.Identifier(f"new_{number}") for number in range(len(names))]
    seen_names = [sql.Identifier(f"seen_{number}") for number in range(len(names))]
    pairs = zip(names, new_names, seen_names, strict=True)
    own = [(sql.Identifier(name), new, seen) for name, new, seen in pairs]
    still = (sql.SQL("t.{} IS NOT DISTINCT FROM v.{}").format(name, seen) for name, _new, seen in own)
    return sql.SQL(
        "UPDATE {table} AS t SET {changes} FROM (VALUES {lines}) AS v (id, {names}) WHERE t.id = v.id AND {still} "
        "RETURNING t.id"
    ).format(
        table=layout.target,
        changes=_joined(sql.SQL("{} = v.{}").format(name, new) for name, new, _seen in own),
        lines=_joined(sql.SQL("({})").format(line) for line in lines),
        names=_joined([*new_names, *seen_names]),
        still=sql.SQL(" AND ").join(list(still)),
    )


def delete(layout: Layout, condition: sql.Composable) -> sql.Composable:
    return sql.SQL("DELETE FROM {} AS t WHERE {} RETURNING {}").format(layout.target, condition, columns(layout))


def _stored(layout: Layout) -> list[str]:
    """The columns that somebody writes: people, or Records who it was."""
    return [name for name, field in layout.fields.items() if field.type.column]


def _given(layout: Layout, name: str, row: Mapping[str, Any]) -> sql.Composable:
    return _value(layout, name, row[name]) if name in row else sql.SQL("DEFAULT")


def _typed(
    layout: Layout, names: Sequence[str], types: Sequence[sql.Composable], values: Mapping[str, Any]
) -> list[sql.Composable]:
    return [
        sql.SQL("{}::{}").format(_value(layout, name, values[name]), kind)
        for name, kind in zip(names, types, strict=True)
    ]


def _value(layout: Layout, name: str, value: Any) -> sql.Literal:
    return sql.Literal(None if value is None else layout.fields[name].type.adapt(value))


def _joined(parts: Any) -> sql.Composable:
    return sql.SQL(", ").join(list(parts))
