"""What only speaks to people: a step that does nothing, and notes on the drawing."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from nocode.automation.nodes.base import Example, Family, NodeType, Step, node_types
from nocode.automation.nodes.config import ConfigForm, TextField


@node_types.register
class Nothing(NodeType):
    kind, label, icon, family = "noop", _("Do nothing"), "motion_photos_paused", Family.LOGIC
    summary = _("Let everything through: a place to come together, or one that is still empty.")
    example = Example({}, {"a": 1}, {"a": 1})
    can_run_per_item = False

    def run(self, settings: dict, step: Step) -> Any:
        return step.input


@node_types.register
class Note(NodeType):
    kind, label, icon, family = "note", _("Note"), "note", Family.LOGIC
    summary = _("Words for whoever reads the workflow; it is connected to nothing and never runs.")
    gives = _("Nothing: it never runs.")
    can_run_per_item = False

    class Config(ConfigForm):
        text = TextField(
            label=_("Text"),
            required=False,
            max_length=10_000,
            widget=forms.Textarea(attrs={"rows": 6}),
            help_text=_("Markdown: # for a title, - for a list, ** for bold."),
        )
        color = forms.ChoiceField(
            label=_("Colour"),
            choices=[
                ("yellow", _("yellow")),
                ("blue", _("blue")),
                ("green", _("green")),
                ("red", _("red")),
                ("grey", _("grey")),
            ],
            initial="yellow",
        )
        width = forms.IntegerField(label=_("Width"), min_value=80, max_value=2000, initial=240)
        height = forms.IntegerField(label=_("Height"), min_value=40, max_value=2000, initial=120)

    def ports(self, config: dict) -> list[tuple[str, str]]:
        return []

    def run(self, settings: dict, step: Step) -> Any:
        return step.input
