"""From the staging table into the table: in runs of pages, one statement each, never row by row."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction
from psycopg2 import sql

from nocode.foundation.events import bus
from nocode.studio.importing.plan import Mapped, Plan

_EVENTS = sql.SQL(
    "INSERT INTO foundation_outboxevent (name, key, payload, organization_id, actor_id) "
    "SELECT {name}, {key} || record_id, {payload} || jsonb_build_object('record_id', record_id, 'changed', changed), "
    "{organization}, {actor} FROM {rows}"
)


@dataclass(frozen=True)
class Origin:
    """Who writes, and what the history of rows and the events carry because of it."""

    batch: UUID
    source: str
    actor_id: int | None
    each_row: bool  # whether each row is announced by an event of its own


@dataclass
class Written:
    """How many rows are new, how many were changed, how many were the same already."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0

    @property
    def rows(self) -> int:
        return self.created + self.updated + self.unchanged


def write(plan: Plan, origin: Origin, tell: Callable[[int], None]) -> Written:
    """Write all good rows. `tell` hears how many rows of the file are done, and may raise."""
    written = Written()
    slices = list(plan.staging.slices())
    for number, part in enumerate(slices, start=1):
        if plan.keys:
            _update(plan, origin, part, written)
        written.created += _insert(plan, origin, part)
        tell(plan.staging.rows * number // len(slices))
    if origin.each_row:
        transaction.on_commit(bus.after_publish, robust=True)
    return written


def _insert(plan: Plan, origin: Origin, part: sql.Composable) -> int:
    defaults = [*plan.unmapped_defaults(), *_stamps(plan, origin, "created", "updated")]
    condition = plan.good_row()
    if plan.keys:
        condition = sql.SQL("{} AND NOT EXISTS (SELECT FROM {} AS t WHERE {})").format(
            condition, plan.layout.target, plan.same_key()
        )
    statement = sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {} WHERE {}").format(
        plan.layout.target,
        _list([*(mapped.column for mapped in plan.columns), *(name for name, _value in defaults)]),
        _list([*(mapped.value for mapped in plan.columns), *(value for _name, value in defaults)]),
        plan.converted(part),
        condition,
    )
    if origin.each_row:
        names = sorted(mapped.field.physical_name for mapped in plan.columns)
        rows = sql.SQL("(SELECT id AS record_id, {}::text[] AS changed FROM made) AS rows").format(sql.Literal(names))
        statement = sql.SQL("WITH made AS ({} RETURNING id) {}").format(
            statement, _events(plan, origin, "created", rows)
        )
    return _run(statement)


def _update(plan: Plan, origin: Origin, part: sql.Composable, written: Written) -> None:
    """Change the rows that are there and differ; what they were is kept in their history."""
    matched = sql.SQL("{} JOIN {} AS t ON {}").format(plan.converted(part), plan.layout.target, plan.same_key())
    found = _run(sql.SQL("SELECT t.id FROM {} WHERE {} FOR UPDATE OF t").format(matched, plan.good_row()))
    others = [mapped for mapped in plan.columns if mapped.field.physical_name not in plan.keys]
    changed = 0
    if found and others:
        _remember(plan, origin, matched, others)
        changed = _run(
            sql.SQL("UPDATE {} AS t SET {} FROM {} WHERE {} AND {} AND ({})").format(
                plan.layout.target,
                _list(
                    sql.SQL("{} = {}").format(name, value)
                    for name, value in [
                        *((mapped.column, mapped.value) for mapped in others),
                        *_stamps(plan, origin, "updated"),
                    ]
                ),
                plan.converted(part),
                plan.same_key(),
                plan.good_row(),
                sql.SQL(" OR ").join(
                    sql.SQL("t.{} IS DISTINCT FROM {}").format(mapped.column, mapped.value) for mapped in others
                ),
            )
        )
    written.updated += changed
    written.unchanged += found - changed


def _remember(plan: Plan, origin: Origin, matched: sql.Composable, others: list[Mapped]) -> None:
    """Write the histories of the rows about to be changed, and their events where those are wanted."""
    values = _list(
        sql.SQL("({}, to_jsonb(t.{}), to_jsonb({}))").format(
            sql.Literal(mapped.field.physical_name), mapped.column, mapped.value
        )
        for mapped in others
    )
    changes = sql.SQL(
        "INSERT INTO studio_recordchange (table_id, record_id, actor_id, source, verb, before, after, batch) "
        "SELECT {table}, t.id, {actor}, {source}, 'updated', d.before, d.after, {batch} FROM {matched}, "
        "LATERAL (SELECT jsonb_object_agg(name, old) AS before, jsonb_object_agg(name, new) AS after "
        "FROM (VALUES {values}) AS x (name, old, new) WHERE old IS DISTINCT FROM new) AS d "
        "WHERE {good} AND d.before IS NOT NULL"
    ).format(
        table=_uuid(plan.layout.table_id),
        actor=sql.Literal(origin.actor_id),
        source=sql.Literal(origin.source[:200]),
        batch=_uuid(origin.batch),
        matched=matched,
        values=values,
        good=plan.good_row(),
    )
    if origin.each_row:
        rows = sql.SQL(
            "(SELECT record_id, ARRAY(SELECT jsonb_object_keys(after) ORDER BY 1) AS changed FROM changes) AS rows"
        )
        changes = sql.SQL("WITH changes AS ({} RETURNING record_id, after) {}").format(
            changes, _events(plan, origin, "updated", rows)
        )
    _run(changes)


def _events(plan: Plan, origin: Origin, verb: str, rows: sql.Composable) -> sql.Composable:
    """One event for each of some rows (record_id, changed), as Records publishes them."""
    layout = plan.layout
    payload = {
        "project_id": str(layout.project_id),
        "table_id": str(layout.table_id),
        "table": layout.physical_name,
    }
    parts = [part for item in payload.items() for part in item]
    return _EVENTS.format(
        name=sql.Literal(f"studio.record.{verb}"),
        key=sql.Literal(f"record:{layout.table_id}:"),
        payload=sql.SQL("jsonb_build_object({})").format(_list(map(sql.Literal, parts))),
        organization=_uuid(layout.organization_id),
        actor=sql.Literal(origin.actor_id),
        rows=rows,
    )


def _stamps(plan: Plan, origin: Origin, *acts: str) -> list[tuple[sql.Composable, sql.Composable]]:
    """Who it was, for the fields that keep that."""
    return [
        (sql.Identifier(name), sql.Literal(origin.actor_id))
        for name, each in plan.layout.fields.items()
        if each.type.stamped & set(acts)
    ]


def _uuid(value: UUID) -> sql.Composable:
    return sql.SQL("{}::uuid").format(sql.Literal(str(value)))


def _list(parts: Iterable[sql.Composable]) -> sql.Composable:
    return sql.SQL(", ").join(list(parts))


def _run(statement: sql.Composable) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.rowcount
