"""Conditions: rows of (value, operator, value), joined by all or any. Used by if, switch and filter."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from nocode.automation.errors import PermanentFailure
from nocode.automation.nodes.config import RowsField, ValueField

ALL, ANY = "all", "any"


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _moment(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        moment = parse_datetime(value) or parse_date(value)
    except ValueError:
        return None
    if isinstance(moment, date) and not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day)
    if moment is None:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _comparable(left: Any, right: Any) -> tuple[Any, Any]:
    """Both as numbers if they can be, else both as moments, else both as text."""
    for convert in (_number, _moment):
        pair = convert(left), convert(right)
        if None not in pair:
            return pair
    if isinstance(left, str) and isinstance(right, str):
        return left, right
    raise PermanentFailure(
        _("%(left)s and %(right)s cannot be put in order: compare two numbers, two dates or two texts.")
        % {"left": _shown(left), "right": _shown(right)}
    )


def _shown(value: Any) -> str:
    if value is None:
        return gettext("an empty value")
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) < 60 else text[:57] + "…"


def equal(left: Any, right: Any) -> bool:
    """Equality as people mean it: "5" is 5, and "true" is true."""
    if left == right and isinstance(left, bool) == isinstance(right, bool):
        return True
    if isinstance(left, bool) or isinstance(right, bool):
        return _truth(left) is not None and _truth(left) == _truth(right)
    numbers = _number(left), _number(right)
    return None not in numbers and numbers[0] == numbers[1]


def _truth(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value.strip().lower()) if isinstance(value, str) else None


def _contains(left: Any, right: Any) -> bool:
    if isinstance(left, str):
        return str(right) in left
    if isinstance(left, list):
        return any(equal(each, right) for each in left)
    return isinstance(left, dict) and right in left


def _is_empty(left: Any, _right: Any) -> bool:
    return left is None or left in ("", [], {})


def _one_of(left: Any, right: Any) -> bool:
    choices = right if isinstance(right, list) else [part.strip() for part in str(right).split(",")]
    return any(equal(left, choice) for choice in choices)


def _ordered(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda left, right: test(*_comparable(left, right))


OPERATORS: dict[str, tuple[str, Callable[[Any, Any], bool]]] = {
    "eq": (_("is"), equal),
    "ne": (_("is not"), lambda left, right: not equal(left, right)),
    "gt": (_("is greater than"), _ordered(lambda left, right: left > right)),
    "gte": (_("is at least"), _ordered(lambda left, right: left >= right)),
    "lt": (_("is less than"), _ordered(lambda left, right: left < right)),
    "lte": (_("is at most"), _ordered(lambda left, right: left <= right)),
    "contains": (_("contains"), _contains),
    "not_contains": (_("does not contain"), lambda left, right: not _contains(left, right)),
    "starts": (_("starts with"), lambda left, right: str(left or "").startswith(str(right))),
    "ends": (_("ends with"), lambda left, right: str(left or "").endswith(str(right))),
    "in": (_("is one of"), _one_of),
    "empty": (_("is empty"), _is_empty),
    "filled": (_("is filled in"), lambda left, right: not _is_empty(left, right)),
    "true": (_("is true"), lambda left, _right: _truth(left) is True),
    "false": (_("is false"), lambda left, _right: _truth(left) is False),
}


def condition_columns() -> dict[str, forms.Field]:
    """The three columns of a condition row."""
    return {
        "left": ValueField(label=_("Value")),
        "op": forms.ChoiceField(
            label=_("Comparison"), choices=[(name, label) for name, (label, _test) in OPERATORS.items()], initial="eq"
        ),
        "right": ValueField(label=_("Compared with")),
    }


def conditions_field(**options) -> RowsField:
    return RowsField(condition_columns(), label=_("Conditions"), **options)


def combine_field() -> forms.ChoiceField:
    return forms.ChoiceField(
        label=_("Must hold"), choices=[(ALL, _("All conditions")), (ANY, _("At least one condition"))], initial=ALL
    )


def holds(row: dict) -> bool:
    """Whether one condition, its values filled in, is met."""
    return OPERATORS[row["op"]][1](row.get("left"), row.get("right"))


def met(rows: list[dict], combine: str) -> bool:
    """Whether the conditions are met together."""
    return (all if combine == ALL else any)(holds(row) for row in rows)
