"""The step that writes to a channel of a team chat."""

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from nocode.automation.errors import PermanentFailure
from nocode.automation.integrations import slack
from nocode.automation.models import Workflow
from nocode.automation.nodes.base import Effect, Family, Step, node_types
from nocode.automation.nodes.config import ConfigForm, TextField
from nocode.automation.nodes.integration import UsesIntegration


@node_types.register
class SlackMessage(UsesIntegration):
    kind, label, icon, family = "slack", _("Chat message"), "forum", Family.OUTSIDE
    summary = _("Write to a channel of Slack, Mattermost or another chat that takes incoming webhooks of this kind.")
    gives = _("An object: sent is true.")
    effect = Effect.OUTSIDE
    protocol = "slack"

    class Config(ConfigForm):
        integration = forms.UUIDField(
            label=_("Channel"), help_text=_("An integration that keeps the address of the channel's webhook.")
        )
        text = TextField(
            label=_("Text"),
            max_length=40_000,
            widget=forms.Textarea(attrs={"rows": 6}),
            help_text=_("*bold*, _italic_, `code`, <https://example.com|a link>."),
        )

    def check(self, config: dict, workflow: Workflow) -> dict[str, list[str]]:
        if not config.get("integration"):
            return {"integration": [gettext("Choose the integration with the channel's address.")]}
        return super().check(config, workflow)

    def run(self, settings: dict, step: Step) -> dict:
        if step.loaded is None:
            raise PermanentFailure(gettext("Choose the integration with the channel's address."))
        with step.loaded.counted(step.count_call):
            slack.post(step.loaded, settings["text"], idempotency_key=step.idempotency_key)
        return {"sent": True}
