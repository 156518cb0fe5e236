"""Started by what happens in the organization, in whichever module."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nocode.automation.models import Workflow
from nocode.automation.nodes.config import holds_expression
from nocode.automation.nodes.event import WaitForEvent
from nocode.automation.triggers.base import TriggerType, trigger_types


@trigger_types.register
class EventTrigger(TriggerType):
    kind, label, icon = "event", gettext_lazy("Event"), "sensors"
    summary = gettext_lazy(
        "Runs when something happens: an execution fails, an application goes online, a step tells it. "
        "`trigger.payload` says more."
    )

    class Config(forms.Form):
        """Which events, and which of them."""

        conditional: dict = {}

        pattern = WaitForEvent.Config.base_fields["pattern"]
        filter = forms.CharField(
            label=gettext_lazy("Only when"),
            required=False,
            widget=forms.Textarea(attrs={"rows": 2}),
            help_text=gettext_lazy(
                "An expression about `event` (name, payload, actor, at): "
                "{{ event.payload.workflow_name === 'Orders' }}. Empty: always."
            ),
        )

    def check(self, settings: Mapping[str, Any], workflow: Workflow) -> dict[str, list[str]]:
        """A condition is an expression."""
        if settings["filter"] and not holds_expression(settings["filter"]):
            return {"filter": [_("Write it as an expression, between {{ and }}.")]}
        return {}

    def describe(self, trigger) -> str:
        """For example "On automation.execution.failed"."""
        return _("On %s") % self.clean(trigger.config)["pattern"]
