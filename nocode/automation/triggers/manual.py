"""Started by a person in the console, who may be asked for input."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from nocode.automation.nodes.questions import questions_field, questions_of, without_choices
from nocode.automation.triggers.base import TriggerType, trigger_types


class AskingForm(forms.Form):
    """Settings with questions: one of several needs its choices."""

    conditional: dict = {}

    def clean_fields_asked(self) -> list[dict[str, Any]]:
        """Names the question whose choices are missing."""
        rows = self.cleaned_data["fields_asked"]
        if problem := without_choices(rows):
            raise forms.ValidationError(problem)
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
    return type("InputForm", (forms.Form,), questions_of(settings["fields_asked"]))
