"""Functions for texts. They take anything as text, and nothing as an empty text; an empty result is nothing."""

from django.utils.translation import gettext_lazy as _
from psycopg2 import sql

from nocode.studio.formula.functions.base import Arguments, Typed, function, let, number, text, truth
from nocode.studio.formula.kinds import LONGEST_TEXT, Kind

_CLIPPED = (
    f"trunc(CASE WHEN {{0}} < {{1}} THEN {{1}} WHEN {{0}} > {LONGEST_TEXT} THEN {LONGEST_TEXT} ELSE {{0}} END)::int"
)


def _clipped(name: str, least: int = 0) -> str:
    """A number of characters that PostgreSQL can count."""
    return _CLIPPED.format(name, least)


@function(
    "text",
    "CONCAT(value, …)",
    _("The values one behind the other, like the sign &."),
    {'CONCAT("a", 1, "b")': "a1b"},
    least=1,
)
def _concat(given: Arguments) -> Typed:
    return text(sql.SQL("({})").format(sql.SQL(" || ").join(given.text(index) for index in range(len(given)))))


@function("text", "LEFT(text, count)", _("The first characters."), {'LEFT("Paris", 2)': "Pa"}, least=2, most=2)
def _left(given: Arguments) -> Typed:
    return text(let(f"left(f.a, {_clipped('f.b')})", given.text(0), given.number(1)))


@function("text", "RIGHT(text, count)", _("The last characters."), {'RIGHT("Paris", 2)': "is"}, least=2, most=2)
def _right(given: Arguments) -> Typed:
    return text(let(f"right(f.a, {_clipped('f.b')})", given.text(0), given.number(1)))


@function(
    "text",
    "MID(text, start, count)",
    _("Characters from the middle; the first one is number 1."),
    {'MID("Paris", 2, 3)': "ari"},
    least=3,
    most=3,
)
def _mid(given: Arguments) -> Typed:
    body = f"substr(f.a, {_clipped('f.b', 1)}, {_clipped('f.c')})"
    return text(let(body, given.text(0), given.number(1), given.number(2)))


@function("text", "LEN(text)", _("How many characters there are."), {'LEN("Paris")': 5}, least=1, most=1)
def _len(given: Arguments) -> Typed:
    return number(sql.SQL("length({})::numeric").format(given.text(0)))


@function("text", "UPPER(text)", _("In capitals."), {'UPPER("Paris")': "PARIS"}, least=1, most=1)
def _upper(given: Arguments) -> Typed:
    return text(sql.SQL("upper({})").format(given.text(0)))


@function("text", "LOWER(text)", _("In small letters."), {'LOWER("Paris")': "paris"}, least=1, most=1)
def _lower(given: Arguments) -> Typed:
    return text(sql.SQL("lower({})").format(given.text(0)))


@function("text", "TRIM(text)", _("Without spaces at both ends."), {'TRIM("  a b ")': "a b"}, least=1, most=1)
def _trim(given: Arguments) -> Typed:
    return text(sql.SQL(r"btrim({}, E' \t\r\n')").format(given.text(0)))


@function(
    "text",
    "REPLACE(text, old, new)",
    _("The text with every occurrence of a part replaced (by at most 1,000 characters)."),
    {'REPLACE("a-b-c", "-", "+")': "a+b+c"},
    least=3,
    most=3,
)
def _replace(given: Arguments) -> Typed:
    return text(
        sql.SQL("replace({}, {}, left({}, 1000))").format(given.text(0), given.text(1), given.text(2)),
    )


@function(
    "text",
    "CONTAINS(text, part)",
    _("Whether the part occurs in the text, whatever the capitals."),
    {'CONTAINS("Paris", "AR")': True},
    least=2,
    most=2,
)
def _contains(given: Arguments) -> Typed:
    return truth(sql.SQL("(strpos(lower({}), lower({})) > 0)").format(given.text(0), given.text(1)))


@function(
    "text",
    "STARTSWITH(text, part)",
    _("Whether the text begins with the part, whatever the capitals."),
    {'STARTSWITH("Paris", "pa")': True},
    least=2,
    most=2,
)
def _starts_with(given: Arguments) -> Typed:
    return truth(sql.SQL("starts_with(lower({}), lower({}))").format(given.text(0), given.text(1)))


@function(
    "text",
    "ENDSWITH(text, part)",
    _("Whether the text ends with the part, whatever the capitals."),
    {'ENDSWITH("Paris", "is")': True},
    least=2,
    most=2,
)
def _ends_with(given: Arguments) -> Typed:
    return truth(let("right(lower(f.a), length(lower(f.b))) = lower(f.b)", given.text(0), given.text(1)))


@function(
    "text",
    "FIND(part, text)",
    _("Where a part begins in the text, the first character being 1; nothing when it is not there."),
    {'FIND("r", "Paris")': 3, 'FIND("x", "Paris")': None},
    least=2,
    most=2,
)
def _find(given: Arguments) -> Typed:
    return number(sql.SQL("nullif(strpos({}, {}), 0)::numeric").format(given.text(1), given.text(0)))


@function(
    "text",
    "SPLIT(text, separator, number)",
    _("One of the parts between separators; the first one is number 1."),
    {'SPLIT("a/b/c", "/", 2)': "b"},
    least=3,
    most=3,
)
def _split(given: Arguments) -> Typed:
    body = f"CASE WHEN f.c >= 1 THEN split_part(f.a, f.b, {_clipped('f.c', 1)}) END"
    return text(let(body, given.text(0), given.text(1), given.number(2)))


@function(
    "text",
    "TEXT(value)",
    _("A value as text: 12.5, true, 2026-11-23, 2026-11-23 14:30."),
    {"TEXT(12.50)": "12.5", "TEXT(1 = 1)": "true"},
    least=1,
    most=1,
)
def _text(given: Arguments) -> Typed:
    return text(given.text(0))


@function(
    "text",
    "VALUE(text)",
    _("The number that is written in a text; nothing when it is no number."),
    {'VALUE(" 12.5 ")': 12.5, 'VALUE("12 kg")': None},
    least=1,
    most=1,
)
def _value(given: Arguments) -> Typed:
    if given.values[0].kind == Kind.NUMBER:
        return given.values[0]
    body = r"CASE WHEN f.a ~ '^\s*[-+]?(\d{1,30}(\.\d{0,30})?|\.\d{1,30})\s*$' THEN btrim(f.a, E' \t\r\n')::numeric END"
    return number(let(body, given.text(0)))
