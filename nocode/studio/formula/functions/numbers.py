"""Functions for numbers. Nothing among the arguments gives nothing, unless it is said otherwise."""

from django.utils.translation import gettext_lazy as _
from psycopg2 import sql

from nocode.studio.formula.functions.base import Arguments, Typed, function, let, number
from nocode.studio.formula.kinds import Kind, cast

_LARGEST = "69.07"  # the natural logarithm of 10 ^ 30


def _simple(given: Arguments, shape: str) -> Typed:
    return number(sql.SQL(shape).format(given.number(0)))


@function(
    "number",
    "ROUND(number, decimals)",
    _("Rounded to decimals (0 unless said), halves away from zero."),
    {"ROUND(2.345, 2)": 2.35, "ROUND(-2.5)": -3, "ROUND(1234, -2)": 1200},
    least=1,
    most=2,
)
def _round(given: Arguments) -> Typed:
    body = "CASE WHEN abs(f.b) <= 30 THEN round(f.a, trunc(f.b)::int) END"
    return number(let(body, given.number(0), given.number(1, default=0)))


@function("number", "FLOOR(number)", _("The next whole number below."), {"FLOOR(-1.5)": -2}, least=1, most=1)
def _floor(given: Arguments) -> Typed:
    return _simple(given, "floor({})")


@function("number", "CEIL(number)", _("The next whole number above."), {"CEIL(1.2)": 2}, least=1, most=1)
def _ceil(given: Arguments) -> Typed:
    return _simple(given, "ceil({})")


@function("number", "ABS(number)", _("Without its sign."), {"ABS(-3)": 3}, least=1, most=1)
def _abs(given: Arguments) -> Typed:
    return _simple(given, "abs({})")


@function(
    "number",
    "MOD(number, divisor)",
    _("What a division leaves, with the sign of the number; nothing for the divisor 0."),
    {"MOD(7, 3)": 1, "MOD(-7, 3)": -1, "MOD(7, 0)": None},
    least=2,
    most=2,
)
def _mod(given: Arguments) -> Typed:
    return number(sql.SQL("mod({}, nullif({}, 0))").format(given.number(0), given.number(1)))


@function(
    "number",
    "POWER(number, exponent)",
    _("The number to the power of the exponent, like the sign ^; nothing when it is no number below 10^30."),
    {"POWER(2, 10)": 1024, "POWER(-2, 0.5)": None},
    least=2,
    most=2,
)
def power(given: Arguments) -> Typed:
    body = f"""CASE
        WHEN f.a = 0 THEN CASE WHEN f.b > 0 THEN 0 WHEN f.b = 0 THEN 1 END
        WHEN f.a < 0 AND f.b <> trunc(f.b) THEN NULL
        WHEN abs(f.b) > 1000000 OR f.b * ln(abs(f.a)) > {_LARGEST} THEN NULL
        WHEN f.b * ln(abs(f.a)) < -{_LARGEST} THEN 0
        ELSE power(f.a, f.b) END"""
    return number(let(body, given.number(0), given.number(1)))


@function(
    "number",
    "SQRT(number)",
    _("The square root; nothing for a number below 0."),
    {"SQRT(9)": 3, "SQRT(-1)": None},
    least=1,
    most=1,
)
def _sqrt(given: Arguments) -> Typed:
    return number(let("CASE WHEN f.a >= 0 THEN sqrt(f.a) END", given.number(0)))


def _outermost(given: Arguments, name: str) -> Typed:
    values, kind = given.same(range(len(given)))
    return Typed(sql.SQL("{}({})").format(sql.SQL(name), sql.SQL(", ").join(values)), kind)


@function(
    "number",
    "MIN(value, …)",
    _("The smallest of the values that are there; also of dates."),
    {"MIN(3, 1, BLANK())": 1},
    least=1,
)
def _min(given: Arguments) -> Typed:
    return _outermost(given, "least")


@function(
    "number",
    "MAX(value, …)",
    _("The largest of the values that are there; also of dates."),
    {"MAX(3, 1, BLANK())": 3},
    least=1,
)
def _max(given: Arguments) -> Typed:
    return _outermost(given, "greatest")


def _over_all(given: Arguments, name: str) -> Typed:
    values = [sql.SQL("({})").format(given.number(index)) for index in range(len(given))]
    lines = sql.SQL(", ").join(values)
    return number(sql.SQL("(SELECT {}(f.a) FROM (VALUES {}) AS f (a))").format(sql.SQL(name), lines))


@function("number", "SUM(number, …)", _("The sum of the numbers that are there."), {"SUM(1, 2, BLANK())": 3}, least=1)
def _sum(given: Arguments) -> Typed:
    return _over_all(given, "sum")


@function(
    "number",
    "AVERAGE(number, …)",
    _("The average of the numbers that are there."),
    {"AVERAGE(1, 2, BLANK())": 1.5},
    least=1,
)
def _average(given: Arguments) -> Typed:
    return _over_all(given, "avg")


def plus(left: sql.Composable, right: sql.Composable, sign: str) -> sql.Composable:
    """Two numbers with a sign between them; a division by zero gives nothing."""
    if sign == "/":
        right = sql.SQL("nullif({}, 0)").format(right)
    return cast(sql.SQL("({} {} {})").format(left, sql.SQL(sign), right), Kind.NUMBER)
