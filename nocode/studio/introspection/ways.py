"""The ways in which a column can be carried: the best one first, and each with what its values must look like."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.utils import timezone
from psycopg2 import sql

from nocode.studio.fields.conversions import between, call
from nocode.studio.fields.number import MOST_DECIMALS
from nocode.studio.schema import expressions
from nocode.studio.schema.catalog import Column

MOST_OPTIONS, LONGEST_OPTION = 50, 100
LONGEST_LINE = 500  # characters of a text field
SIDES = ("min", "max")


@dataclass(frozen=True)
class Way:
    """A type for a column: `value` is what is written for it, `fits` the condition on values; None: any value fits.

    `kept` are the CHECKs of the column that the settings hold from then on.
    """

    kind: str
    value: sql.Composable
    fits: sql.Composable | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    kept: tuple[str, ...] = ()


def ways(column: Column, checks: list[str]) -> list[Way]:
    """The ways for a column with these CHECKs, the widest one last; none when it cannot be carried."""
    source = sql.Identifier("s", column.name)
    if column.generated or column.is_array or column.kind == "c":
        return []
    if column.kind == "e":
        return [*_choices(source, list(column.options), ()), *_texts(source, None)]
    make = _MAKERS.get(column.base)
    return list(make(column, source, checks)) if make else []


# --- numbers


def _integers(column: Column, source: sql.Composable, checks: list[str]) -> Iterator[Way]:
    value = sql.SQL("{}::bigint").format(source)
    if column.identity or column.default.startswith("nextval("):
        yield Way("auto_number", value)
        return
    for settings, kept in _bounds(column, checks, whole=True):
        fits = between(value, *(Decimal(settings[side]) if side in settings else None for side in SIDES))
        yield Way("integer", value, fits, settings, kept)
    yield Way("integer", value)


def _decimals(column: Column, source: sql.Composable, checks: list[str]) -> Iterator[Way]:
    """By way of text, in which a floating-point number has exactly the digits that tell it from others."""
    is_exact = column.base in ("numeric", "money")
    value = sql.SQL("{}::numeric" if is_exact else "{}::text::numeric").format(source)
    scale = _scale(column.type) if column.base == "numeric" else None
    own = {} if scale is None else {"decimals": scale}
    most = MOST_DECIMALS if scale is None else scale
    for settings, kept in _bounds(column, checks, whole=False):
        fits = call("fits", value, most, *(Decimal(settings[side]) if side in settings else None for side in SIDES))
        yield Way("decimal", value, sql.SQL("{} IS NOT NULL").format(fits), own | settings, kept)
    yield Way("decimal", value, sql.SQL("{} IS NOT NULL").format(call("fits", value, most, None, None)), own)
    yield from _texts(source, None)


def _scale(type_name: str) -> int | None:
    """The decimals of numeric(10,2); None when it does not say, or says what a field cannot."""
    _name, _open, inside = type_name.partition("(")
    digits = inside.rstrip(")").split(",")
    scale = int(digits[1]) if len(digits) == 2 else 0 if inside else None
    return scale if scale is not None and 0 <= scale <= MOST_DECIMALS else None


def _bounds(column: Column, checks: list[str], *, whole: bool) -> Iterator[tuple[dict[str, str], tuple[str, ...]]]:
    """The bounds that CHECKs set, as settings, with these CHECKs; nothing when there are none to be kept."""
    limits: dict[str, Decimal] = {}
    kept = []
    for check in checks:
        found = expressions.bounds(check, column.name) or expressions.bounds(check, "VALUE")
        if not found:
            continue
        if whole:  # greater than 0 is at least 1
            found = {
                "min" if name in ("min", "above") else "max": value + {"above": 1, "below": -1}.get(name, 0)
                for name, value in found.items()
            }
        if set(found) <= set(SIDES) and not set(found) & set(limits) and _are_whole(found, whole):
            limits |= found
            kept.append(check)
    if limits:
        yield {side: format(limits[side], "f") for side in SIDES if side in limits}, tuple(kept)


def _are_whole(found: dict[str, Decimal], whole: bool) -> bool:
    return not whole or all(value == value.to_integral_value() for value in found.values())


# --- words


def _words(column: Column, source: sql.Composable, checks: list[str]) -> Iterator[Way]:
    for check in checks:
        allowed = expressions.options(check, column.name) or expressions.options(check, "VALUE")
        if allowed:
            yield from _choices(source, allowed, (check,))
    length = _length(column.type) if column.base in ("varchar", "bpchar") else None
    yield from _texts(source, length)


def _length(type_name: str) -> int | None:
    inside = type_name.partition("(")[2].rstrip(")")
    return int(inside) if inside.isdigit() else None


def _choices(source: sql.Composable, options: list[str], kept: tuple[str, ...]) -> Iterator[Way]:
    """One of a list; not where an option is one that a field would write differently."""
    is_plain = all(each == each.strip() and each.isprintable() and 0 < len(each) <= LONGEST_OPTION for each in options)
    if is_plain and 0 < len(options) <= MOST_OPTIONS and len(set(options)) == len(options):
        value = sql.SQL("{}::text").format(source)
        fits = sql.SQL("{} = ANY({}::text[])").format(value, sql.Literal(options))
        yield Way("select", value, fits, {"options": options}, kept)


def _texts(source: sql.Composable, length: int | None) -> Iterator[Way]:
    """One line, else many; white space alone is empty, as it is everywhere here."""
    text = sql.SQL("{}::text").format(source)
    value = sql.SQL("CASE WHEN {} <> '' THEN {} END").format(call("trim", text), text)
    if length is None or length <= LONGEST_LINE:
        longest = length or LONGEST_LINE
        line = sql.SQL("char_length({0}) <= {1} AND {0} !~ E'[\\n\\r]'").format(text, sql.Literal(longest))
        yield Way("text", value, line, {"max_length": longest})
    yield Way("long_text", value)


def _as_text(column: Column, source: sql.Composable, checks: list[str]) -> Iterator[Way]:
    yield from _texts(source, None)


# --- days, moments, times


def _dates(column: Column, source: sql.Composable, checks: list[str]) -> Iterator[Way]:
    yield Way("date", source, sql.SQL("{} BETWEEN '0001-01-01' AND '9999-12-31'").format(source))
    yield from _texts(source, None)


def _moments(column: Column, source: sql.Composable, checks: list[str]) -> Iterator[Way]:
    """A moment without a time zone is one by the clocks of this installation; in spring an hour does not exist."""
    value, returns = source, sql.SQL("true")
    if column.base == "timestamp":
        zone = sql.Literal(timezone.get_default_timezone_name())
        value = sql.SQL("{} AT TIME ZONE {}").format(source, zone)
        returns = sql.SQL("({}) AT TIME ZONE {} = {}").format(value, zone, source)
    known = sql.SQL("{} BETWEEN '0001-01-02' AND '9999-12-30' AND {}").format(source, returns)
    yield Way("datetime", value, known)
    yield from _texts(source, None)


def _times(column: Column, source: sql.Composable, checks: list[str]) -> Iterator[Way]:
    yield Way("time", source, sql.SQL("{} < '24:00'").format(source))
    yield from _texts(source, None)


def _intervals(column: Column, source: sql.Composable, checks: list[str]) -> Iterator[Way]:
    """Whole seconds are a duration; a month is as long as it is."""
    seconds = sql.SQL("extract(epoch FROM {})").format(source)
    whole = sql.SQL(
        "extract(year FROM {0}) = 0 AND extract(month FROM {0}) = 0 AND {1} = trunc({1}) AND abs({1}) < 1e12"
    ).format(source, seconds)
    yield Way("duration", sql.SQL("{}::bigint").format(seconds), whole)
    yield from _texts(source, None)


# --- the rest


def _plainly(kind: str) -> Callable[..., Iterator[Way]]:
    def make(column: Column, source: sql.Composable, checks: list[str]) -> Iterator[Way]:
        yield Way(kind, source)

    return make


def _json(column: Column, source: sql.Composable, checks: list[str]) -> Iterator[Way]:
    """As text it may hold what jsonb cannot: a NUL, a number without end. Then it stays a text."""
    text = sql.SQL("{}::text").format(source)
    value = call("try_json", text)
    yield Way("json", value, sql.SQL("{0} IS NOT NULL AND left(ltrim({1}), 1) IN ('[', '{{')").format(value, text))
    yield from _texts(source, None)


_MAKERS: dict[str, Callable[..., Iterator[Way]]] = {
    **dict.fromkeys(("int2", "int4", "int8", "oid"), _integers),
    **dict.fromkeys(("numeric", "money", "float4", "float8"), _decimals),
    **dict.fromkeys(("varchar", "bpchar", "text", "citext", "name", "char"), _words),
    **dict.fromkeys(("inet", "cidr", "macaddr", "macaddr8", "xml", "bit", "varbit", "ltree", "timetz"), _as_text),
    **dict.fromkeys(("int4range", "int8range", "numrange", "daterange", "tsrange", "tstzrange"), _as_text),
    **dict.fromkeys(("timestamp", "timestamptz"), _moments),
    "date": _dates,
    "time": _times,
    "interval": _intervals,
    "bool": _plainly("boolean"),
    "uuid": _plainly("uuid"),
    "jsonb": _plainly("json"),
    "json": _json,
}
AS_TEXT = frozenset(name for name, make in _MAKERS.items() if make is _as_text)
