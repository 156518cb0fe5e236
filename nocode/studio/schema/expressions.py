"""What the database says in expressions, as far as a field can say the same: constants, lists of values, bounds."""

import re
from decimal import Decimal
from typing import Any

_CAST = r'(?:::[\w".]+(?: [a-z]+)*(?:\([\d, ]+\))?(?: [a-z]+)*(?:\[\])?)*'
_TEXT = r"(?:E)?'(?:[^']|'')*'"
_NUMBER = r"-?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?"
_WRAPPED = re.compile(r"CHECK \((.*)\)(?: NO INHERIT)?(?: NOT VALID)?", re.DOTALL)
_CONSTANT = re.compile(rf"\(*({_TEXT}|{_NUMBER}|true|false|NULL)\)*{_CAST}\)*{_CAST}", re.DOTALL)
_ITEM = re.compile(rf"\(?({_TEXT}){_CAST}\)?{_CAST}(?:, )?", re.DOTALL)
_BETWEEN = " AND "

NOT_CONSTANT = object()


def constant(expression: str) -> Any:
    """The value of a default that is one: a text, a number, yes, no or nothing; else NOT_CONSTANT."""
    found = _CONSTANT.fullmatch(expression)
    if not found:
        return NOT_CONSTANT
    word = found[1]
    if word in ("true", "false"):
        return word == "true"
    if word == "NULL":
        return None
    return _unquoted(word) if word[-1] == "'" else Decimal(word)


def options(check: str, column: str) -> list[str] | None:
    """The texts a CHECK allows for a column (VALUE in one of a domain), if that is all it says."""
    inner = _inner(check)
    name = _name(column)
    many = re.fullmatch(rf"\(*{name}\)*{_CAST} = ANY \(+ARRAY\[(.*)\]\)*{_CAST}\)*", inner, re.DOTALL)
    one = re.fullmatch(rf"\(*{name}\)*{_CAST} = (\(?{_TEXT}{_CAST}\)?{_CAST})\)*", inner, re.DOTALL)
    if not (many or one):
        return None
    text, found, position = (many or one)[1].rstrip(")") if one else many[1], [], 0
    while position < len(text):
        item = _ITEM.match(text, position)
        if item is None:
            return None
        found.append(_unquoted(item[1]))
        position = item.end()
    return found


def bounds(check: str, column: str) -> dict[str, Decimal] | None:
    """The smallest and the largest number (`min`, `max`) that a CHECK allows for a column, if that is all it says.

    `above` and `below` are bounds that are not allowed themselves.
    """
    number = rf"\(?'?({_NUMBER})'?\)?{_CAST}"
    part = re.compile(rf"\(*{_name(column)}\)*{_CAST} (>=|<=|>|<) {number}\)*")
    found: dict[str, Decimal] = {}
    for term in _inner(check).split(_BETWEEN):
        said = part.fullmatch(term)
        name = said and {">=": "min", "<=": "max", ">": "above", "<": "below"}[said[1]]
        if name is None or name in found:
            return None
        found[name] = Decimal(said[2])
    return found


def _inner(check: str) -> str:
    found = _WRAPPED.fullmatch(check)
    return found[1] if found else ""


def _name(column: str) -> str:
    """A column as PostgreSQL writes it, quoted or not."""
    quoted = '"' + column.replace('"', '""') + '"'
    return f"(?:{re.escape(column)}|{re.escape(quoted)})"


def _unquoted(literal: str) -> str:
    text = literal[literal.index("'") + 1 : -1].replace("''", "'")
    return text.replace("\\\\", "\\") if literal[0] == "E" else text
