"""Functions for days and moments. Moments are read as the clocks of this installation show them."""

import re
from datetime import date

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from psycopg2 import sql

from nocode.studio.errors import FormulaRefused
from nocode.studio.formula.functions.base import Arguments, Typed, function, let, number, text
from nocode.studio.formula.kinds import Kind, converted, local

_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400, "weeks": 604_800}
_MONTHS = {"months": 1, "years": 12}
UNITS = (*_SECONDS, *_MONTHS)
_OF_DAYS = ("days", "weeks", "months", "years")
# What make_interval calls a unit, and how many of it one is.
_STEPS = {
    **{unit: ("secs", _SECONDS[unit]) for unit in ("seconds", "minutes", "hours")},
    "days": ("days", 1),
    "weeks": ("days", 7),
    "months": ("months", 1),
    "years": ("months", 12),
}
_STEP_TYPES = {"secs": "float8", "days": "int", "months": "int"}
_FURTHEST = {"secs": 4000 * 365 * 86_400, "days": 4000 * 365, "months": 4000 * 12}  # PostgreSQL knows that much
# Where a moment is a date in every time zone.
_SHOWN = "f.a BETWEEN '0001-01-02' AND '9999-12-30'"


def _clock(moment: Typed) -> sql.Composable:
    """The moment as a timestamp of the local clocks."""
    return sql.SQL("{}::timestamp").format(moment.sql) if moment.kind == Kind.DATE else local(moment.sql)


@function("date", "TODAY()", _("The day it is."), {}, least=0, most=0)
def _today(given: Arguments) -> Typed:
    return Typed(sql.SQL("{}::date").format(local(sql.SQL("statement_timestamp()"))), Kind.DATE)


@function("date", "NOW()", _("The moment it is."), {}, least=0, most=0)
def _now_moment(given: Arguments) -> Typed:
    return Typed(sql.SQL("statement_timestamp()"), Kind.DATETIME)


_MADE = """CASE WHEN f.a BETWEEN 1 AND 9999 AND f.b BETWEEN 1 AND 12 AND f.c BETWEEN 1 AND 31 THEN
    CASE WHEN extract(month FROM make_date(trunc(f.a)::int, trunc(f.b)::int, 1) + (trunc(f.c)::int - 1)) = trunc(f.b)
    THEN make_date(trunc(f.a)::int, trunc(f.b)::int, 1) + (trunc(f.c)::int - 1) END END"""


@function(
    "date",
    "DATE(year, month, day)",
    _("A date; nothing when the calendar has no such day."),
    {"DATE(2026, 2, 28)": date(2026, 2, 28), "DATE(2026, 2, 30)": None},
    least=3,
    most=3,
)
def _date(given: Arguments) -> Typed:
    return Typed(let(_MADE, given.number(0), given.number(1), given.number(2)), Kind.DATE)


_WRITTEN = r"regexp_match(f.a, '^\s*(\d{4})-(\d{2})-(\d{2})\s*$')::numeric[]"


@function(
    "date",
    "DATEVALUE(value)",
    _("The day of a moment, or the one that is written in a text as year-month-day; nothing when it is none."),
    {'DATEVALUE("2026-11-23")': date(2026, 11, 23), 'DATEVALUE("soon")': None},
    least=1,
    most=1,
)
def _datevalue(given: Arguments) -> Typed:
    value = given.values[0]
    if value.kind in (Kind.DATE, Kind.DATETIME):
        return Typed(sql.SQL("{}::date").format(_clock(value)), Kind.DATE)
    matched = sql.SQL("(SELECT {} AS a FROM (SELECT {} AS a) AS f OFFSET 0) AS m").format(
        sql.SQL(_WRITTEN), given.text(0)
    )
    parts = sql.SQL("SELECT m.a[1] AS a, m.a[2] AS b, m.a[3] AS c FROM {} OFFSET 0").format(matched)
    return Typed(sql.SQL("(SELECT {} FROM ({}) AS f)").format(sql.SQL(_MADE), parts), Kind.DATE)


@function(
    "date",
    "DATEADD(date, count, unit)",
    _('A later date, or an earlier one. Units: "seconds", "minutes", "hours", "days", "weeks", "months", "years".'),
    {'DATEADD(DATE(2026, 1, 31), 1, "months")': date(2026, 2, 28)},
    least=3,
    most=3,
)
def _dateadd(given: Arguments) -> Typed:
    moment, unit = given.moment(0), given.word(2, UNITS)
    if moment.kind == Kind.DATE and unit not in _OF_DAYS:
        message = _now("A date has no time of day; DATEADD takes %(units)s here.")
        units = ", ".join(f'"{each}"' for each in _OF_DAYS)
        raise FormulaRefused(message % {"units": units}, position=given.values[2].start)
    part, size = _STEPS[unit]
    step = sql.SQL("make_interval({} => (CASE WHEN abs(f.b) <= {} THEN trunc(f.b) * {} END)::{})").format(
        sql.SQL(part), sql.Literal(_FURTHEST[part] // size), sql.Literal(size), sql.SQL(_STEP_TYPES[part])
    )
    start = _clock(moment) if unit in _OF_DAYS else moment.sql
    found = sql.SQL("(SELECT f.a + {} FROM (SELECT {} AS a, {} AS b OFFSET 0) AS f)").format(
        step, start, given.number(1)
    )
    shown = let(f"CASE WHEN {_SHOWN} THEN f.a END", found)
    if moment.kind == Kind.DATE:
        return Typed(sql.SQL("{}::date").format(shown), Kind.DATE)
    return Typed(local(shown) if unit in _OF_DAYS else shown, Kind.DATETIME)


_WHOLE_MONTHS = """CASE WHEN f.b >= f.a THEN 1 WHEN f.b < f.a THEN -1 END * (
    SELECT (extract(year FROM g.hi) - extract(year FROM g.lo)) * 12 + extract(month FROM g.hi)
        - extract(month FROM g.lo) - CASE
        WHEN (extract(day FROM g.hi), g.hi::time) < (extract(day FROM g.lo), g.lo::time) THEN 1 ELSE 0 END
    FROM (SELECT least(f.a, f.b) AS lo, greatest(f.a, f.b) AS hi) AS g)"""


@function(
    "date",
    "DATEDIFF(start, end, unit)",
    _("How many whole units lie between two dates: below 0 when the end comes first. Units as in DATEADD."),
    {'DATEDIFF(DATE(2026, 1, 1), DATE(2026, 3, 1), "days")': 59},
    least=3,
    most=3,
)
def _datediff(given: Arguments) -> Typed:
    start, end, unit = given.moment(0), given.moment(1), given.word(2, UNITS)
    if unit in _MONTHS:
        months = let(_WHOLE_MONTHS, _clock(start), _clock(end))
        return number(sql.SQL("trunc({} / {})").format(months, sql.Literal(_MONTHS[unit])))
    if start.kind == end.kind == Kind.DATE:
        days = sql.SQL("({} - {})::numeric").format(end.sql, start.sql)
        return number(sql.SQL("trunc({} * 86400 / {})").format(days, sql.Literal(_SECONDS[unit])))
    first, last = (converted(each.sql, each.kind, Kind.DATETIME) for each in (start, end))
    return number(sql.SQL("trunc(extract(epoch FROM {} - {}) / {})").format(last, first, sql.Literal(_SECONDS[unit])))


def _part(given: Arguments, part: str) -> Typed:
    return number(sql.SQL("extract({} FROM {})").format(sql.SQL(part), _clock(given.moment(0))))


@function("date", "YEAR(date)", _("Its year."), {"YEAR(DATE(2026, 11, 23))": 2026}, least=1, most=1)
def _year(given: Arguments) -> Typed:
    return _part(given, "year")


@function("date", "MONTH(date)", _("Its month, 1 to 12."), {"MONTH(DATE(2026, 11, 23))": 11}, least=1, most=1)
def _month(given: Arguments) -> Typed:
    return _part(given, "month")


@function("date", "DAY(date)", _("Its day of the month."), {"DAY(DATE(2026, 11, 23))": 23}, least=1, most=1)
def _day(given: Arguments) -> Typed:
    return _part(given, "day")


@function("date", "HOUR(date)", _("Its hour, 0 to 23."), {"HOUR(DATE(2026, 11, 23))": 0}, least=1, most=1)
def _hour(given: Arguments) -> Typed:
    return _part(given, "hour")


@function("date", "MINUTE(date)", _("Its minute."), {"MINUTE(DATE(2026, 11, 23))": 0}, least=1, most=1)
def _minute(given: Arguments) -> Typed:
    return _part(given, "minute")


@function(
    "date",
    "WEEKDAY(date)",
    _("Its day of the week: 1 is Monday, 7 is Sunday."),
    {"WEEKDAY(DATE(2026, 11, 23))": 1},
    least=1,
    most=1,
)
def _weekday(given: Arguments) -> Typed:
    return _part(given, "isodow")


@function(
    "date",
    "WEEK(date)",
    _("Its week, as ISO 8601 counts them."),
    {"WEEK(DATE(2026, 11, 23))": 48},
    least=1,
    most=1,
)
def _week(given: Arguments) -> Typed:
    return _part(given, "week")


_PATTERN = re.compile(r"(YYYY|YY|MM|M|DD|D|HH|H|mm|ss)|([A-Za-z]+)|(.)", re.DOTALL)
_TO_CHAR = {"M": "FMMM", "D": "FMDD", "HH": "HH24", "H": "FMHH24", "mm": "MI", "ss": "SS"}


def _shape(given: Arguments) -> str:
    """What to_char calls the pattern of FORMAT."""
    value, parts = given.values[1], []
    for word, unknown, sign in _PATTERN.findall(value.constant or ""):
        if unknown:
            message = _now("“%(word)s” is no part of a date: YYYY, YY, MM, M, DD, D, HH, H, mm and ss are.")
            raise FormulaRefused(message % {"word": unknown}, position=value.start)
        quoted = sign.replace("\\", "\\\\").replace('"', '\\"')
        parts.append(_TO_CHAR.get(word, word) if word else f'"{quoted}"')
    if not parts:
        raise FormulaRefused(_now("FORMAT needs a text in quotation marks here."), position=value.start)
    return "".join(parts)


@function(
    "text",
    "FORMAT(value, pattern)",
    _("A number with a fixed number of decimals, or a date in a pattern made of YYYY, MM, DD, HH, mm and ss."),
    {"FORMAT(12.5, 2)": "12.50", 'FORMAT(DATE(2026, 2, 3), "DD/MM/YYYY")': "03/02/2026"},
    least=2,
    most=2,
)
def _format(given: Arguments) -> Typed:
    if given.values[0].kind == Kind.NUMBER:
        body = "CASE WHEN f.b BETWEEN 0 AND 30 THEN round(f.a, trunc(f.b)::int)::text END"
        return text(let(body, given.number(0), given.number(1)))
    return text(sql.SQL("to_char({}, {})").format(_clock(given.moment(0)), sql.Literal(_shape(given))))
