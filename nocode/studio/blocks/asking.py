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

    def __init__(self, block_id: str, scene: Scene, layout: Any, filterable: Mapping[str, Any]):
        self.block_id, self.scene, self.layout, self.filterable = block_id, scene, layout, filterable

    def name(self, own: str) -> str:
        return f"{self.block_id}-{own}"

    def text(self, own: str) -> str:
        return self.scene.query.get(self.name(own), "").strip()[:LONGEST]

    def row(self, own: str) -> int | None:
        """The id of a row."""
        return row_id(self.text(own))

    def sort(self, sortable: Mapping[str, Any], default: str) -> str:
        """A sort key of one of the columns."""
        wanted = self.text("sort")
        return wanted if wanted.removeprefix("-") in sortable else default

    def inputs(self) -> list[dict[str, Any]]:
        """What stands above the list for each field that may be filtered by: its label, and one input or two."""
        return [
            {"label": column.label, "inputs": [self._input(column, *each) for each in _ends(column)]}
            for column in self.filterable.values()
        ]

    def filters(self) -> list[dict[str, str]]:
        """The conditions on fields, of those that were filled in."""
        return [
            {"field": name, "op": operator, "value": value}
            for name, column in self.filterable.items()
            for end, operator, _label in _ends(column)
            if (value := self._value(column, end))
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

    def _parameter(self, column: Any, end: str) -> str:
        return f"{self.block_id}.{column.name}{end}"

    def _value(self, column: Any, end: str) -> str:
        return self.scene.query.get(self._parameter(column, end), "").strip()[:LONGEST]

    def _input(self, column: Any, end: str, operator: str, label: str) -> SafeString:
        name = self._parameter(column, end)
        attrs = {"aria-label": f"{column.label} {label}".strip(), "id": name, "placeholder": label}
        widget = forms.TextInput() if operator == "contains" else self._widget(column)
        return widget.render(name, self._value(column, end), attrs)

    def _widget(self, column: Any) -> forms.Widget:
        """As in the form of a row; of a computed field as its values are entered elsewhere."""
        if column.field.type.is_computed:
            field = column.type.form_field(column.settings)
        else:
            field = column.type.row_field(column.field, self.layout)
        return plain(field.widget)


def _ends(column: Any) -> list[tuple[str, str, str]]:
    """(end of the parameter, operator, label) of each input that filters a column."""
    if column.type.is_range:
        return [("-from", "gte", pgettext("values", "from")), ("-to", "lte", pgettext("values", "to"))]
    return [("", column.type.operators[0], "")]
