"""Steps that make few values of many items."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from nocode.automation.nodes.base import Example, Family, Step, node_types
from nocode.automation.nodes.config import ConfigForm, RowsField, TextField
from nocode.automation.nodes.lists import LIST, ListNode, path_field
from nocode.automation.nodes.values import (
    a_number,
    a_text,
    at,
    fingerprint,
    is_empty,
    plain,
    put,
    refuse,
    shown,
    source_field,
)

Function = Callable[[list, str], Any]


def _numbers(values: list, path: str) -> list[Decimal]:
    numbers = []
    for value in values:
        if (number := a_number(value)) is None:
            name = gettext("Values") if path == "" else path
            raise refuse(name, gettext("%s is not a number.") % shown(value))
        numbers.append(number)
    return numbers


def _extreme(choose: Callable) -> Function:
    """The smallest or the largest: of numbers as numbers, otherwise of texts (dates as ISO have them)."""

    def found(values: list, _path: str) -> Any:
        if all(a_number(value) is not None for value in values):
            return choose(values, key=a_number, default=None)
        return choose(values, key=lambda value: a_text(value, ""), default=None)

    return found


def _average(values: list, path: str) -> Any:
    numbers = _numbers(values, path)
    return plain(sum(numbers) / len(numbers)) if numbers else None


FUNCTIONS: dict[str, tuple[Any, Function]] = {
    "count": (_("count"), lambda values, _path: len(values)),
    "unique": (_("count of different values"), lambda values, _path: len(set(map(fingerprint, values)))),
    "sum": (_("sum"), lambda values, path: plain(sum(_numbers(values, path), Decimal()))),
    "avg": (_("average"), _average),
    "min": (_("smallest"), _extreme(min)),
    "max": (_("largest"), _extreme(max)),
    "first": (_("first"), lambda values, _path: values[0] if values else None),
    "last": (_("last"), lambda values, _path: values[-1] if values else None),
    "list": (_("list"), lambda values, _path: values),
    "distinct": (
        _("list of different values"),
        lambda values, _path: list({fingerprint(value): value for value in reversed(values)}.values())[::-1],
    ),
    "join": (_("text with commas"), lambda values, path: ", ".join(a_text(value, path) for value in values)),
}


@node_types.register
class Summarize(ListNode):
    kind, label, icon = "summarize", _("Summarize"), "functions"
    summary = _("Count, add up or average the items of a list, as a whole or for each group.")
    gives = _("One object; with groups, a list of one object per group in the order in which they appear.")
    example = Example(
        {"groups": [{"field": "city"}], "values": [{"function": "sum", "field": "total", "name": "sum"}]},
        [{"city": "Rome", "total": 0.1}, {"city": "Oslo", "total": 5}, {"city": "Rome", "total": 0.2}],
        [{"city": "Rome", "sum": 0.3}, {"city": "Oslo", "sum": 5}],
    )

    class Config(ConfigForm):
        items = source_field(LIST)
        groups = RowsField({"field": path_field()}, label=_("Group by"), required=False)
        values = RowsField(
            {
                "function": forms.ChoiceField(
                    label=_("Calculate"),
                    choices=[(name, label) for name, (label, _do) in FUNCTIONS.items()],
                    initial="count",
                ),
                "field": path_field(_("Of the field")),
                "name": forms.CharField(label=_("Result"), max_length=200),
            },
            label=_("Values"),
            help_text=_("Empty values do not count. Without a field, the items themselves count."),
        )

    def run(self, settings: dict, step: Step) -> dict | list[dict]:
        items = self.list_of(settings, step)
        paths = [row["field"] for row in settings["groups"]]
        if not paths:
            return self._values(items, settings)
        groups: dict[str, list] = {}
        for item in items:
            groups.setdefault(fingerprint([at(item, path) for path in paths]), []).append(item)
        return [
            {**{path or "item": at(members[0], path) for path in paths}, **self._values(members, settings)}
            for members in groups.values()
        ]

    @staticmethod
    def _values(items: list, settings: dict) -> dict:
        results: dict = {}
        for row in settings["values"]:
            found = [value for item in items if not is_empty(value := at(item, row["field"]))]
            put(results, row["name"], FUNCTIONS[row["function"]][1](found, row["field"]))
        return results


@node_types.register
class Aggregate(ListNode):
    kind, label, icon = "aggregate", _("Aggregate"), "data_array"
    summary = _("Make one object of many items: each field becomes the list of what the items have there.")
    gives = _("One object.")
    example = Example(
        {"fields": [{"field": "name", "name": "names"}]}, [{"name": "Ana"}, {"name": "Bo"}], {"names": ["Ana", "Bo"]}
    )

    class Config(ConfigForm):
        items = source_field(LIST)
        fields = RowsField(
            {
                "field": path_field(),
                "name": forms.CharField(label=_("Name of the list"), max_length=200, required=False),
            },
            label=_("Fields"),
            required=False,
            help_text=_("Without a row: the items as they are, as the list “items”."),
        )
        empty = forms.BooleanField(label=_("Keep empty values"), required=False)

    def run(self, settings: dict, step: Step) -> dict:
        items = self.list_of(settings, step)
        if not settings["fields"]:
            return {"items": items}
        made: dict = {}
        for row in settings["fields"]:
            values = [at(item, row["field"]) for item in items]
            name = row["name"] or row["field"].rpartition(".")[2] or "items"
            put(made, name, values if settings["empty"] else [value for value in values if not is_empty(value)])
        return made


@node_types.register
class JoinTexts(ListNode):
    kind, label, icon, family = "text.join", _("Join texts"), "join_inner", Family.TEXT
    summary = _("Make one text of the items of a list, with something between them.")
    gives = _("A text.")
    example = Example({"field": "name", "between": " / "}, [{"name": "Ana"}, {"name": "Bo"}], "Ana / Bo")

    class Config(ConfigForm):
        items = source_field(LIST)
        field = path_field()
        between = TextField(label=_("Between them"), required=False, strip=False, initial=", ", max_length=1000)

    def run(self, settings: dict, step: Step) -> str:
        found = (at(item, settings["field"]) for item in self.list_of(settings, step))
        return settings["between"].join(a_text(value, LIST) for value in found if not is_empty(value))
