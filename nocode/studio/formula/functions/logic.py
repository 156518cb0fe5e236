"""Functions that decide."""

from django.utils.translation import gettext_lazy as _
from psycopg2 import sql

from nocode.studio.formula.functions.base import Arguments, Typed, function, truth
from nocode.studio.formula.kinds import Kind


@function(
    "logic",
    "IF(condition, then, otherwise)",
    _("One value when the condition holds, another one (or nothing) when it does not."),
    {'IF(2 > 1, "yes", "no")': "yes", 'IF(2 < 1, "yes")': None},
    least=2,
    most=3,
)
def _if(given: Arguments) -> Typed:
    values, kind = given.same(range(1, len(given)))
    otherwise = values[1] if len(values) > 1 else sql.SQL("NULL")
    return Typed(sql.SQL("CASE WHEN {} THEN {} ELSE {} END").format(given.truth(0), values[0], otherwise), kind)


@function(
    "logic",
    "SWITCH(value, case, result, …, otherwise)",
    _("The result that stands behind the first case equal to the value, else the last value (or nothing)."),
    {'SWITCH("b", "a", 1, "b", 2, 0)': 2, 'SWITCH("c", "a", 1)': None},
    least=3,
)
def _switch(given: Arguments) -> Typed:
    pairs = (len(given) - 1) // 2
    cases, _kind = given.same([0, *range(1, 2 * pairs, 2)])
    results, kind = given.same([*range(2, 2 * pairs + 1, 2), *([len(given) - 1] if len(given) % 2 == 0 else [])])
    lines = [
        sql.SQL("WHEN s.a IS NOT DISTINCT FROM {} THEN {}").format(case, result)
        for case, result in zip(cases[1:], results, strict=False)
    ]
    otherwise = results[pairs] if len(results) > pairs else sql.SQL("NULL")
    return Typed(
        sql.SQL("(SELECT CASE {} ELSE {} END FROM (SELECT {} AS a OFFSET 0) AS s)").format(
            sql.SQL(" ").join(lines), otherwise, cases[0]
        ),
        kind,
    )


def _all(given: Arguments, sign: str) -> Typed:
    return truth(sql.SQL("({})").format(sql.SQL(sign).join(given.truth(index) for index in range(len(given)))))


@function("logic", "AND(condition, …)", _("Whether all conditions hold."), {"AND(1 = 1, 2 = 3)": False}, least=1)
def _and(given: Arguments) -> Typed:
    return _all(given, " AND ")


@function("logic", "OR(condition, …)", _("Whether one of the conditions holds."), {"OR(1 = 1, 2 = 3)": True}, least=1)
def _or(given: Arguments) -> Typed:
    return _all(given, " OR ")


@function("logic", "NOT(condition)", _("Whether the condition does not hold."), {"NOT(1 = 2)": True}, least=1, most=1)
def _not(given: Arguments) -> Typed:
    return truth(sql.SQL("(NOT {})").format(given.truth(0)))


@function(
    "logic",
    "ISBLANK(value)",
    _("Whether there is no value."),
    {"ISBLANK(BLANK())": True, "ISBLANK(0)": False},
    least=1,
    most=1,
)
def _isblank(given: Arguments) -> Typed:
    return truth(sql.SQL("({} IS NULL)").format(given.values[0].sql))


@function(
    "logic",
    "COALESCE(value, …)",
    _("The first value that is there."),
    {'COALESCE(BLANK(), "a", "b")': "a"},
    least=1,
)
def _coalesce(given: Arguments) -> Typed:
    values, kind = given.same(range(len(given)))
    return Typed(sql.SQL("coalesce({})").format(sql.SQL(", ").join(values)), kind)


@function("logic", "BLANK()", _("Nothing."), {"BLANK()": None}, least=0, most=0)
def _blank(given: Arguments) -> Typed:
    return Typed(sql.SQL("NULL"), Kind.BLANK)
