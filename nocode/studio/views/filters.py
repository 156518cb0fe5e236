"""What a person asked of the rows of a table: words, conditions, orders, a group. All of it is in the address.

`q` words; `f` `op` `v` `g` once per condition, where conditions of the same number `g` are alternatives; `sort` a key,
several times; `group` a column; `view` a GridView, whose settings count until the address says `set`; `after`, `before`
a row to go on from.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from nocode.studio.blocks.asking import row_id
from nocode.studio.comparisons import COMPARISONS, WITHOUT_VALUE
from nocode.studio.importing.rows import presentable
from nocode.studio.layouts import Column, Layout
from nocode.studio.models import DataTable, GridView
from nocode.studio.services import choices

MOST = 10  # conditions at once
MOST_KEYS = 3
ALONE = 1000  # from here on are the numbers of conditions that were given none, each a group of its own
NEWEST_FIRST = "-id"
PARTS = frozenset({"contains", "starts_with", "ends_with"})  # of what people read, whatever the type


@dataclass(frozen=True)
class Condition:
    """One condition as the address spells it; it may be nonsense."""

    field: str
    op: str
    value: str
    group: int

    def parts(self) -> list[tuple[str, str]]:
        return [("f", self.field), ("op", self.op), ("v", self.value), ("g", str(self.group))]

    def as_filter(self) -> dict[str, str]:
        return {"field": self.field, "op": self.op, "value": self.value}


class Asked:
    """The parameters of a list of rows. What cannot be understood is left out, or refused by the query."""

    def __init__(self, layout: Layout, query: QueryDict, view: GridView | None = None):
        self.layout, self.view = layout, view
        saved = view.settings if view and "set" not in query else None
        self.search = presentable(str(saved.get("search", "") if saved else query.get("q", ""))).strip()[:200]
        self.conditions = _saved_conditions(saved) if saved else _spelled_conditions(query)
        keys = saved.get("sort", []) if saved else query.getlist("sort")
        self.sort = list(dict.fromkeys(key for key in keys if self._sortable(key)))[:MOST_KEYS]
        group = saved.get("group", "") if saved else query.get("group", "")
        self.group = group if group and self._sortable(group) else ""
        self.after, self.before = row_id(query.get("after")), row_id(query.get("before"))

    @property
    def order(self) -> list[str]:
        return self.sort or [NEWEST_FIRST]

    @property
    def columns(self) -> dict[str, Column]:
        """What can be asked about, by name: the fields, then what every table has."""
        own = {name: column for name, column in self.layout.columns.items() if column.field}
        return own | self.layout.columns

    @property
    def is_narrowed(self) -> bool:
        return bool(self.search or self.conditions)

    @property
    def filters(self) -> list[dict[str, Any]]:
        """The conditions as Records takes them: all groups hold, of each group at least one condition."""
        groups = [[each.as_filter() for each in members] for _number, members in self._groups()]
        return [members[0] if len(members) == 1 else {"any": members} for members in groups]

    @property
    def settings(self) -> dict[str, Any]:
        """What a GridView keeps of this."""
        return {
            "search": self.search,
            "conditions": [vars(each) for each in self.conditions],
            "sort": self.sort,
            "group": self.group,
        }

    @property
    def is_changed(self) -> bool:
        """Whether this is no longer what the view keeps."""
        kept = self.view.settings if self.view else {}
        return any(value != kept.get(name, type(value)()) for name, value in self.settings.items())

    def address(
        self,
        *,
        sort: list[str] | None = None,
        group: str | None = None,
        conditions: list[Condition] | None = None,
        **place: Any,
    ) -> str:
        """The query string of this list with another order, group or conditions, or at another place."""
        parts = [part for each in (self.conditions if conditions is None else conditions) for part in each.parts()]
        parts += [("sort", key) for key in (self.sort if sort is None else sort)]
        wanted = {"q": self.search, "group": self.group if group is None else group, **self._base, **place}
        return urlencode([*parts, *((name, value) for name, value in wanted.items() if value)])

    def chips(self) -> Iterator[dict[str, Any]]:
        """Each condition in words, with the address of the list without it; `alternative` to the one before it."""
        for _number, members in self._groups():
            for place, each in enumerate(members):
                others = [other for other in self.conditions if other is not each]
                yield {
                    "text": self._in_words(each),
                    "url": self.address(conditions=others),
                    "alternative": place > 0,
                    "group": each.group if place == len(members) - 1 else None,
                }

    @property
    def next_group(self) -> int:
        """The number of a group that a condition of its own would open."""
        return max((each.group for each in self.conditions), default=-1) + 1

    def inputs(self, name: str = "", op: str = "", value: str = "") -> dict[str, Any]:
        """The comparisons in words, and the input for a value, that fit a column: the first ones unless named.

        The input has the value that was entered for another comparison, as far as it understands it.
        """
        column = self.columns.get(name) or next(iter(self.columns.values()))
        chosen = op if op in column.type.operators else column.type.operators[0]
        comparisons = [(each, COMPARISONS[each]) for each in column.type.operators]
        return {"comparisons": comparisons, "op": chosen, "value": _input(column, self.layout, chosen, value)}

    def hidden(self) -> list[tuple[str, str]]:
        """What a form must send along for its own parameter to be added to the others, the words apart."""
        parts = [part for each in self.conditions for part in each.parts()]
        parts += [("sort", key) for key in self.sort]
        return [*parts, *(pair for pair in {"group": self.group, **self._base}.items() if pair[1])]

    def sorted_by(self, name: str) -> str:
        """How the list is sorted by a column: ascending, descending, or not at all."""
        directions = {name: "ascending", f"-{name}": "descending"}
        return next((directions[key] for key in self.sort if key in directions), "")

    @property
    def ungrouped(self) -> str:
        """The address of the rows without groups."""
        return self.address(group="")

    def within(self, value: Any) -> str:
        """The address of the rows of one group."""
        op = "is_empty" if value is None else "eq"
        one = Condition(self.group, op, "" if value is None else str(value), self.next_group)
        return self.address(conditions=[*self.conditions, one], group="")

    @property
    def _base(self) -> dict[str, Any]:
        return {"view": self.view.pk, "set": "1"} if self.view else {}

    def _groups(self) -> Iterator[tuple[int, list[Condition]]]:
        ordered = sorted(self.conditions, key=lambda each: each.group)
        return ((number, list(members)) for number, members in groupby(ordered, key=lambda each: each.group))

    def _in_words(self, each: Condition) -> str:
        column = self.columns.get(each.field)
        words = [column.label if column else each.field, str(COMPARISONS.get(each.op, each.op))]
        if each.op not in WITHOUT_VALUE:
            words.append(_("“%s”") % (_read(column, self.layout, each) if column else each.value))
        return " ".join(map(str, words))

    def _sortable(self, key: str) -> bool:
        column = self.layout.columns.get(key.removeprefix("-"))
        return column is not None and column.type.sortable


def _input(column: Column, layout: Layout, op: str, value: str) -> SafeString:
    """The input for a value to compare a column with: what the form of a row has, unless parts of texts are meant."""
    widget = _widget(column, layout, op)
    if column.type.is_relation and op not in PARTS and not value.isdecimal():
        value = ""  # a part of a name is no row
    attrs = {**widget.attrs, "class": "c-input", "aria-label": _("Value"), "maxlength": 200}
    return widget.render("v", value, attrs)


def _widget(column: Column, layout: Layout, op: str) -> forms.Widget:
    if op in WITHOUT_VALUE:
        return forms.HiddenInput()  # conditions are spelled with a value each
    options = column.settings.get("options")
    if options and op in PARTS:  # several choices, of which one is looked for
        return forms.Select(choices=[(each, each) for each in options])
    if op in PARTS or "starts_with" in column.type.operators:
        return forms.TextInput()
    if column.field is None:
        return column.type.form_field(column.settings, required=False).widget
    widget = column.type.row_field(column.field, layout, required=False).widget
    return forms.TextInput() if getattr(widget, "allow_multiple_selected", False) else widget


def _read(column: Column, layout: Layout, each: Condition) -> str:
    """A value as people read it: the name of a person or a row, a day; as it was typed when it cannot be understood."""
    if each.op in PARTS:
        return each.value
    try:
        value = column.type.parse(each.value)
    except ValidationError:
        return each.value
    if value is None:
        return each.value
    if column.type.is_relation:
        table = DataTable.objects.filter(pk=column.field.settings["table"]).first()
        return next((choice.label for choice in choices.named(table, [value])), each.value) if table else each.value
    settings = column.settings | {"organization": str(layout.organization_id)}  # whoever asks may have made up a number
    return column.type.display(column.type.plain(value), settings)


def _spelled_conditions(query: QueryDict) -> list[Condition]:
    fields = query.getlist("f")[:MOST]
    numbers = [text if text.isascii() and text.isdigit() and len(text) < 4 else "" for text in query.getlist("g")]
    numbers += [""] * (len(fields) - len(numbers))
    spelled = zip(fields, query.getlist("op"), query.getlist("v"), numbers, strict=False)
    return [
        Condition(*map(presentable, (field, op, value)), int(number) if number else ALONE + place)
        for place, (field, op, value, number) in enumerate(spelled)
    ]


def _saved_conditions(saved: Mapping[str, Any]) -> list[Condition]:
    return [replace(Condition("", "", "", 0), **each) for each in saved.get("conditions", [])]
