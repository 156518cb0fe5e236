"""Steps that shape data."""

import json
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from nocode.automation.errors import PermanentFailure
from nocode.automation.nodes.base import Example, Family, NodeType, Outcome, Step, node_types
from nocode.automation.nodes.conditions import combine_field, conditions_field, met
from nocode.automation.nodes.config import ConfigForm, RowsField, TextField, ValueField


def _to_number(value: Any) -> int | float:
    number = float(value)
    return int(number) if number.is_integer() and "." not in str(value) else number


def _to_json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


AS_TYPED = {
    "": (_("as it is"), lambda value: value),
    "text": (_("text"), lambda value: TextField(required=False, strip=False).clean(value)),
    "number": (_("number"), _to_number),
    "boolean": (_("yes/no"), lambda value: forms.BooleanField(required=False).to_python(value)),
    "json": (_("JSON"), _to_json),
}


@node_types.register
class Set(NodeType):
    kind, label, icon, family = "set", _("Set values"), "edit_note", Family.DATA
    summary = _("Build an object: name values, or compute them from earlier steps.")
    gives = _("An object.")
    example = Example(
        {"values": [{"name": "address.city", "value": "{{ input.city }}", "type": "text"}], "keep_input": True},
        {"city": "Rome"},
        {"city": "Rome", "address": {"city": "Rome"}},
    )

    class Config(ConfigForm):
        values = RowsField(
            {
                "name": forms.CharField(label=_("Name"), max_length=200),
                "value": ValueField(label=_("Value")),
                "type": forms.ChoiceField(
                    label=_("Type"), required=False, choices=[(key, label) for key, (label, _to) in AS_TYPED.items()]
                ),
            },
            label=_("Values"),
            required=False,
            help_text=_("A dot in a name makes an object inside: address.city."),
        )
        keep_input = forms.BooleanField(label=_("Keep the fields of the input"), required=False)

    def run(self, settings: dict, step: Step) -> dict:
        built = dict(step.input) if settings["keep_input"] and isinstance(step.input, dict) else {}
        for row in settings["values"]:
            self._put(built, row["name"], self._typed(row))
        return built

    @staticmethod
    def _typed(row: dict) -> Any:
        label, convert = AS_TYPED[row.get("type") or ""]
        try:
            return convert(row.get("value"))
        except (TypeError, ValueError):
            raise PermanentFailure(
                _("“%(name)s”: %(value)r is not a %(type)s.")
                % {"name": row["name"], "value": row.get("value"), "type": label}
            ) from None

    @staticmethod
    def _put(target: dict, path: str, value: Any) -> None:
        *parents, last = path.split(".")
        for name in parents:
            inner = target.get(name)
            target[name] = target = dict(inner) if isinstance(inner, dict) else {}
        target[last] = value


@node_types.register
class Filter(NodeType):
    kind, label, icon, family = "filter", _("Filter"), "filter_alt", Family.DATA
    summary = _("Keep the items of a list that meet conditions; a single object goes on or ends its branch.")
    gives = _("The items that are kept; what is no list, unchanged.")
    example = Example(
        {"conditions": [{"left": "{{ item.total }}", "op": "gt", "right": "10"}]},
        [{"total": 5}, {"total": 50}],
        [{"total": 50}],
    )
    deferred = frozenset({"conditions"})
    can_run_per_item = False

    class Config(ConfigForm):
        items = ValueField(
            label=_("List"), help_text=_("Empty: the input. Inside the conditions each entry is “item”.")
        )
        conditions = conditions_field()
        combine = combine_field()

    def ports(self, config: dict) -> list[tuple[str, str]]:
        return [("main", _("kept")), ("rejected", _("rejected"))]

    def run(self, settings: dict, step: Step) -> Outcome:
        data = step.input if settings["items"] in (None, "") else settings["items"]
        if not isinstance(data, list):
            return Outcome(data, ("main" if self._keeps(settings, step, data) else "rejected",))
        kept = [item for item in data if self._keeps(settings, step, item)]
        return Outcome(kept)

    @staticmethod
    def _keeps(settings: dict, step: Step, item: Any) -> bool:
        return met(step.resolve(settings["conditions"], item=item), settings["combine"])
