"""Questions to people: which fields they are asked to fill in, and the form that asks them."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from nocode.automation.nodes.config import KeyField, RowsField

INPUTS = {
    "text": (_("Text"), forms.CharField, {}),
    "long_text": (_("Long text"), forms.CharField, {"widget": forms.Textarea(attrs={"rows": 4})}),
    "number": (_("Number"), forms.FloatField, {}),
    "whole": (_("Whole number"), forms.IntegerField, {}),
    "yes_no": (_("Yes or no"), forms.BooleanField, {}),
    "date": (_("Date"), forms.DateField, {"widget": forms.DateInput(attrs={"type": "date"})}),
    "email": (_("E-mail address"), forms.EmailField, {}),
    "choice": (_("One of several"), forms.ChoiceField, {}),
}


def questions_field(**options: Any) -> RowsField:
    """What a person is asked for, a row for each answer."""
    kinds = [(kind, entry[0]) for kind, entry in INPUTS.items()]
    columns = {
        "name": KeyField(label=_("Key")),
        "label": forms.CharField(label=_("Question"), required=False),
        "kind": forms.ChoiceField(label=_("Type"), choices=kinds, initial="text"),
        "options": forms.CharField(label=_("Choices, with commas"), required=False, max_length=2000),
        "required": forms.ChoiceField(label=_("Required"), choices=[("yes", _("Yes")), ("no", _("No"))], initial="yes"),
    }
    return RowsField(columns, **options)


def without_choices(rows: Iterable[Mapping[str, Any]]) -> str:
    """What is wrong with questions for one of several that say none; empty when nothing is."""
    for row in rows:
        if row.get("kind") == "choice" and not choices_of(row):
            message = _("Write the choices of “%s”, with commas between them.")
            return message % (row.get("label") or row.get("name"))
    return ""


def questions_of(rows: Iterable[Mapping[str, Any]]) -> dict[str, forms.Field]:
    """The fields of a form that asks them."""
    return {row["name"]: _field(row) for row in rows}


def as_input(cleaned: Mapping[str, Any]) -> dict[str, Any]:
    """What was filled in, as JSON."""
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in cleaned.items()}


def choices_of(row: Mapping[str, Any]) -> list[str]:
    """What can be chosen."""
    return list(filter(None, (choice.strip() for choice in (row.get("options") or "").split(","))))


def _field(row: Mapping[str, Any]) -> forms.Field:
    _label, field_class, options = INPUTS[row["kind"]]
    required = row["required"] == "yes" and row["kind"] != "yes_no"  # an empty box is an answer
    if row["kind"] == "choice":
        options = {"choices": [("", _("Select value")), *((choice, choice) for choice in choices_of(row))]}
    return field_class(label=row["label"] or row["name"], required=required, **options)
