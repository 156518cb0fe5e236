"""What step types share that work on values: where a value comes from, what is inside it, and saying what is wrong."""

import json
import math
import re
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nocode.automation.errors import PermanentFailure
from nocode.automation.nodes.base import Step
from nocode.automation.nodes.config import TextField, ValueField

THE_INPUT = gettext_lazy("Empty: the input.")
MOST_ITEMS = 100_000
LONGEST_TEXT = 5_000_000
_HALF = re.compile("[\ud800-\udfff]")  # of a character, which is no text


def refuse(name: Any, why: str) -> PermanentFailure:
    """The failure that names a setting and what is wrong with it."""
    return PermanentFailure(_("Setting “%(name)s”: %(why)s") % {"name": name, "why": why})


def source_field(label: Any, **options: Any) -> ValueField:
    """What the step works on: an expression, or nothing for the input."""
    return ValueField(label=label, **{"help_text": THE_INPUT, **options})


def given(settings: dict, name: str, step: Step) -> Any:
    """What the person gave, or the step's input."""
    return step.input if settings[name] in (None, "") else settings[name]


def a_list(value: Any, name: Any) -> list:
    """The value as a list, or the failure that says what it is instead."""
    if not isinstance(value, list):
        raise refuse(name, _("this is not a list but %s.") % shown(value))
    if len(value) > MOST_ITEMS:
        raise refuse(name, _("the list has more than %d items.") % MOST_ITEMS)
    return value


def check_length(characters: int, name: Any) -> None:
    """Refuse a text before it is made that would be too long."""
    if characters > LONGEST_TEXT:
        raise refuse(name, _("the text is longer than %d characters.") % LONGEST_TEXT)


def a_text(value: Any, name: Any) -> str:
    """The value as text; a list or an object becomes its JSON, nothing becomes an empty text."""
    text = _HALF.sub("\ufffd", TextField(required=False, strip=False).to_python(value))
    check_length(len(text), name)
    return text


def a_number(value: Any) -> Decimal | None:
    """The number that is meant, `"12.5"` included; None when it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def plain(number: Decimal) -> int | float:
    """A number as JSON has it; refuses one that is too large for it."""
    if number == number.to_integral_value() and abs(number) < 2**63:
        return int(number)
    as_float = float(number)
    if math.isinf(as_float):
        raise PermanentFailure(_("The result is too large a number."))
    return as_float


def shown(value: Any) -> str:
    """A value as messages quote it: short."""
    if value is None:
        return _("an empty value")
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) < 60 else text[:57] + "…"


def at(item: Any, path: str) -> Any:
    """What an item has at `address.city`; nothing where there is no such thing. An empty path is the item itself."""
    if path == "" or (isinstance(item, dict) and path in item):
        return item if path == "" else item[path]
    for name in path.split("."):
        if isinstance(item, dict):
            item = item.get(name)
        elif isinstance(item, list) and name.isdecimal() and int(name) < len(item):
            item = item[int(name)]
        else:
            return None
    return item


def put(target: dict, path: str, value: Any) -> None:
    """Set what `target` has at `address.city`; makes the objects on the way, and copies those that are there."""
    *parents, last = path.split(".")
    for name in parents:
        inner = target.get(name)
        target[name] = target = dict(inner) if isinstance(inner, dict) else {}
    target[last] = value


def is_empty(value: Any) -> bool:
    """Nothing, an empty text, list or object."""
    return value is None or value in ("", [], {})


def fingerprint(value: Any) -> str:
    """A text that two values share when they are the same: 1 is 1.0, and the order of an object's keys is nothing."""
    return json.dumps(_normal(value), sort_keys=True, ensure_ascii=False, default=str)


def _normal(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {str(key): _normal(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_normal(inner) for inner in value]
    return value
