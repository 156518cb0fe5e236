"""A channel of a team chat: whoever knows the address of its webhook is let in, so the address is the secret."""

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nocode.automation.errors import StepFailure
from nocode.automation.integrations.base import IntegrationType, SecretField, integration_types
from nocode.automation.integrations.chosen import Credentials
from nocode.automation.outgoing import http
from nocode.automation.outgoing.concealing import MASK, conceal


@integration_types.register
class Slack(IntegrationType):
    kind, label, icon = "slack", gettext_lazy("Chat channel"), "forum"
    summary = gettext_lazy("Slack, Mattermost or another chat that gives a channel an incoming webhook.")
    protocol = "slack"

    class Config(forms.Form):
        address = SecretField(
            label=gettext_lazy("Address of the incoming webhook"),
            max_length=2000,
            help_text=gettext_lazy(
                "The chat shows it once the webhook is made: https://hooks.slack.com/services/…"
                " Whoever knows it can write to the channel. The test writes one line there."
            ),
        )

        def clean_address(self) -> str:
            """An address that can be called; what is wrong with it is told without quoting it."""
            address = self.cleaned_data["address"]
            try:
                if address:
                    http.host_of(address)
            except http.BadUrl:
                raise forms.ValidationError(_("An address begins with https:// and names a host.")) from None
            return address

    def test(self, credentials: Credentials) -> str:
        post(credentials, _("This is a test: NoCode can write here."))
        return _("One line was written to the channel.")


def post(credentials: Credentials, text: str, *, idempotency_key: str = "") -> None:
    """Write to the channel. Raises StepFailure, whose message does not tell the address."""
    address = credentials.secrets["address"]
    try:
        http.call(
            "POST",
            address,
            body={"text": text},
            timeout=15,
            idempotency_key=idempotency_key,
            follow_redirects=False,
            secrets=[address],
        )
    except StepFailure as failure:  # it names the address it called
        raise type(failure)(_concealed(failure.message, address), **failure.details) from None


def _concealed(message: str, address: str) -> str:
    """A message without the address, with or without its parameters."""
    plain = address.partition("?")[0]
    return conceal(message.encode(), [address, plain]).decode().replace(plain, MASK)
