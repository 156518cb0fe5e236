"""Steps that send each item of a list its own way. Their output is an object: by port, the items that went there."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from nocode.automation.nodes.base import Example, Family, NodeType, Outcome, Step, node_types
from nocode.automation.nodes.conditions import combine_field, condition_columns, conditions_field, holds, met
from nocode.automation.nodes.config import ConfigForm, KeyField, RowsField
from nocode.automation.nodes.values import MOST_ITEMS, refuse, source_field

ITEMS = _("Items")


class Route(NodeType):
    """Shared by them. A single object is a list of one; an output that no item takes is not taken."""

    family = Family.LISTS
    gives = _("An object: each output with the list of the items that left through it.")
    can_run_per_item = False

    def run(self, settings: dict, step: Step) -> Outcome:
        parts: dict[str, list] = {port: [] for port, _label in self.ports(settings)}
        for item in self._items(settings, step):
            for port in self.ways(settings, step, item):
                parts[port].append(item)
        return Outcome(parts, tuple(port for port, items in parts.items() if items))

    def ways(self, settings: dict, step: Step, item: Any) -> Iterator[str]:
        """The ports an item leaves through."""
        raise NotImplementedError

    @staticmethod
    def _items(settings: dict, step: Step) -> list:
        source = step.input if settings["items"] in (None, "") else settings["items"]
        items = source if isinstance(source, list) else [source]
        if len(items) > MOST_ITEMS:
            raise refuse(ITEMS, _("the list has more than %d items.") % MOST_ITEMS)
        return items


def items_field() -> forms.Field:
    return source_field(ITEMS, help_text=_("Empty: the input. Inside the conditions each entry is “item”."))


@node_types.register
class IfItems(Route):
    kind, label, icon = "route.if", _("If, for each item"), "call_split"
    summary = _("Send each item of a list one way when conditions hold for it, and another way when they do not.")
    deferred = frozenset({"conditions"})
    example = Example(
        {"conditions": [{"left": "{{ item.age }}", "op": "gte", "right": "18"}]},
        [{"age": 17}, {"age": 18}],
        {"true": [{"age": 18}], "false": [{"age": 17}]},
    )

    class Config(ConfigForm):
        items = items_field()
        conditions = conditions_field()
        combine = combine_field()

    def ports(self, config: dict) -> list[tuple[str, str]]:
        return [("true", _("true")), ("false", _("false"))]

    def ways(self, settings: dict, step: Step, item: Any) -> Iterator[str]:
        rows = step.resolve(settings["conditions"], item=item)
        yield "true" if met(rows, settings["combine"]) else "false"


@node_types.register
class SwitchItems(Route):
    kind, label, icon = "route.switch", _("Switch, for each item"), "alt_route"
    summary = _("Send each item of a list to the output of the first rule that holds for it, or of every one.")
    deferred = frozenset({"rules"})
    OTHERWISE = "otherwise"
    example = Example(
        {"rules": [{"port": "urgent", "left": "{{ item.level }}", "op": "gt", "right": "2"}]},
        [{"level": 1}, {"level": 3}],
        {"urgent": [{"level": 3}], "otherwise": [{"level": 1}]},
    )

    class Config(ConfigForm):
        items = items_field()
        rules = RowsField({"port": KeyField(label=_("Output"), max_length=60), **condition_columns()}, label=_("Rules"))
        every = forms.BooleanField(label=_("Follow every rule that holds"), required=False)

    def ports(self, config: dict) -> list[tuple[str, str]]:
        names = dict.fromkeys(row.get("port", "") for row in config.get("rules") or [])
        return [*((name, name) for name in names if name), (self.OTHERWISE, _("otherwise"))]

    def ways(self, settings: dict, step: Step, item: Any) -> Iterator[str]:
        found = dict.fromkeys(row["port"] for row in settings["rules"] if holds(step.resolve(row, item=item)))
        yield from list(found)[: None if settings["every"] else 1] or [self.OTHERWISE]
