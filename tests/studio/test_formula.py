"""The language of formulas: every function, what is empty, what is refused and where."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from psycopg2 import sql

from nocode.studio.errors import FormulaRefused
from nocode.studio.formula import Kind, Typed, compile_formula, references, rewrite
from nocode.studio.formula.functions import FUNCTIONS
from nocode.studio.formula.manual import GROUPS, markdown

KINDS = {
    "n": Kind.NUMBER,
    "t": Kind.TEXT,
    "b": Kind.BOOLEAN,
    "d": Kind.DATE,
    "m": Kind.DATETIME,
}
EXAMPLES = [(text, want) for each in FUNCTIONS.values() for text, want in each.examples.items()]


def scope(name: str) -> Typed:
    if name not in KINDS:
        raise FormulaRefused(f"no {name}")
    return Typed(sql.Identifier("t", name), KINDS[name])


def answer(formula: str, **row) -> object:
    """What PostgreSQL makes of a formula for one row."""
    columns = [
        sql.SQL("{}::{} AS {}").format(sql.Literal(row.get(name)), sql.SQL(kind.column), sql.Identifier(name))
        for name, kind in KINDS.items()
    ]
    compiled = compile_formula(formula, scope)
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("SELECT {} FROM (SELECT {} OFFSET 0) AS t").format(compiled.sql, sql.SQL(", ").join(columns))
        )
        return cursor.fetchone()[0]


@pytest.mark.django_db
@pytest.mark.parametrize(("formula", "expected"), EXAMPLES)
def test_functions_do_what_their_examples_say(formula, expected):
    assert answer(formula) == (Decimal(str(expected)) if isinstance(expected, float) else expected)


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_every_function_says_what_it_is(function):
    assert function.group in GROUPS
    assert str(function.about)
    assert function.examples or function.name in ("TODAY", "NOW")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("1 + 2 * 3 ^ 2", 19),
        ("2 ^ 3 ^ 2", 512),
        ("-2 ^ 2", -4),
        ("2 ^ -1", Decimal("0.5")),
        ("10 - 2 - 3", 5),
        ("(1 + 2) * 3", 9),
        ("0.1 + 0.2 = 0.3", True),
        ("1 + 1 & 2", "22"),
        ('if(1 <> 2; "a"; "b")', "a"),
        ("\"5\"\" pipe\" & 'it''s'", "5\" pipeit's"),
        ('"%s {x} \\ " & \'";--\'', '%s {x} \\ ";--'),
        ("DATE(2026, 1, 1) < NOW()", True),
        ("POWER(10, 100)", None),
        ("POWER(0, -1)", None),
        ("POWER(0, 0)", 1),
        ("1 / 0", None),
        ("DATEADD(DATE(9999, 12, 1), 2, 'months')", None),
        ("DATEADD(DATE(2024, 2, 29), 1, 'years')", dt.date(2025, 2, 28)),
        ("ROUND(1.5, 99)", None),
        ('LEFT("abc", 99999999999999)', "abc"),
        ('LEFT("abc", -1)', None),
        ('VALUE("1e400")', None),
        ("FORMAT(DATE(2026, 2, 3), 'D.M.YY \"\\ HH:mm')", '3.2.26 "\\ 00:00'),
    ],
)
def test_formula_gives(formula, expected):
    assert answer(formula) == expected


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("{n} * 2", None),
        ("COALESCE({n}, 0) * 2", 0),
        ("MAX({n}, 3)", 3),
        ('"a" & {t}', "a"),
        ("{t} & {t}", None),
        ("LEN({t})", 0),
        ("{n} = BLANK()", True),
        ("{t} = ''", True),
        ("{n} != 1", True),
        ("{n} < 1", None),
        ("IF({n} < 1, 1, 2)", 2),
        ("IF({b}, 1, 2)", 2),
        ("NOT({b})", True),
        ("AND({b}, TRUE)", False),
        ("OR({b}, TRUE)", True),
        ("DATEADD({d}, 1, 'days')", None),
        ("DATEDIFF({d}, TODAY(), 'months')", None),
        ("LEFT('abc', {n})", None),
        ("SWITCH({n}, 1, 'one', BLANK(), 'none')", "none"),
    ],
)
def test_what_is_empty(formula, expected):
    assert answer(formula) == expected


@pytest.mark.parametrize(
    ("formula", "place", "words"),
    [
        ("", 0, "ends too early"),
        ("1 +", 3, "ends too early"),
        ("1 + * 2", 4, "not expected"),
        ("(1 + 2", 0, "never closed"),
        ("1 2", 2, "not expected"),
        ('1 + "a"', 4, "needs a number here, not a text"),
        ("1 = 'a'", 4, "needs a number here, not a text"),
        ("IF(1, 2)", 3, "needs true or false here"),
        ("IF(TRUE, 1, 'a')", 12, "needs a number here"),
        ("LEFT('a')", 0, "is written LEFT(text, count)"),
        ("NOSUCH(1)", 0, "no function NOSUCH"),
        ("pg_sleep(10)", 0, "no function PG_SLEEP"),
        ("price * 2", 0, "fields are written {price}"),
        ("1 + {nothing}", 4, "no nothing"),
        ("'abc", 0, "quotation mark is missing"),
        ("{abc", 0, "} is missing"),
        ("1; DROP TABLE x", 1, "not expected"),
        ("1 -- x", 5, "no value"),
        ("n::text", 1, "means nothing"),
        ("DATEADD(TODAY(), 1, 'fortnights')", 20, "one of these"),
        ("DATEADD(TODAY(), 1, 'hours')", 20, "no time of day"),
        ("DATEADD(TODAY(), 1, {t})", 20, "one of these"),
        ("FORMAT(TODAY(), 'YYYY-QQ')", 16, "“QQ” is no part"),
        ("{d} + 1", 0, "needs a number here, not a date"),
        ("-" * 60 + "1", 40, "nested too deeply"),
        ("1" + "+1" * 100, 39, "nested too deeply"),
        ("(" * 50 + "1" + ")" * 50, 40, "nested too deeply"),
        ("1" * 31, 0, "at most 30 digits"),
        ("MAX(" + "1," * 400 + "1)", None, "at most 600 words"),
        ("'" + "a" * 4000 + "'", None, "at most 4000 characters"),
    ],
)
def test_mistakes_are_told_with_their_place(formula, place, words):
    with pytest.raises(FormulaRefused) as refusal:
        compile_formula(formula, scope)

    assert words in refusal.value.message
    assert place is None or refusal.value.position == place


@pytest.mark.django_db
def test_moments_are_read_in_the_time_zone_of_the_installation(settings):
    settings.TIME_ZONE = "America/New_York"
    moment = dt.datetime(2026, 3, 1, 2, 30, tzinfo=dt.UTC)

    assert answer("DAY({m}) & '/' & HOUR({m})", m=moment) == "28/21"
    assert answer("TEXT({m})", m=moment) == "2026-02-28 21:30"
    assert answer("DATEVALUE({m})", m=moment) == dt.date(2026, 2, 28)
    assert answer("DATEADD({m}, 10, 'days')", m=moment) == dt.datetime(2026, 3, 11, 1, 30, tzinfo=dt.UTC)
    assert answer("DATEADD({m}, 240, 'hours')", m=moment) == dt.datetime(2026, 3, 11, 2, 30, tzinfo=dt.UTC)
    assert answer("DATEDIFF({m}, DATEADD({m}, 90, 'minutes'), 'hours')", m=moment) == 1


@pytest.mark.django_db
def test_texts_are_cut_before_they_grow(settings):
    long = "ab" * 10_000

    assert answer("LEN({t} & {t})", t=long) == 10_000
    assert answer("LEN(REPLACE({t}, 'a', {t}))", t=long) == 10_000


def test_fields_are_found_and_renamed_but_not_in_texts():
    formula = "{a}}b} & '{a}' & {c}"

    assert references(formula) == ["a}b", "c"]
    assert rewrite(formula, lambda token: token.value + "}") == "{a}}b}}} & '{a}' & {c}}}"


def test_documentation_lists_every_function():
    page = (Path(settings.BASE_DIR) / "docs" / "formulas.md").read_text(encoding="utf-8")

    assert page.endswith(f"## Functions\n\n{markdown()}")
