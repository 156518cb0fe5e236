"""Forms that describe a step's settings. The form is the schema of the stored JSON: it draws the panel, checks what
the person saved, and types each value again when the step runs."""

import json
from collections.abc import Iterator
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import ProhibitNullCharactersValidator
from django.utils.translation import gettext_lazy as _

_refuse_null = ProhibitNullCharactersValidator()


def holds_expression(value: Any) -> bool:
    """Whether `{{` occurs in a string anywhere inside the value, escaped or not: both are for the engine to fill in."""
    if isinstance(value, str):
        return "{{" in value
    if isinstance(value, dict):
        return any(holds_expression(each) for each in value.values())
    if isinstance(value, list):
        return any(holds_expression(each) for each in value)
    return False


class ValueField(forms.Field):
    """Any JSON value: what an expression gave, or the text the person typed."""

    def __init__(self, **options):
        super().__init__(**{"required": False, "widget": forms.TextInput, **options})


class TextField(forms.CharField):
    """Text; a list or object becomes its JSON, as it does inside a sentence."""

    def to_python(self, value: Any) -> str:
        if isinstance(value, dict | list):
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        if isinstance(value, bool):
            return "true" if value else "false"
        return super().to_python(value)


class KeyField(forms.SlugField):
    """A short name that programs read."""

    default_error_messages = {"invalid": _("Use letters, digits, - and _ only.")}


class RowsWidget(forms.Widget):
    """A small table of inputs; rows are added and removed in the browser from a `<template>`."""

    template_name = "automation/widgets/rows.html"

    def __init__(self, columns: dict[str, forms.Field], attrs=None):
        super().__init__(attrs)
        self.columns = columns

    def value_from_datadict(self, data, files, name: str) -> list[dict]:
        if not hasattr(data, "getlist"):
            return data.get(name, [])
        cells = {column: data.getlist(f"{name}-{column}") for column in self.columns}
        height = max(map(len, cells.values()), default=0)
        return [{column: values[row] for column, values in cells.items() if row < len(values)} for row in range(height)]

    def value_omitted_from_data(self, data, files, name: str) -> bool:
        return not any(f"{name}-{column}" in data for column in self.columns)

    def get_context(self, name: str, value: Any, attrs) -> dict:
        context = super().get_context(name, value, attrs)
        rows = value if isinstance(value, list) and value else [{}]
        context["widget"].update(
            labels=[field.label or column for column, field in self.columns.items()],
            rows=[self._cells(name, row) for row in rows],
            blank=self._cells(name, {}),
        )
        return context

    def _cells(self, name: str, row: dict) -> list[dict]:
        return [
            {"label": field.label or column, "html": self._cell(name, column, field, row.get(column, field.initial))}
            for column, field in self.columns.items()
        ]

    @staticmethod
    def _cell(name: str, column: str, field: forms.Field, value: Any) -> str:
        shown = value if isinstance(value, str | None) else json.dumps(value, ensure_ascii=False)
        attrs = {"aria-label": str(field.label or column), **field.widget.attrs}
        return field.widget.render(f"{name}-{column}", shown, attrs)


class RowsField(forms.Field):
    """A list of rows with named columns; blank rows are dropped. Errors name the row and the column."""

    default_error_messages = {"shape": _("Give a list of rows.")}
    accepts_expressions = True

    def __init__(self, columns: dict[str, forms.Field], **options):
        self.columns = columns
        super().__init__(**{"widget": RowsWidget(columns), "initial": list, **options})

    def __deepcopy__(self, memo):
        copy = super().__deepcopy__(memo)
        copy.columns = {name: field.__deepcopy__(memo) for name, field in self.columns.items()}
        copy.widget.columns = copy.columns
        return copy

    def to_python(self, value: Any) -> list[dict]:
        if value in self.empty_values:
            return []
        if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
            raise ValidationError(self.error_messages["shape"], code="shape")
        rows = [row for row in value if any(row.get(name) not in (None, "") for name in self.typed_columns)]
        return [self._clean_row(number, row) for number, row in enumerate(rows, start=1)]

    @property
    def typed_columns(self) -> list[str]:
        """Columns a person types into; a row in which only menus are set is blank."""
        return [name for name, field in self.columns.items() if not isinstance(field, forms.ChoiceField)]

    def _clean_row(self, number: int, row: dict) -> dict:
        cleaned = {}
        for name, field in self.columns.items():
            value = row.get(name, field.initial)
            try:
                keep = self.accepts_expressions and holds_expression(value)
                cleaned[name] = value if keep else field.clean(value)
            except ValidationError as error:
                raise ValidationError(
                    _("Row %(row)d, %(column)s: %(message)s"),
                    params={"row": number, "column": field.label or name, "message": " ".join(error.messages)},
                ) from None
        return cleaned


PER_ITEM = "for_each"


class ConfigForm(forms.Form):
    """A form whose fields also accept expressions: those are checked when the step runs. No text holds a NUL.

    Every step has the switch `for_each`; the engine reads it, the step types never see it.
    """

    for_each = forms.BooleanField(
        label=_("Run once for each item"),
        required=False,
        help_text=_("When a list comes in: each of its items is the input in turn, and the results become a list."),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields[PER_ITEM] = self.fields.pop(PER_ITEM)  # behind the settings of the step itself
        for field in self.fields.values():
            _accept_expressions(field)


_TYPED_INPUTS = (forms.NumberInput, forms.URLInput, forms.EmailInput, forms.DateTimeInput)


def _accept_expressions(field: forms.Field) -> None:
    if isinstance(field.widget, _TYPED_INPUTS):
        field.widget = forms.TextInput(attrs=field.widget.attrs)
    strict = field.clean

    def clean(value: Any) -> Any:
        for text in _texts_in(value):
            _refuse_null(text)
        return value if isinstance(value, str) and "{{" in value else strict(value)

    field.clean = clean


def _texts_in(value: Any) -> Iterator[str]:
    """What was typed: a text, or those in the rows of a small table."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        yield from (text for row in value if isinstance(row, dict) for text in row.values() if isinstance(text, str))


def clean_config(form: type[forms.Form], config: dict) -> tuple[dict, dict[str, list[str]]]:
    """Check stored JSON against its form: (values typed or left as expressions, errors by field name)."""
    cleaned, errors = {}, {}
    for name in config.keys() - form.base_fields.keys():
        errors[name] = [str(_("This setting does not exist; remove it."))]
    for name, field in form.base_fields.items():
        value = config.get(name, field.initial() if callable(field.initial) else field.initial)
        try:
            keep = holds_expression(value) and not isinstance(field, RowsField)
            cleaned[name] = value if keep else field.clean(value)
        except ValidationError as error:
            errors[name] = [str(message) for message in error.messages]
    return cleaned, errors
