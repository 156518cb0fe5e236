"""What a person asked of the rows of a table: words, conditions, an order. All of it is in the address."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from nocode.studio.blocks.asking import row_id
from nocode.studio.comparisons import COMPARISONS, WITHOUT_VALUE
from nocode.studio.fields import FieldType
from nocode.studio.layouts import SYSTEM_FIELDS, Layout

MOST = 10  # conditions at once
NEWEST_FIRST = "-id"


@dataclass(frozen=True)
class Column:
    """What can be compared and sorted: a field of the table, or one that every table has."""

    name: str
    label: str
    type: FieldType
    settings: dict[str, Any]

    def value_input(self) -> SafeString:
        """The input for a value to compare with."""
        is_text = "contains" in self.type.operators
        widget = forms.TextInput() if is_text else self.type.form_field(self.settings).widget
        attrs = {**widget.attrs, "class": "c-input", "aria-label": _("Value"), "maxlength": 200}
        return type(widget).render(widget, "v", "", attrs)

    def operators(self) -> list[tuple[str, Any]]:
        return [(name, COMPARISONS[name]) for name in self.type.operators]


@dataclass(frozen=True)
class Condition:
    """One condition as the address spells it; it may be nonsense."""

    field: str
    op: str
    value: str

    def parts(self) -> list[tuple[str, str]]:
        return [("f", self.field), ("op", self.op), ("v", self.value)]


class Asked:
    """The parameters of a list of rows: `q` words, `f` `op` `v` once per condition, `sort` a key, `before`, `after`."""

    def __init__(self, layout: Layout, query: QueryDict):
        self.layout = layout
        self.search = query.get("q", "").strip()[:200]
        spelled = zip(query.getlist("f")[:MOST], query.getlist("op"), query.getlist("v"), strict=False)
        self.conditions = [Condition(*each) for each in spelled]
        sort = query.get("sort", "")
        self.sort = sort if sort.removeprefix("-") in self.columns and self._sortable(sort.removeprefix("-")) else ""
        self.after, self.before = row_id(query.get("after")), row_id(query.get("before"))

    @property
    def order(self) -> str:
        return self.sort or NEWEST_FIRST

    @cached_property
    def columns(self) -> dict[str, Column]:
        """What can be asked about, by name: the fields, then what every table has."""
        own = {
            name: Column(name, field.label, field.type, field.settings) for name, field in self.layout.fields.items()
        }
        labels = {"id": _("Row"), "created_at": _("created"), "updated_at": _("updated")}
        return own | {name: Column(name, labels[name], kind, {}) for name, kind in SYSTEM_FIELDS.items()}

    @property
    def is_narrowed(self) -> bool:
        return bool(self.search or self.conditions)

    @property
    def filters(self) -> list[dict[str, Any]]:
        """The conditions as Records takes them."""
        return [{"field": each.field, "op": each.op, "value": each.value} for each in self.conditions]

    def address(self, *, sort: str | None = None, without: Condition | None = None, **place: Any) -> str:
        """The query string of this list with another order, without a condition, or at another place."""
        kept = [part for each in self.conditions if each is not without for part in each.parts()]
        wanted = {"q": self.search, "sort": self.sort if sort is None else sort, **place}
        return urlencode([*kept, *((name, value) for name, value in wanted.items() if value)])

    def chips(self) -> Iterator[dict[str, str]]:
        """Each condition in words, with the address of the list without it."""
        for each in self.conditions:
            column = self.columns.get(each.field)
            words = [column.label if column else each.field, str(COMPARISONS.get(each.op, each.op))]
            if each.op not in WITHOUT_VALUE:
                words.append(_("“%s”") % each.value)
            yield {"text": " ".join(words), "url": self.address(without=each)}

    def heads(self) -> list[dict[str, Any]]:
        """The heads of the columns: the fields, each with the address that sorts by it."""
        return [self._head(name) for name in self.layout.fields]

    def hidden(self) -> list[tuple[str, str]]:
        """What a form must send along for its own parameter to be added to the others, the words apart."""
        parts = [part for each in self.conditions for part in each.parts()]
        return [*parts, ("sort", self.sort)] if self.sort else parts

    def _head(self, name: str) -> dict[str, Any]:
        column = self.columns[name]
        direction = {name: "ascending", f"-{name}": "descending"}.get(self.sort, "")
        following = {"": name, "ascending": f"-{name}", "descending": ""}[direction]
        return {
            "label": column.label,
            "is_number": column.type.is_number,
            "direction": direction,
            "sortable": column.type.sortable,
            "url": self.address(sort=following),
        }

    def _sortable(self, name: str) -> bool:
        return self.columns[name].type.sortable
