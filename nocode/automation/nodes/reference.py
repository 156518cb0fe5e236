"""The reference of the step types, written from their classes: docs/nodes.md."""

import json
from collections.abc import Iterator
from typing import Any

from django import forms
from django.utils import translation

from nocode.automation.nodes.base import Effect, Family, NodeType, node_types
from nocode.automation.nodes.config import PER_ITEM, RowsField, ValueField

_HEAD = """# Step types

Written by `python3 manage.py nodes_docs` from the classes in `nocode/automation/nodes/`; a test fails when it is stale.

Every setting takes expressions (`{{ }}`) unless it says otherwise. What every step has besides its own settings:

- **Key**: other steps read the output as `steps.<key>`.
- **When it fails**: the execution stops; or it goes on with `{"error", "input"}` as the output; or it leaves through
  `error`. Failures that pass (no connection, 429, 5xx, a row that is held) are tried again before that.
- **Run once for each item** (`"for_each": true` in the settings): when a list comes in, each of its items is the
  `input` in turn, and `item`; `index` counts from 0. The results become a list in that order. It is one attempt:
  when an item fails, the step fails and names it; with “go on with the error as the output” the error stands in the
  place of the item instead. Steps that write rows write all or none, or all that can be. Calls to the outside carry a
  key for each item, the same when they are repeated. At most 10,000 items; a loop takes more, side by side.

Where the commit comes: steps marked *writes* commit together with what they write, exactly once; steps marked *calls
out* are told before and after the call, at least once; all others only compute.
"""

_EFFECTS = {Effect.PURE: "", Effect.TRANSACTION: " · *writes*", Effect.OUTSIDE: " · *calls out*"}
_TYPES: list[tuple[type[forms.Field], str]] = [
    (forms.BooleanField, "yes/no"),
    (forms.IntegerField, "whole number"),
    (forms.FloatField, "number"),
    (forms.DateTimeField, "date and time"),
    (forms.UUIDField, "id"),
    (forms.CharField, "text"),
    (ValueField, "any value"),
]


def document() -> str:
    """The whole reference, in English."""
    with translation.override("en"):
        return (
            "\n".join([_HEAD, *_contents(), *(line for family in Family for line in _family(family))]).rstrip() + "\n"
        )


def _of(family: Family) -> list[NodeType]:
    return sorted((each for each in node_types if each.family is family), key=lambda each: each.kind)


def _contents() -> Iterator[str]:
    for family in Family:
        links = ", ".join(f"[{each.label}](#{each.kind.replace('.', '')})" for each in _of(family))
        yield f"- **{family.value}**: {links}"
    yield ""


def _family(family: Family) -> Iterator[str]:
    yield f"## {family.value}\n"
    for each in _of(family):
        yield from _node_type(each)


def _node_type(each: NodeType) -> Iterator[str]:
    yield f"### `{each.kind}`\n"
    yield f"**{each.label}**{_EFFECTS[each.effect]}. {each.summary}\n"
    fields = {name: field for name, field in each.Config.base_fields.items() if name != PER_ITEM}
    if fields:
        yield "| setting | what | type | default |"
        yield "|---|---|---|---|"
        yield from (_setting(name, field) for name, field in fields.items())
        yield ""
    yield f"Output: {each.gives}"
    yield f"Leaves through: {_ports(each)}."
    if not each.can_run_per_item:
        yield "Does not run once for each item."
    yield ""
    yield from _example(each)


def _setting(name: str, field: forms.Field) -> str:
    what = f"{field.label}. {field.help_text}".strip() if field.help_text else str(field.label)
    needed = "" if not field.required or field.initial not in (None, "") else ", needed"
    cells = [f"`{name}`", what, f"{_type(field)}{needed}", _default(field)]
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _type(field: forms.Field) -> str:
    if isinstance(field, RowsField):
        return "rows of " + ", ".join(f"`{name}` ({_type(column)})" for name, column in field.columns.items())
    if isinstance(field, forms.ChoiceField):
        return "one of " + ", ".join(f"`{value}`" if value else "nothing" for value, _label in field.choices)
    return next((words for kind, words in _TYPES if isinstance(field, kind)), "text") + _bounds(field)


def _bounds(field: forms.Field) -> str:
    least, most = getattr(field, "min_value", None), getattr(field, "max_value", None)
    if least is None and most is None:
        return ""
    if most is None:
        return f" from {least:,}"
    return f" {least:,} – {most:,}" if least is not None else f" to {most:,}"


def _default(field: forms.Field) -> str:
    initial: Any = field.initial() if callable(field.initial) else field.initial
    return "" if initial in (None, "", [], False) else f"`{json.dumps(initial, ensure_ascii=False)}`"


def _ports(each: NodeType) -> str:
    ports = [f"`{name}`" for name, _label in each.ports({})]
    return ", ".join(ports) if ports else "nothing, it ends there"


def _example(each: NodeType) -> Iterator[str]:
    if each.example is None:
        return
    yield "```json"
    for name in ("settings", "input", "output"):
        yield f'{{"{name}": {json.dumps(getattr(each.example, name), ensure_ascii=False)}}}'
    yield "```\n"
