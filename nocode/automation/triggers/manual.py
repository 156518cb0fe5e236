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
}


@trigger_types.register
class Manual(TriggerType):
    kind, label, icon = "manual", _("Manual"), "play_circle"
    summary = _("A person starts the workflow with the “Run” button; what they fill in is `trigger`.")

    class Config(forms.Form):
        """What the person is asked for."""

        conditional: dict = {}

        fields_asked = RowsField(
            {
                "name": KeyField(label=_("Key")),
                "label": forms.CharField(label=_("Question"), required=False),
                "kind": forms.ChoiceField(
                    label=_("Type"), choices=[(kind, entry[0]) for kind, entry in INPUTS.items()], initial="text"
                ),
                "required": forms.ChoiceField(
                    label=_("Required"), choices=[("yes", _("Yes")), ("no", _("No"))], initial="yes"
                ),
            },
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


def _field(row: Mapping[str, Any]) -> forms.Field:
    _label, field_class, options = INPUTS[row["kind"]]
    required = row["required"] == "yes" and row["kind"] != "yes_no"  # an empty box is an answer
    return field_class(label=row["label"] or row["name"], required=required, **options)
