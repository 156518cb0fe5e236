"""Conditions of n8n's If, Filter and Switch as rows of ours.

Where a comparison of ours says exactly the same, it is used; else `$test(…)`, which compares as n8n does.
"""

from typing import Any

from django.utils.translation import gettext as _

from nocode.automation.n8n.base import Source, Unmappable
from nocode.automation.n8n.expressions import Translator

Row = dict[str, Any]

# Of the first kind of conditions: n8n's word → (word of $test, turned round).
_FIRST = {
    "string": {
        "equal": ("equals", False),
        "notEqual": ("equals", True),
        "contains": ("contains", False),
        "notContains": ("contains", True),
        "startsWith": ("startsWith", False),
        "notStartsWith": ("startsWith", True),
        "endsWith": ("endsWith", False),
        "notEndsWith": ("endsWith", True),
        "regex": ("regex", False),
        "notRegex": ("regex", True),
        "isEmpty": ("empty", False),
        "isNotEmpty": ("empty", True),
    },
    "number": {
        "smaller": ("lt", False),
        "smallerEqual": ("lte", False),
        "equal": ("equals", False),
        "notEqual": ("equals", True),
        "larger": ("gt", False),
        "largerEqual": ("gte", False),
        "isEmpty": ("empty", False),
        "isNotEmpty": ("empty", True),
    },
    "boolean": {"equal": ("equals", False), "notEqual": ("equals", True)},
    "dateTime": {"after": ("gt", False), "before": ("lt", False)},
}
_USUAL = {"string": "equal", "number": "smaller", "boolean": "equal", "dateTime": "after"}
_NOTHING = {"string": "", "number": 0, "boolean": False, "dateTime": ""}

# Of the second kind.
_SECOND = {
    "notExists": ("exists", True),
    "notEmpty": ("empty", True),
    "notEquals": ("equals", True),
    "notContains": ("contains", True),
    "notStartsWith": ("startsWith", True),
    "notEndsWith": ("endsWith", True),
    "notRegex": ("regex", True),
    "lengthNotEquals": ("lengthEquals", True),
    "after": ("gt", False),
    "before": ("lt", False),
    "afterOrEquals": ("gte", False),
    "beforeOrEquals": ("lte", False),
}
_PLAIN = {  # of texts: (word of $test, turned round) → our comparison
    ("equals", False): "eq",
    ("equals", True): "ne",
    ("contains", False): "contains",
    ("contains", True): "not_contains",
    ("startsWith", False): "starts",
    ("endsWith", False): "ends",
}
_ALONE = ("exists", "empty", "true", "false")  # nothing to compare with


def rows_of(source: Source, translate: Translator) -> tuple[list[Row], str]:
    """The conditions of an If or a Filter, and whether "all" or "any" must hold. Raises Unmappable."""
    if isinstance(source.get("conditions.conditions"), list):
        return _second_rows(source.get("conditions"), source.get("options.ignoreCase"), translate)
    rows = []
    for kind, words in _FIRST.items():
        for row in source.rows(f"conditions.{kind}"):
            rows.append(_first_row(kind, words, row, translate))
    combine = source.get("combineOperation", source.get("combineConditions", "all"))
    return _some(rows), "any" if str(combine).lower() in ("any", "or") else "all"


def row_of_rule(rule: dict[str, Any], ignore_case: Any, translate: Translator) -> Row:
    """The conditions of one rule of a Switch, as one row."""
    conditions = rule.get("conditions")
    found = conditions.get("conditions") if isinstance(conditions, dict) else None
    is_one = isinstance(found, list) and len(found) == 1
    rows, combine = _second_rows(conditions, ignore_case, translate, is_plain=is_one)
    if len(rows) == 1:
        return rows[0]
    return {"left": f"{{{{ {script_of(rows, combine)} }}}}", "op": "true", "right": ""}


def first_row(kind: str, left: Any, rule: dict[str, Any], translate: Translator) -> Row:
    """The condition of a rule of the first Switch: a value, and a comparison with it."""
    return _first_row(kind, _FIRST[kind], {"value1": left, **rule}, translate)


def _some(rows: list[Row]) -> list[Row]:
    return rows or [{"left": "{{ true }}", "op": "true", "right": ""}]


def _first_row(kind: str, words: dict, row: dict[str, Any], translate: Translator) -> Row:
    word = row.get("operation", _USUAL[kind])
    if word not in words:
        raise Unmappable(_("The comparison “%s” has no counterpart.") % str(word)[:60])
    op, turned = words[word]
    right = row.get("value2", _NOTHING[kind])
    return _row(kind, op, turned, row.get("value1", _NOTHING[kind]), right, "", translate)


def _second_rows(
    conditions: Any, ignore_case: Any, translate: Translator, *, is_plain: bool = True
) -> tuple[list[Row], str]:
    if not isinstance(conditions, dict) or not isinstance(conditions.get("conditions"), list):
        return _some([]), "all"
    options = conditions.get("options") or {}
    is_same = options.get("caseSensitive") is False or ignore_case is True
    flags = "i" if is_same else ""
    rows = [
        _second_row(each, flags, translate, is_plain) for each in conditions["conditions"] if isinstance(each, dict)
    ]
    return _some(rows), "any" if conditions.get("combinator") == "or" else "all"


def _second_row(each: dict[str, Any], flags: str, translate: Translator, is_plain: bool) -> Row:
    operator = each.get("operator") or {}
    kind, word = operator.get("type", "string"), operator.get("operation", "equals")
    kind = "string" if kind == "any" else kind
    op, turned = _SECOND.get(word, (word, False))
    left, right = each.get("leftValue"), each.get("rightValue")
    return _row(kind, op, turned, left, right, flags, translate, is_plain=is_plain)


def _row(
    kind: str, op: str, turned: bool, left: Any, right: Any, flags: str, translate: Translator, *, is_plain: bool = True
) -> Row:
    if is_plain and kind == "string" and not flags and (op, turned) in _PLAIN and isinstance(right, str):
        return {"left": translate.text(left), "op": _PLAIN[op, turned], "right": translate.text(right)}
    if kind == "object" and op not in ("exists", "empty"):
        raise Unmappable(_("The comparison “%s” has no counterpart.") % str(op)[:60])
    compared = [] if op in _ALONE else [translate.script(right)]
    named = [f'"{flags}"'] if flags and compared else []
    test = f'$testDate("{op}"' if kind == "dateTime" else f'$test("{kind}", "{op}"'
    call = ", ".join([test, translate.script(left), *compared, *named])
    return {"left": f"{{{{ {call}) }}}}", "op": "false" if turned else "true", "right": ""}


def script_of(rows: list[Row], combine: str) -> str:
    """Several rows, all of them tests, as one expression."""
    tests = []
    for row in rows:
        inner = str(row["left"]).removeprefix("{{ ").removesuffix(" }}")
        tests.append(f"!{inner}" if row["op"] == "false" else inner)
    return (" && " if combine == "all" else " || ").join(tests)
