"""The step that keeps the place, and the settings, of one that this installation does not have."""

from django import forms
from django.utils.translation import gettext_lazy as _

from nocode.automation.models import Workflow
from nocode.automation.nodes.base import Family, NodeType, Step, node_types
from nocode.automation.nodes.config import ConfigForm


@node_types.register
class Placeholder(NodeType):
    kind, label, icon, family = "placeholder", _("Placeholder"), "extension_off", Family.LOGIC
    summary = _("Keeps the place of a step that came with a file and has no counterpart here, or was switched off.")
    deferred = frozenset({"settings"})

    class Config(ConfigForm):
        was = forms.CharField(
            label=_("Stands for"), required=False, max_length=200, help_text=_("The type of the step in the file.")
        )
        skip = forms.BooleanField(
            label=_("Leave it out"),
            required=False,
            help_text=_("The input goes on as it is. Otherwise the workflow cannot be published with this step in it."),
        )
        settings = forms.CharField(
            label=_("Its settings in the file"), required=False, widget=forms.Textarea(attrs={"rows": 10})
        )

    def check(self, config: dict, workflow: Workflow) -> dict[str, list[str]]:
        if config.get("skip"):
            return {}
        message = _("This step stands for “%s”, which does not exist here. Replace it, or have it left out.")
        return {"skip": [message % (config.get("was") or "?")]}

    def run(self, settings: dict, step: Step):
        step.log("info", _("“%s” was left out.") % settings["was"])
        return step.input
