"""What both kinds of relations have in common: the table they lead to, and how its rows are chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

import nocode.studio.fields.number  # noqa: F401 - reads the numbers of rows
from nocode.foundation.ids import uuid_or_none
from nocode.studio.fields.base import FieldType, Names, field_types, quoted

if TYPE_CHECKING:
    from nocode.studio.layouts import Layout
    from nocode.studio.models import DataTable, Field


class LinkConfig(forms.Form):
    """The table that a relation leads to."""

    table = forms.CharField(label=gettext_lazy("Table"), widget=UnfoldAdminSelectWidget())


class Link(FieldType):
    """A field that leads to rows of a table of the same project: its values are ids of them."""

    is_relation = True
    is_many = False
    Config = LinkConfig

    def resolve(self, settings: dict, field: Field) -> dict:
        pk = uuid_or_none(settings["table"])
        if pk is None or not (pk == field.table_id or field.table.project.tables.filter(pk=pk).exists()):
            raise ValidationError(_("choose a table of this project"))
        before = type(field).everything.filter(pk=field.pk, kind=self.kind).first()
        if before is not None and before.settings["table"] != str(pk):
            raise ValidationError(_("the table it leads to cannot be changed; make another field for another table"))
        return settings | {"table": str(pk)}

    def renamed(self, settings: dict, names: Names) -> dict:
        return settings | {"table": names.table(settings["table"])}

    def needs(self, settings: dict) -> frozenset[UUID]:
        return frozenset({UUID(settings["table"])})

    def offer(self, form: forms.Form, table: DataTable, tables: Sequence[DataTable]) -> None:
        form.fields["table"].widget.choices = [("", "—"), *((str(each.pk), each.label) for each in tables)]

    def form_field(self, settings: dict, **options: Any) -> forms.Field:
        return RowsField(widget=UnfoldAdminTextInputWidget(), **options)

    def row_field(self, field: Field, layout: Layout, **options: Any) -> forms.Field:
        address = reverse("admin:studio_table_choices", args=[field.settings["table"]])
        return RowsField(widget=RowsWidget(address, is_many=self.is_many), **options)


class RowsWidget(UnfoldAdminTextInputWidget):
    """Row numbers, typed; with JavaScript the rows are searched and shown by their labels."""

    template = "studio/widgets/rows_choice.html"

    def __init__(self, address: str, *, is_many: bool):
        super().__init__(attrs={"autocomplete": "off"})
        self.address, self.is_many = address, is_many
        self.few: Sequence[Any] = ()  # the rows to choose from (`id`, `label`) when they are few: the list of a page

    def render(self, name: str, value: Any, attrs: dict | None = None, renderer: Any = None) -> str:
        context = self.get_context(name, value, attrs)
        chosen = _numbers(value)
        few = [(row, str(row.id) in chosen) for row in self.few]
        return render_to_string(self.template, context | {"address": self.address, "is_many": self.is_many, "few": few})

    def value_from_datadict(self, data: Any, files: Any, name: str) -> str:
        """The numbers as one text: a list in the page sends each by itself."""
        values = data.getlist(name) if hasattr(data, "getlist") else [data.get(name)]
        return ", ".join(str(value) for value in values if value)


class RowsField(forms.CharField):
    """Ids of rows as a text while they are compared with what was shown; the field type understands them."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return _numbers(self.prepare_value(initial)) != _numbers(data)


def _numbers(text: Any) -> list[str]:
    return str("" if text is None else text).replace(",", " ").split()


def row_id(value: Any) -> int:
    """The id of a row that is meant by a value from JSON or a form. Raises ValidationError."""
    number = field_types["integer"].parse(value["id"] if isinstance(value, dict) and "id" in value else value)
    if number is None or number < 1:
        raise ValidationError(_("%(value)s is not the number of a row") % {"value": quoted(value)})
    return number
