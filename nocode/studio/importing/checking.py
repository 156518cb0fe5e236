"""What is wrong with the rows: found by PostgreSQL all at once, put into words cell by cell."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from django.core.exceptions import ValidationError
from django.db import connection
from django.utils.translation import gettext as _
from psycopg2 import sql

from nocode.studio.errors import ImportRefused
from nocode.studio.fields import lists
from nocode.studio.fields.text import TOO_SLOW
from nocode.studio.importing.plan import Mapped, Plan
from nocode.studio.importing.staging import TOO_WIDE, UNSTORABLE, cell
from nocode.studio.models import Field

MOST_TOLD = 10_000
MOST_SLOW = 50  # values on which a pattern gives up: it would be the same with the others
_LONGEST_TOLD = 300
REPEATED, TAKEN, AMBIGUOUS, REFUSED = "repeated", "taken", "ambiguous", "refused"


@dataclass(frozen=True)
class BadCell:
    """A cell that cannot be taken, and why."""

    row: int
    column: str
    value: str
    reason: str


@dataclass(frozen=True)
class Count:
    """How many cells are bad, in how many rows."""

    rows: int
    cells: int


def mark(plan: Plan) -> None:
    """Write into `fault` what a row alone cannot tell: doubles, and what only Python knows."""
    for mapped in plan.columns:
        if not mapped.linking and mapped.field.type.needs_python(mapped.field.settings):
            _mark_refused(plan, mapped)
        if mapped.field.unique and mapped.field.physical_name not in plan.keys:
            _mark_repeated(plan, [mapped])
            _mark_taken(plan, mapped)
    if plan.keys:
        _mark_repeated(plan, plan.key_columns())
        _mark_ambiguous(plan)


def count(plan: Plan) -> Count:
    """How much is wrong, exactly."""
    cells = [sql.SQL("{}::int").format(plan.bad(mapped)) for mapped in plan.columns]
    faults = sql.SQL("coalesce(array_length(string_to_array(v.fault, ';'), 1), 0)")
    statement = sql.SQL(
        "SELECT count(*) FILTER (WHERE bad > 0), coalesce(sum(bad), 0) FROM (SELECT {} AS bad FROM {}) AS counted"
    ).format(sql.SQL(" + ").join([faults, *cells]), plan.converted())
    with connection.cursor() as cursor:
        cursor.execute(statement)
        rows, bad = cursor.fetchone()
    return Count(rows, int(bad))


def bad_cells(plan: Plan, most: int = MOST_TOLD) -> Iterator[BadCell]:
    """The bad cells in the order of the file, with the reasons."""
    by_index = {mapped.index: mapped for mapped in plan.columns}
    told = 0
    with connection.cursor() as cursor:
        cursor.execute(_bad_cells_sql(plan, most))
        found = cursor.fetchall()
    of_links = _reasons_of_links(plan, found)
    for row, index, raw, faults in found:
        if faults is None:
            cells = [_cell(by_index, row, index, raw, of_links.get(index, {}))]
        else:
            cells = _faults(plan, by_index, row, faults)
        for each in cells:
            if told == most:
                return
            told += 1
            yield each


def _bad_cells_sql(plan: Plan, most: int) -> sql.Composable:
    cut = sql.Literal(_LONGEST_TOLD)
    cells = [
        sql.SQL("({}, left({}, {}), {})").format(sql.Literal(mapped.index), mapped.raw, cut, plan.bad(mapped))
        for mapped in plan.columns
    ]
    cells.append(sql.SQL("(-1, NULL, v.fault IS NOT NULL)"))
    return sql.SQL(
        "SELECT v.n, x.i, x.raw, CASE WHEN x.i = -1 THEN v.fault END FROM {}, LATERAL (VALUES {}) AS x (i, raw, bad) "
        "WHERE x.bad ORDER BY v.n, x.i LIMIT {}"
    ).format(plan.converted(), sql.SQL(", ").join(cells), sql.Literal(most))


def _cell(by_index: dict[int, Mapped], row: int, index: int, raw: str | None, reasons: dict[str, str]) -> BadCell:
    mapped, raw = by_index[index], raw or ""
    return BadCell(row, mapped.name, raw, reasons.get(raw) or _reason(mapped.field, raw, mapped.separator))


def _reasons_of_links(plan: Plan, found: list[tuple]) -> dict[int, dict[str, str]]:
    """Why texts name no rows, by column and text."""
    told: dict[int, set[str]] = {linking.index: set() for linking in plan.linkings}
    for _row, index, raw, _faults in found:
        if raw and index in told:
            told[index].add(raw)
    return {each.index: each.reasons(told[each.index], _LONGEST_TOLD) for each in plan.linkings}


def _faults(plan: Plan, by_index: dict[int, Mapped], row: int, faults: str) -> Iterator[BadCell]:
    raws = _raws(plan, row)
    for fault in faults.split(";"):
        code, first, *more = fault.split(":")
        if code == TOO_WIDE:
            reason = _("the row has %(cells)s cells, the table of the file only %(columns)d columns")
            yield BadCell(row, "", "", reason % {"cells": first, "columns": plan.staging.width})
        elif int(first) in by_index:
            mapped = by_index[int(first)]
            raw = raws[mapped.index]
            yield BadCell(row, mapped.name, raw, _reason_of_fault(code, mapped, raw, *more))


def _reason_of_fault(code: str, mapped: Mapped, raw: str, number: str = "") -> str:
    if code == UNSTORABLE:
        return _("it contains a character that cannot be stored (NUL or half of a surrogate pair)")
    if code == REPEATED:
        return _("row %(number)s of the file has this value already; it must be there once") % {"number": number}
    if code == TAKEN:
        return _("row %(number)s of the table has this value already; it must be unique") % {"number": number}
    if code == AMBIGUOUS:
        return _("several rows of the table have this value: it does not say which one to update")
    return _reason(mapped.field, raw, mapped.separator)


@lru_cache(maxsize=2048)
def _reason(field: Field, raw: str, separator: str) -> str:
    """Why a field does not take a text, in the words of its type."""
    try:
        value = field.type.clean(lists.parts(raw, separator) if separator else raw, field.settings)
    except ValidationError as refusal:
        return " ".join(refusal.messages)
    return _("a value is required") if value is None else _("it cannot be used here")


def _raws(plan: Plan, row: int) -> dict[int, str]:
    columns = [sql.SQL("left({}, {})").format(cell(each.index), sql.Literal(_LONGEST_TOLD)) for each in plan.columns]
    statement = sql.SQL("SELECT {} FROM {} WHERE n = {} LIMIT 1").format(
        sql.SQL(", ").join(columns), plan.staging.target, sql.Literal(row)
    )
    with connection.cursor() as cursor:
        cursor.execute(statement)
        values = cursor.fetchone()
    return {mapped.index: value or "" for mapped, value in zip(plan.columns, values, strict=True)}


# --- What a row alone cannot tell -----------------------------------------------------------------------------------


def _mark(plan: Plan, code: sql.Composable, found: sql.Composable) -> None:
    """Add a fault to the rows of the query `found` (n, number)."""
    statement = sql.SQL(
        "UPDATE {} AS s SET fault = concat_ws(';', s.fault, {} || coalesce(':' || found.number, '')) "
        "FROM ({}) AS found WHERE s.n = found.n"
    ).format(plan.staging.target, code, found)
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _code(name: str, mapped: Mapped) -> sql.Literal:
    return sql.Literal(f"{name}:{mapped.index}")


def _mark_repeated(plan: Plan, columns: list[Mapped]) -> None:
    """Rows whose value an earlier row of the file has; that one stays."""
    values = sql.SQL(", ").join(mapped.value for mapped in columns)
    filled = sql.SQL(" AND ").join(sql.SQL("{} IS NOT NULL").format(mapped.value) for mapped in columns)
    found = sql.SQL(
        "SELECT n, number FROM (SELECT v.n, first_value(v.n) OVER (PARTITION BY {} ORDER BY v.n) AS number "
        "FROM {} WHERE {}) AS doubles WHERE n <> number"
    ).format(values, plan.converted(), filled)
    _mark(plan, _code(REPEATED, columns[0]), found)


def _mark_taken(plan: Plan, mapped: Mapped) -> None:
    """Values that a row of the table has already; one that is about to be updated may keep its own."""
    others = sql.SQL("AND NOT ({})").format(plan.same_key()) if plan.keys else sql.SQL("")
    found = sql.SQL("SELECT v.n, t.id AS number FROM {} JOIN {} AS t ON t.{} = {} {}").format(
        plan.converted(), plan.layout.target, mapped.column, mapped.value, others
    )
    _mark(plan, _code(TAKEN, mapped), found)


def _mark_ambiguous(plan: Plan) -> None:
    found = sql.SQL(
        "SELECT v.n, NULL::text AS number FROM {} JOIN {} AS t ON {} GROUP BY v.n HAVING count(*) > 1"
    ).format(plan.converted(), plan.layout.target, plan.same_key())
    _mark(plan, _code(AMBIGUOUS, plan.key_columns()[0]), found)


def _mark_refused(plan: Plan, mapped: Mapped) -> None:
    """Ask Python about each different text; `accept` looks at all of them, and one by one when it refuses."""
    texts = _different(plan, mapped)
    refused, cleaned, slow = [], {}, 0
    for text in texts:
        try:
            value = mapped.field.type.clean(text, mapped.field.settings)
        except ValidationError as refusal:
            refused.append(text)
            slow += getattr(refusal, "code", None) == TOO_SLOW
            if slow > MOST_SLOW:
                raise ImportRefused(
                    _("The pattern of “%(field)s” takes too long on these values: make it simpler.")
                    % {"field": mapped.field.label}
                ) from None
        else:
            if value is not None:
                cleaned[text] = value
    refused += _not_accepted(plan, mapped, cleaned)
    if refused:
        found = sql.SQL("SELECT s.n, NULL::text AS number FROM {} AS s WHERE s.{} = ANY({})").format(
            plan.staging.target, cell(mapped.index), sql.Literal(refused)
        )
        _mark(plan, _code(REFUSED, mapped), found)


def _different(plan: Plan, mapped: Mapped) -> Iterator[str]:
    """The different texts that SQL alone would take."""
    statement = sql.SQL("SELECT DISTINCT {} FROM {} WHERE {} IS NOT NULL").format(
        mapped.raw, plan.converted(), mapped.value
    )
    with connection.chunked_cursor() as cursor:
        cursor.execute(statement)
        while rows := cursor.fetchmany(2000):
            yield from (text for (text,) in rows)


def _not_accepted(plan: Plan, mapped: Mapped, cleaned: dict[str, object]) -> list[str]:
    accept = mapped.field.type.accept
    try:
        accept(list(cleaned.values()), plan.layout)
    except ValidationError:
        pass
    else:
        return []
    refused = []
    for text, value in cleaned.items():
        try:
            accept([value], plan.layout)
        except ValidationError:
            refused.append(text)
    return refused
