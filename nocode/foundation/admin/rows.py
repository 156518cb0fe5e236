"""The rows of lists: what is the same for all cells of a column is found out once, so that a cell costs its value.

Unfold finds it out for each cell again, and repeats some thirty class names in each. Ours look the same: `lists.css`.
"""

from collections.abc import Callable, Iterator
from typing import Any

from django.contrib.admin.utils import label_for_field, lookup_field
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import FieldDoesNotExist, ObjectDoesNotExist
from django.db.models import Field, Model
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from unfold.utils import display_for_field, display_for_value

CHECKBOX = "action_checkbox"


def rows(changelist: ChangeList) -> Iterator[tuple[Model, SafeString]]:
    """Each object of the page, and the cells of its row."""
    columns = [Column(changelist, name) for name in changelist.list_display]
    heading = next((column for column in columns if column.links), None)
    for column in columns:
        column.tag = "th" if column is heading else "td"
    for row in changelist.result_list:
        yield row, mark_safe("".join([column.cell(row) for column in columns]))  # noqa: S308


class Column:
    """One column of a list: where its values come from, and how they are written."""

    def __init__(self, changelist: ChangeList, name: str | Callable):
        self.changelist = changelist
        self.admin = changelist.model_admin
        self.empty = self.admin.get_empty_value_display()
        self.links = name in (changelist.list_display_links or ())
        self.read = self._reader(name)
        self.tag = "td"
        self.attributes = self._attributes(name)

    def cell(self, row: Model) -> str:
        """The cell of an object, as HTML."""
        try:
            value = conditional_escape(self.read(row))
        except ObjectDoesNotExist:
            value = self.empty
        if self.links:
            value = self._linked(row, value)
        return f"<{self.tag}{self.attributes}>{value}</{self.tag}>"

    def _linked(self, row: Model, value: str) -> str:
        url, kept = self.changelist.url_for_result(row), self.changelist.preserved_filters
        return format_html('<a class="c-opens" href="{}">{}</a>', f"{url}?{kept}" if kept else url, mark_safe(value))  # noqa: S308

    def _attributes(self, name: str | Callable) -> SafeString:
        """A class to style the column by, and its name, which stands beside each value on a phone."""
        if name == CHECKBOX:
            return mark_safe(' class="action-checkbox"')
        label = label_for_field(name, self.changelist.model, model_admin=self.admin)
        return format_html(' class="field-{}" data-label="{}"', getattr(name, "__name__", name), capfirst(label))

    def _reader(self, name: str | Callable) -> Callable[[Model], Any]:
        """A function from an object to what its cell shows."""
        field = _field(self.changelist.model, name)
        if field and field.is_relation:
            return lambda row: self.empty if (related := getattr(row, field.name)) is None else related
        if field:
            return lambda row: display_for_field(getattr(row, field.name), field, self.empty)
        read, told = self._method(name)
        empty, boolean = getattr(told, "empty_value_display", self.empty), getattr(told, "boolean", False)
        return lambda row: display_for_value(read(row), empty, boolean)

    def _method(self, name: str | Callable) -> tuple[Callable[[Model], Any], Any]:
        """What computes the value of an object, and what carries the decorations of `@display`."""
        if callable(name):
            return name, name
        if name != "__str__" and hasattr(self.admin, name):
            method = getattr(self.admin, name)
            return method, method
        return lambda row: lookup_field(name, row, self.admin)[2], getattr(self.changelist.model, name, None)


def _field(model: type[Model], name: str | Callable) -> Field | None:
    """The field that a column is named after."""
    try:
        return model._meta.get_field(name)
    except FieldDoesNotExist:
        return None
