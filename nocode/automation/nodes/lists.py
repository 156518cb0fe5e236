"""Steps that put lists into shape."""

import json
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from nocode.automation.nodes.base import Example, Family, NodeType, Step, node_types
from nocode.automation.nodes.config import ConfigForm, RowsField
from nocode.automation.nodes.moments import moment_of
from nocode.automation.nodes.values import a_list, a_number, at, fingerprint, given, refuse, shown, source_field

LIST = _("List")
PATH_HELP = _("A dot leads inside: address.city. Empty: the item itself.")


FIELD = _("Field")


def path_field(label: Any = FIELD, **options: Any) -> forms.CharField:
    """Where in an item a value is found."""
    return forms.CharField(label=label, max_length=200, required=False, **options)


class ListNode(NodeType):
    """Shared by the steps that take a list and give one."""

    family = Family.LISTS
    gives = _("A list.")

    def list_of(self, settings: dict, step: Step) -> list:
        return a_list(given(settings, "items", step), LIST)


def _as_is(value: Any) -> tuple[int, Any]:
    """Where a value stands among values of any type: yes/no, numbers, texts, the rest."""
    if isinstance(value, bool):
        return 0, value
    if isinstance(value, int | float):
        return 1, value
    if isinstance(value, str):
        return 2, (value.casefold(), value)
    return 3, json.dumps(value, sort_keys=True, default=str)


def _as_number(value: Any) -> tuple[int, Any]:
    number = a_number(value)
    if number is None:
        raise ValueError(gettext("%s is not a number.") % shown(value))
    return 0, number


def _as_date(value: Any) -> tuple[int, Any]:
    return 0, moment_of(value, "UTC")


_ORDERS = {
    "": (_("as they are"), _as_is),
    "number": (_("as numbers"), _as_number),
    "date": (_("as dates"), _as_date),
}


@node_types.register
class Sort(ListNode):
    kind, label, icon = "sort", _("Sort"), "sort"
    summary = _("Put the items of a list in order, by one field or several; empty values come last.")
    example = Example(
        {"by": [{"field": "age", "direction": "desc"}]},
        [{"age": 3}, {"age": None}, {"age": 40}],
        [{"age": 40}, {"age": 3}, {"age": None}],
    )

    class Config(ConfigForm):
        items = source_field(LIST)
        by = RowsField(
            {
                "field": path_field(),
                "direction": forms.ChoiceField(
                    label=_("Direction"),
                    required=False,
                    choices=[("asc", _("ascending")), ("desc", _("descending"))],
                    initial="asc",
                ),
                "compare": forms.ChoiceField(
                    label=_("Compare"),
                    required=False,
                    choices=[(name, label) for name, (label, _key) in _ORDERS.items()],
                ),
            },
            label=_("Order by"),
            required=False,
            help_text=_("The first row counts most. Without a row, the items themselves are compared."),
        )

    def run(self, settings: dict, step: Step) -> list:
        items = list(self.list_of(settings, step))
        for row in reversed(settings["by"] or [{"field": "", "direction": "asc", "compare": ""}]):
            self._sort(items, row)
        return items

    @staticmethod
    def _sort(items: list, row: dict) -> None:
        """Sort in place by one field; stable, so that sorting by the others before is kept."""
        path, key = row["field"], _ORDERS[row.get("compare") or ""][1]
        filled = [item for item in items if at(item, path) not in (None, "")]
        empty = [item for item in items if at(item, path) in (None, "")]
        try:
            filled.sort(key=lambda item: key(at(item, path)), reverse=row["direction"] == "desc")
        except ValueError as error:
            raise refuse(Sort.Config.base_fields["by"].label, f"{path or gettext('item')}: {error}") from None
        items[:] = filled + empty


@node_types.register
class Limit(ListNode):
    kind, label, icon = "limit", _("Limit"), "low_priority"
    summary = _("Keep only some items of a list: the first ones or the last ones.")
    example = Example({"count": 2}, [1, 2, 3], [1, 2])

    class Config(ConfigForm):
        items = source_field(LIST)
        count = forms.IntegerField(label=_("At most"), min_value=0, max_value=100_000, initial=1)
        keep = forms.ChoiceField(
            label=_("Keep"), choices=[("first", _("the first ones")), ("last", _("the last ones"))], initial="first"
        )
        skip = forms.IntegerField(
            label=_("Leave out"),
            required=False,
            min_value=0,
            initial=0,
            help_text=_("How many items at that end are left out before."),
        )

    def run(self, settings: dict, step: Step) -> list:
        items, skip, count = self.list_of(settings, step), settings["skip"] or 0, settings["count"]
        if settings["keep"] == "first":
            return items[skip : skip + count]
        end = max(0, len(items) - skip)
        return items[max(0, end - count) : end]


@node_types.register
class RemoveDuplicates(ListNode):
    kind, label, icon = "dedupe", _("Remove duplicates"), "filter_none"
    summary = _("Keep one of the items that are the same, as a whole or in the fields that you name.")
    example = Example(
        {"fields": [{"field": "id"}]},
        [{"id": 1, "n": "a"}, {"id": 1, "n": "b"}, {"id": 2}],
        [{"id": 1, "n": "a"}, {"id": 2}],
    )

    class Config(ConfigForm):
        items = source_field(LIST)
        fields = RowsField(
            {"field": path_field()}, label=_("Compare"), required=False, help_text=_("Without a row: the whole item.")
        )
        keep = forms.ChoiceField(
            label=_("Keep"), choices=[("first", _("the first one")), ("last", _("the last one"))], initial="first"
        )

    def run(self, settings: dict, step: Step) -> list:
        items = self.list_of(settings, step)
        paths = [row["field"] for row in settings["fields"]] or [""]
        kept: dict[str, Any] = {}
        for item in items if settings["keep"] == "first" else reversed(items):
            kept.setdefault(fingerprint([at(item, path) for path in paths]), item)
        found = list(kept.values())
        return found if settings["keep"] == "first" else found[::-1]


@node_types.register
class SplitOut(ListNode):
    kind, label, icon = "split.out", _("Split out a list"), "splitscreen"
    summary = _("Take the list that is inside an object, or inside each of several, and go on with its items.")
    example = Example(
        {"field": "lines", "along": "some", "fields": [{"field": "order"}]},
        {"order": 7, "lines": ["a", "b"]},
        [{"order": 7, "lines": "a"}, {"order": 7, "lines": "b"}],
    )

    class Config(ConfigForm):
        items = source_field(_("Object or list of objects"))
        field = forms.CharField(label=_("Field with the list"), max_length=200, help_text=PATH_HELP)
        along = forms.ChoiceField(
            label=_("Of the object around it"),
            choices=[
                ("none", _("keep nothing")),
                ("all", _("keep all other fields")),
                ("some", _("keep the fields named below")),
            ],
            initial="none",
        )
        fields = RowsField({"field": path_field()}, label=_("Fields to keep"), required=False)
        name = forms.CharField(
            label=_("Name of the item"),
            max_length=200,
            required=False,
            help_text=_("Where the item goes when fields are kept with it. Empty: under the field's own name."),
        )

    def run(self, settings: dict, step: Step) -> list:
        source = given(settings, "items", step)
        found: list = []
        for number, whole in enumerate(source if isinstance(source, list) else [source], start=1):
            found.extend(self._items_of(whole, number, settings))
        return found

    def _items_of(self, whole: Any, number: int, settings: dict) -> list:
        path = settings["field"]
        entries = at(whole, path)
        if entries is None:
            return []
        entries = a_list(entries, f"{self.Config.base_fields['field'].label}, {number}")
        if settings["along"] == "none":
            return entries
        kept = self._kept(whole, settings)
        name = settings["name"] or path.rpartition(".")[2]
        return [{**kept, name: entry} for entry in entries]

    @staticmethod
    def _kept(whole: Any, settings: dict) -> dict:
        if settings["along"] == "some":
            return {row["field"]: at(whole, row["field"]) for row in settings["fields"]}
        first = settings["field"].partition(".")[0]
        return {name: value for name, value in whole.items() if name != first}
