"""What steps that use an integration share."""

from django import forms
from django.utils.translation import gettext_lazy as _

from nocode.automation.integrations import chosen
from nocode.automation.models import Workflow
from nocode.automation.nodes.base import NodeType, Step
from nocode.automation.nodes.config import ConfigForm


class UsesIntegration(NodeType):
    """A step whose setting `integration` names an account that speaks `protocol`; `step.loaded` has its credentials."""

    protocol: str
    nothing = _("No integration")  # the choice not to use one

    def form(self, workflow: Workflow, **options) -> ConfigForm:
        form = super().form(workflow, **options)
        field = form.fields["integration"]
        choices = chosen.choices(workflow, form.initial.get("integration") or "", self.protocol, self.nothing)
        form.fields["integration"] = forms.ChoiceField(
            label=field.label, help_text=field.help_text, required=False, choices=choices
        )
        return form

    def check(self, config: dict, workflow: Workflow) -> dict[str, list[str]]:
        wanted = config.get("integration")
        problem = chosen.problem_with(wanted, workflow, self.protocol) if wanted else ""
        return {"integration": [problem]} if problem else {}

    def load(self, settings: dict, step: Step) -> chosen.Credentials | None:
        wanted = settings["integration"]
        if wanted and wanted not in step.shared:
            step.shared[wanted] = chosen.load(wanted, step.organization_id, self.protocol)
        return step.shared[wanted] if wanted else None
