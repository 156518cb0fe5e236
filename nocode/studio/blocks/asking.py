"""What a visitor asked of a list: words to search, values to filter by, an order, a place to go on from.

All of it comes from the address, so all of it may be nonsense: what cannot be understood is left out, and values that a
field refuses end in a QueryRefused that the list shows above itself.
"""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.safestring import SafeString
from django.utils.translation import pgettext

from nocode.studio.blocks.rows import plain
from nocode.studio.blocks.scene import Scene

LONGEST = 200


def row_id(text: str | None) -> int | None:
    """The id of a row that an address names."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


class Asked:
    """The parameters of one list, each prefixed with the block's id; those of fields after a dot, the others a dash."""

    def __init__(self, block_id: str, scene: Scene, filterable: Mapping[str, Any]):
        self.block_id, self.scene, self.filterable = block_id, scene, filterable

    def name(self, own: str) -> str:
        return f"{self.block_id}-{own}"

    def text(self, own: str) -> str:
        return self.scene.query.get(self.name(own), "").strip()[:LONGEST]

    def row(self, own: str) -> int | None:
        """The id of a row."""
        return row_id(self.text(own))

    def sort(self, sortable: Mapping[str, Any], default: str) -> str:
        """A sort key of one of the fields."""
        wanted = self.text("sort")
        return wanted if wanted.removeprefix("-") in sortable else default

    def inputs(self) -> list[dict[str, Any]]:
        """What stands above the list for each field that may be filtered by: its label, and one input or two."""
        return [
            {"label": field.label, "inputs": [self._input(field, *each) for each in _ends(field)]}
            for field in self.filterable.values()
        ]

    def filters(self) -> list[dict[str, str]]:
        """The conditions on fields, of those that were filled in."""
        return [
            {"field": name, "op": operator, "value": value}
            for name, field in self.filterable.items()
            for end, operator, _label in _ends(field)
            if (value := self._value(field, end))
        ]

    def parameters(self) -> list[str]:
        """The parameters of this list's search, filters and pages that the address has."""
        mine = (f"{self.block_id}.", self.name("q"), self.name("after"), self.name("before"))
        return [name for name in self.scene.query if name.startswith(mine)]

    def others(self) -> list[tuple[str, str]]:
        """The parameters of this address that are not of this list's search and filters."""
        mine = self.parameters()
        others = [each for each in self.scene.query.lists() if each[0] not in mine]
        return [(name, value) for name, values in others for value in values]

    def _parameter(self, field: Any, end: str) -> str:
        return f"{self.block_id}.{field.physical_name}{end}"

    def _value(self, field: Any, end: str) -> str:
        return self.scene.query.get(self._parameter(field, end), "").strip()[:LONGEST]

    def _input(self, field: Any, end: str, operator: str, label: str) -> SafeString:
        is_text = operator == "contains"
        widget = forms.TextInput() if is_text else plain(field.type.form_field(field.settings).widget)
        name = self._parameter(field, end)
        attrs = {"aria-label": f"{field.label} {label}".strip(), "id": name, "placeholder": label}
        return widget.render(name, self._value(field, end), attrs)


def _ends(field: Any) -> list[tuple[str, str, str]]:
    """(end of the parameter, operator, label) of each input that filters a field."""
    if field.type.is_range:
        return [("-from", "gte", pgettext("values", "from")), ("-to", "lte", pgettext("values", "to"))]
    return [("", field.type.operators[0], "")]
