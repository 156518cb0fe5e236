"""What formulas mean, a second time: in Python, plainly, to compare PostgreSQL's answers with."""

import calendar
import datetime as dt
from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal, localcontext
from typing import Any

from nocode.studio.formula.nodes import Call, Constant, Node
from nocode.studio.formula.parser import parse


def evaluate(formula: str, row: dict[str, Any]) -> Any:
    """What a formula of these tests gives for a row; None is nothing."""
    with localcontext() as context:
        context.prec = 80
        return _value(parse(formula), row)


def _value(node: Node, row: dict[str, Any]) -> Any:
    if isinstance(node, Constant):
        return None if node.value == "" and isinstance(node.value, str) else node.value
    if not isinstance(node, Call):
        return row[node.name]
    values = [_value(each, row) for each in node.arguments]
    if node.name in _WITH_NOTHING:
        found = _WITH_NOTHING[node.name](*values)
    elif None in values:
        found = None
    else:
        found = _STRICT[node.name](*values)
    return None if found == "" and isinstance(found, str) else found


def words(value: Any) -> str:
    """A value as text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        text = format(value, "f")
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return "0" if text in ("-0", "") else text
    return value.isoformat() if isinstance(value, dt.date) else value


def _rounded(number: Decimal, decimals: Decimal = Decimal(0), rounding: str = ROUND_HALF_UP) -> Decimal:
    return (number.scaleb(int(decimals))).quantize(Decimal(1), rounding=rounding).scaleb(-int(decimals))


def _if(condition: Any, then: Any, otherwise: Any = None) -> Any:
    return then if condition else otherwise


def _switch(value: Any, *rest: Any) -> Any:
    pairs, otherwise = (rest[:-1], rest[-1]) if len(rest) % 2 else (rest, None)
    return next((pairs[at + 1] for at in range(0, len(pairs), 2) if pairs[at] == value), otherwise)


def _present(pick: Callable) -> Callable:
    def over(*values: Any) -> Any:
        there = [value for value in values if value is not None]
        return pick(there) if there else None

    return over


def _text(function: Callable) -> Callable:
    """A function whose first argument is a text, and whose numbers may not be missing."""

    def over(text: Any, *values: Any) -> Any:
        return None if None in values else function(words(text), *values)

    return over


def _texts(function: Callable) -> Callable:
    return lambda *values: function(*map(words, values))


def _moved(day: dt.date, count: Decimal, unit: str) -> dt.date | None:
    if abs(count) > {"days": 1_460_000, "weeks": 1_460_000 // 7, "months": 48_000, "years": 4000}[unit]:
        return None
    count = int(count)
    try:
        if unit in ("days", "weeks"):
            moved = day + dt.timedelta(days=count * (7 if unit == "weeks" else 1))
        else:
            months = day.year * 12 + day.month - 1 + count * (12 if unit == "years" else 1)
            year, month = months // 12, months % 12 + 1
            moved = dt.date(year, month, min(day.day, calendar.monthrange(year, month)[1]))
    except (ValueError, OverflowError, calendar.IllegalMonthError):
        return None
    return moved if dt.date(1, 1, 2) <= moved <= dt.date(9999, 12, 30) else None


def _between(start: dt.date, end: dt.date, unit: str) -> Decimal:
    if unit in ("days", "weeks"):
        return Decimal(int((end - start).days / (7 if unit == "weeks" else 1)))
    low, high = sorted([start, end])
    months = (high.year - low.year) * 12 + high.month - low.month - (high.day < low.day)
    whole = months // (12 if unit == "years" else 1)
    return Decimal(whole if end >= start else -whole)


def _day(year: Decimal, month: Decimal, day: Decimal) -> dt.date | None:
    try:
        return dt.date(int(year), int(month), int(day))
    except (ValueError, OverflowError):
        return None


_WITH_NOTHING: dict[str, Callable] = {
    "IF": _if,
    "SWITCH": _switch,
    "AND": lambda *values: all(values),
    "OR": lambda *values: any(values),
    "NOT": lambda value: not value,
    "ISBLANK": lambda value: value is None,
    "BLANK": lambda: None,
    "COALESCE": lambda *values: next((value for value in values if value is not None), None),
    "=": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "&": _texts(lambda *values: "".join(values)),
    "CONCAT": _texts(lambda *values: "".join(values)),
    "MIN": _present(min),
    "MAX": _present(max),
    "SUM": _present(sum),
    "LEN": _texts(lambda text: Decimal(len(text))),
    "UPPER": _texts(str.upper),
    "LOWER": _texts(str.lower),
    "TRIM": _texts(lambda text: text.strip(" \t\r\n")),
    "TEXT": _texts(lambda text: text),
    "REPLACE": _texts(lambda text, old, new: text.replace(old, new) if old else text),
    "CONTAINS": _texts(lambda text, part: part.lower() in text.lower()),
    "STARTSWITH": _texts(lambda text, part: text.lower().startswith(part.lower())),
    "ENDSWITH": _texts(lambda text, part: text.lower().endswith(part.lower())),
    "FIND": _texts(lambda part, text: Decimal(text.find(part) + 1) or None),
    "LEFT": _text(lambda text, count: text[: max(0, int(count))]),
    "RIGHT": _text(lambda text, count: text[len(text) - min(len(text), max(0, int(count))) :]),
    "MID": _text(lambda text, start, count: text[max(0, int(start) - 1) :][: max(0, int(count))]),
}
_STRICT: dict[str, Callable] = {
    "+": lambda left, right: left + right,
    "-": lambda *values: values[0] - values[1] if len(values) > 1 else -values[0],
    "*": lambda left, right: left * right,
    "/": lambda left, right: left / right if right else None,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "ROUND": _rounded,
    "FLOOR": lambda number: _rounded(number, rounding=ROUND_FLOOR),
    "CEIL": lambda number: _rounded(number, rounding=ROUND_CEILING),
    "ABS": abs,
    "MOD": lambda number, divisor: number % divisor if divisor else None,
    "SQRT": lambda number: number.sqrt() if number >= 0 else None,
    "DATE": _day,
    "DATEADD": _moved,
    "DATEDIFF": _between,
    "YEAR": lambda day: Decimal(day.year),
    "MONTH": lambda day: Decimal(day.month),
    "DAY": lambda day: Decimal(day.day),
    "WEEKDAY": lambda day: Decimal(day.isoweekday()),
    "WEEK": lambda day: Decimal(day.isocalendar().week),
}
