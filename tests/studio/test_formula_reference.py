"""Any formula means the same in PostgreSQL as in a plain evaluator of ours."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.studio.formula_reference import evaluate
from tests.studio.test_formula import answer

pytestmark = pytest.mark.django_db

maybe = st.none()
numbers = st.decimals(-(10**9), 10**9, places=3) | st.integers(-5, 5).map(Decimal)
texts = st.text("aAbB 1-é", min_size=1, max_size=6)
days = st.dates(dt.date(1, 1, 3), dt.date(9999, 12, 29)) | st.dates(dt.date(2023, 12, 1), dt.date(2024, 3, 31))
rows = st.fixed_dictionaries({"n": maybe | numbers, "t": maybe | texts, "b": maybe | st.booleans(), "d": maybe | days})


def joined(shape: str, *parts: st.SearchStrategy) -> st.SearchStrategy:
    return st.tuples(*parts).map(lambda values: shape.format(*values))


def literal(value: Decimal) -> str:
    return f"({value:f})"


def kinds(depth: int) -> dict[str, st.SearchStrategy]:
    """Formulas of each kind. "rough" numbers are those that PostgreSQL rounds in its own way: never compared."""
    made = {
        "number": st.just("{n}") | numbers.map(literal),
        "text": st.just("{t}") | texts.map(lambda text: f'"{text}"') | st.just('""'),
        "truth": st.sampled_from(["{b}", "TRUE", "FALSE"]),
        "day": st.just("{d}") | days.map(lambda day: f"DATE({day.year}, {day.month}, {day.day})"),
    }
    if depth:
        made = {kind: st.one_of(made[kind], *deeper) for kind, deeper in _deeper(kinds(depth - 1)).items()}
    number = made["number"]
    made["rough"] = number | joined("({} / {})", number, number) | joined("SQRT({})", number)
    return made


def _deeper(inner: dict[str, st.SearchStrategy]) -> dict[str, list[st.SearchStrategy]]:
    """For each kind, the functions and signs that give it."""
    number, text, truth, day = (inner[kind] for kind in ("number", "text", "truth", "day"))
    anything = number | text | truth | day
    small = st.integers(-3, 8).map(lambda value: f"({value})") | st.just("BLANK()")
    unit = st.sampled_from(["'days'", "'weeks'", "'months'", "'years'"])
    sign = st.sampled_from(["=", "!=", "<>", "<", "<=", ">", ">="])
    same = [joined("({} {} {})", each, sign, each) for each in (number, day)]
    choices = {
        kind: joined("IF({}, {}, {})", truth, each, each)
        | joined("IF({}, {})", truth, each)
        | joined("COALESCE({}, {})", each, each)
        | joined("SWITCH({}, {}, {}, {})", text, text, each, each)
        for kind, each in (("number", number), ("text", text), ("truth", truth), ("day", day))
    }
    return {
        "number": [
            choices["number"],
            joined("({} {} {})", number, st.sampled_from("+-*"), number),
            joined("-{}", number),
            joined("{}({})", st.sampled_from(["ABS", "FLOOR", "CEIL"]), number),
            joined("ROUND({}, {})", number, small),
            joined("MOD({}, {})", number, number),
            joined("{}({}, {}, {})", st.sampled_from(["MIN", "MAX", "SUM"]), number, number, number),
            joined("LEN({})", anything),
            joined("FIND({}, {})", text, text),
            joined("{}({})", st.sampled_from(["YEAR", "MONTH", "DAY", "WEEKDAY", "WEEK"]), day),
            joined("DATEDIFF({}, {}, {})", day, day, unit),
        ],
        "text": [
            choices["text"],
            joined("({} & {})", anything, anything),
            joined("{}({}, {})", st.sampled_from(["LEFT", "RIGHT"]), text, small),
            joined("MID({}, {}, {})", text, small, small),
            joined("{}({})", st.sampled_from(["UPPER", "LOWER", "TRIM"]), text),
            joined("TEXT({})", anything),
            joined("REPLACE({}, {}, {})", text, text, text),
        ],
        "truth": [
            choices["truth"],
            st.one_of(same),
            joined("({} {} {})", text, st.sampled_from(["=", "!="]), text),
            joined("{}({}, {})", st.sampled_from(["AND", "OR"]), truth, truth),
            joined("NOT({})", truth),
            joined("ISBLANK({})", anything),
            joined("{}({}, {})", st.sampled_from(["CONTAINS", "STARTSWITH", "ENDSWITH"]), text, text),
        ],
        "day": [
            choices["day"],
            joined("DATEADD({}, {}, {})", day, small | number, unit),
            joined("{}({}, {})", st.sampled_from(["MIN", "MAX"]), day, day),
        ],
    }


FORMULAS = kinds(3)
ROOTS = [root for roots in _deeper(kinds(1)).values() for root in roots] + [kinds(1)["rough"]]


@pytest.mark.parametrize("root", range(len(ROOTS)))
def test_each_function_and_the_reference_agree(root):
    @settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
    @given(ROOTS[root], rows)
    def check(formula, row):
        compare(formula, row)

    check()


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.one_of([FORMULAS[kind] for kind in ("rough", "number", "text", "truth", "day")]), rows)
def test_any_formula_and_the_reference_agree(formula, row):
    compare(formula, row)


def compare(formula: str, row: dict) -> None:
    found, expected = answer(formula, **row), evaluate(formula, row)

    if isinstance(expected, Decimal) and found is not None:
        assert abs(found - expected) <= abs(expected) * Decimal("1e-12") + Decimal("1e-12"), formula
    else:
        assert found == expected, formula
