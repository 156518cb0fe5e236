"""Started by a person in the console, who may be asked for input."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from nocode.automation.nodes.config import KeyField, RowsField
from nocode.automation.triggers.base import TriggerType, trigger_types

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


class AskingForm(forms.Form):
    """Settings with questions: one of several needs its choices."""

    conditional: dict = {}

    def clean_fields_asked(self) -> list[dict[str, Any]]:
        """Names the question whose choices are missing."""
        rows = self.cleaned_data["fields_asked"]
        for row in rows:
            if row["kind"] == "choice" and not choices_of(row):
                message = _("Write the choices of “%s”, with commas between them.")
                raise forms.ValidationError(message % (row["label"] or row["name"]))
        return rows


@trigger_types.register
class Manual(TriggerType):
    kind, label, icon = "manual", _("Manual"), "play_circle"
    summary = _("A person starts the workflow with the “Run” button; what they fill in is `trigger`.")

    class Config(AskingForm):
        """What the person is asked for."""

        fields_asked = questions_field(
            label=_("Input"),
            required=False,
            help_text=_("What to ask before the start; a step reads it as trigger.<key>."),
        )

    def describe(self, trigger) -> str:
        """How much is asked."""
        asked = len(self.clean(trigger.config)["fields_asked"])
        return ngettext("asks for %d value", "asks for %d values", asked) % asked if asked else str(self.label)


def input_form(settings: Mapping[str, Any]) -> type[forms.Form]:
    """The form to fill in before the start."""
    fields = {row["name"]: _field(row) for row in settings["fields_asked"]}
    return type("InputForm", (forms.Form,), fields)


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
