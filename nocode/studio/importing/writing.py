"""From the staging table into the table: in runs of pages, one statement each, never row by row."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from django.db import transaction
from psycopg2 import sql

from nocode.foundation.database import execute
from nocode.foundation.events import bus
from nocode.studio.fields.relations import links
from nocode.studio.importing.linking import next_id, numbers_apart
from nocode.studio.importing.plan import Mapped, Plan, defaults
from nocode.studio.layouts import Layout

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
    at: datetime  # when its new rows were made: by this each of them tells which import it came with


@dataclass
class Written:
    """How many rows are new, were changed, were the same already; and how many were made in other tables, by label."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    made: dict[str, int] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return self.created + self.updated + self.unchanged


def write(plan: Plan, origin: Origin, tell: Callable[[int], None]) -> Written:
    """Write all good rows. `tell` hears how many rows of the file are done, and may raise."""
    written = Written()
    _make_missing(plan, origin, written)
    plan = _placed(plan)
    slices = list(plan.staging.slices())
    for number, part in enumerate(slices, start=1):
        if plan.keys:
            _update(plan, origin, part, written)
        written.created += _insert(plan, origin, part)
        for mapped in plan.linked:
            _link(plan, mapped, part)
        tell(plan.staging.rows * number // len(slices))
    if origin.each_row:
        transaction.on_commit(bus.after_publish, robust=True)
    return written


def _insert(plan: Plan, origin: Origin, part: sql.Composable) -> int:
    fixed = [
        *defaults(plan.layout, {mapped.field.physical_name for mapped in plan.columns}),
        *_stamps(plan.layout, origin, "created", "updated"),
        *numbers_apart(plan.layout, plan.staging),
    ]
    condition = plan.good_row()
    if plan.places:
        fixed.append((sql.Identifier("id"), sql.SQL("v.row_id")))
        condition = sql.SQL("{} AND v.is_new").format(condition)
    elif plan.staging.numbers:
        fixed.append((sql.Identifier("id"), next_id(plan.layout, plan.staging)))
    if plan.keys:
        condition = sql.SQL("{} AND NOT EXISTS (SELECT FROM {} AS t WHERE {})").format(
            condition, plan.layout.target, plan.same_key()
        )
    statement = _insertion(
        plan.layout,
        origin,
        [*((mapped.column, mapped.value) for mapped in plan.stored), *fixed],
        sql.SQL("{} WHERE {}").format(plan.converted(part), condition),
    )
    names = [mapped.field.physical_name for mapped in plan.columns]
    return execute(_announced(plan.layout, origin, statement, names))


def _insertion(
    layout: Layout, origin: Origin, values: Sequence[tuple[sql.Composable, sql.Composable]], source: sql.Composable
) -> sql.Composable:
    """New rows with these values, each worked out in the rows of a source."""
    at = sql.Literal(origin.at)
    values = [*values, (sql.Identifier("created_at"), at), (sql.Identifier("updated_at"), at)]
    return sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {}").format(
        layout.target, _list(name for name, _value in values), _list(value for _name, value in values), source
    )


def _announced(layout: Layout, origin: Origin, insertion: sql.Composable, names: Iterable[str]) -> sql.Composable:
    """The same with an event for each new row, where those are wanted."""
    if not origin.each_row:
        return insertion
    rows = sql.SQL("(SELECT id AS record_id, {}::text[] AS changed FROM made) AS rows").format(
        sql.Literal(sorted(names))
    )
    return sql.SQL("WITH made AS ({} RETURNING id) {}").format(insertion, _events(layout, origin, "created", rows))


def _update(plan: Plan, origin: Origin, part: sql.Composable, written: Written) -> None:
    """Change the rows that are there and differ; what they were is kept in their history."""
    matched = sql.SQL("{} JOIN {} AS t ON {}").format(plan.converted(part), plan.layout.target, plan.same_key())
    found = execute(sql.SQL("SELECT t.id FROM {} WHERE {} FOR UPDATE OF t").format(matched, plan.good_row()))
    others = [mapped for mapped in plan.columns if mapped.field.physical_name not in plan.keys]
    changed = 0
    if found and others:
        _remember(plan, origin, matched, others)
        # What a trigger does for other writers, said here as well: links alone change nothing in the row.
        changes = [
            (sql.Identifier("updated_at"), sql.SQL("statement_timestamp()")),
            *((mapped.column, mapped.value) for mapped in others if mapped.is_stored),
            *_stamps(plan.layout, origin, "updated"),
        ]
        changed = execute(
            sql.SQL("UPDATE {} AS t SET {} FROM {} WHERE {} AND {} AND ({})").format(
                plan.layout.target,
                _list(sql.SQL("{} = {}").format(name, value) for name, value in changes),
                plan.converted(part),
                plan.same_key(),
                plan.good_row(),
                sql.SQL(" OR ").join(
                    sql.SQL("{} IS DISTINCT FROM {}").format(_before(plan, mapped), mapped.value) for mapped in others
                ),
            )
        )
    written.updated += changed
    written.unchanged += found - changed


def _before(plan: Plan, mapped: Mapped) -> sql.Composable:
    """What a row `t` has now."""
    return mapped.field.type.expression(mapped.field, plan.layout, "t")


def _remember(plan: Plan, origin: Origin, matched: sql.Composable, others: list[Mapped]) -> None:
    """Write the histories of the rows about to be changed, and their events where those are wanted."""
    values = _list(
        sql.SQL("({}, to_jsonb({}), to_jsonb({}))").format(
            sql.Literal(mapped.field.physical_name), _before(plan, mapped), mapped.value
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
            changes, _events(plan.layout, origin, "updated", rows)
        )
    execute(changes)


# --- Rows of other tables ---------------------------------------------------------------------------------------------


def _make_missing(plan: Plan, origin: Origin, written: Written) -> None:
    """Make the rows of other tables that good rows name and that are not there."""
    for mapped in plan.columns:
        if mapped.linking and mapped.linking.makes_missing:
            made = execute(_missing(plan, origin, mapped))
            label = mapped.linking.way.layout.label
            written.made[label] = written.made.get(label, 0) + made


def _missing(plan: Plan, origin: Origin, mapped: Mapped) -> sql.Composable:
    way, linking = mapped.linking.way, mapped.linking
    name = way.field.physical_name
    used = sql.SQL("SELECT unnest({}) FROM {} WHERE {}").format(
        linking.words_of(mapped.raw), plan.converted(), plan.good_row()
    )
    values = [
        (sql.Identifier("id"), sql.SQL("w.id")),
        (sql.Identifier(name), way.value(sql.SQL("w.word"))),
        *defaults(way.layout, {name}),
        *_stamps(way.layout, origin, "created", "updated"),
        *numbers_apart(way.layout, plan.staging),
    ]
    source = sql.SQL("{} AS w").format(linking.new_words(used))
    return _announced(way.layout, origin, _insertion(way.layout, origin, values, source), [name])


def _placed(plan: Plan) -> Plan:
    """The plan with the number of each good row, when there are links to write: those need it beforehand."""
    if not plan.linked:
        return plan
    places, new_id = plan.staging.beside("places"), next_id(plan.layout, plan.staging)
    there = sql.SQL("LEFT JOIN {} AS t ON {}").format(plan.layout.target, plan.same_key())
    execute(
        sql.SQL(
            "CREATE UNLOGGED TABLE {} WITH (autovacuum_enabled = off) AS "
            "SELECT v.n, {} AS row_id, {} AS is_new FROM {} {} WHERE {}"
        ).format(
            places,
            sql.SQL("coalesce(t.id, {})").format(new_id) if plan.keys else new_id,
            sql.SQL("t.id IS NULL") if plan.keys else sql.SQL("true"),
            plan.converted(),
            there if plan.keys else sql.SQL(""),
            plan.good_row(),
        )
    )
    execute(sql.SQL("ANALYZE {}").format(places))
    return replace(plan, places=places)


def _link(plan: Plan, mapped: Mapped, part: sql.Composable) -> None:
    """Give rows the links their cells say, and take those away that they do not."""
    names = {
        "links": links(mapped.field, plan.layout.schema),
        "rows": plan.converted(part),
        "ids": mapped.value,
        "good": plan.good_row(),
    }
    remove = (
        "DELETE FROM {links} AS l USING {rows} WHERE {good} AND NOT v.is_new AND l.source = v.row_id "
        "AND l.target <> ALL (coalesce({ids}, '{{}}'))"
    )
    add = (
        "INSERT INTO {links} (source, target) SELECT v.row_id, x.target FROM {rows}, unnest({ids}) AS x (target) "
        "WHERE {good} ON CONFLICT DO NOTHING"
    )
    if plan.keys:
        execute(sql.SQL(remove).format(**names))
    execute(sql.SQL(add).format(**names))


# --- What the others share --------------------------------------------------------------------------------------------


def _events(layout: Layout, origin: Origin, verb: str, rows: sql.Composable) -> sql.Composable:
    """One event for each of some rows (record_id, changed), as Records publishes them."""
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


def _stamps(layout: Layout, origin: Origin, *acts: str) -> list[tuple[sql.Composable, sql.Composable]]:
    """Who it was, for the fields that keep that."""
    return [
        (sql.Identifier(name), sql.Literal(origin.actor_id))
        for name, each in layout.fields.items()
        if each.type.stamped & set(acts)
    ]


def _uuid(value: UUID) -> sql.Composable:
    return sql.SQL("{}::uuid").format(sql.Literal(str(value)))


def _list(parts: Iterable[sql.Composable]) -> sql.Composable:
    return sql.SQL(", ").join(list(parts))
