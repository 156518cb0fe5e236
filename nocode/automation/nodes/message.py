"""The step that writes to people."""

import hashlib
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, getaddresses, parseaddr
from typing import Any

from django import forms
from django.conf import settings as django_settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from nocode.automation.errors import PermanentFailure
from nocode.automation.integrations.smtp import server_of
from nocode.automation.models import Workflow
from nocode.automation.nodes.base import Effect, Family, Step, node_types
from nocode.automation.nodes.config import ConfigForm, TextField
from nocode.automation.nodes.integration import UsesIntegration
from nocode.automation.outgoing import smtp
from nocode.foundation.services.mail import one_line

MOST_RECIPIENTS = 50
_NO_SERVER = _("This installation has no mail server of its own (EMAIL_URL); choose an integration.")


class AddressesField(forms.Field):
    """E-mail addresses: a list, or text with commas, semicolons or lines between; `Anna <anna@example.com>` too."""

    default_error_messages = {
        "invalid": _("“%(entry)s” is not an e-mail address."),
        "many": _("At most %(limit)d addresses."),
    }

    def __init__(self, *, limit: int = MOST_RECIPIENTS, **options: Any):
        self.limit = limit
        super().__init__(**{"widget": forms.TextInput, **options})

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:
        if value in self.empty_values:
            return []
        entries = value if isinstance(value, list) else [value]
        text = ",".join(str(entry).replace(";", ",").replace("\r", ",").replace("\n", ",") for entry in entries)
        addresses = [self._address(*pair, text) for pair in getaddresses([text]) if text.strip(", ") and any(pair)]
        if not addresses and text.strip(", "):
            raise ValidationError(self.error_messages["invalid"], code="invalid", params={"entry": text[:200]})
        if len(addresses) > self.limit:
            raise ValidationError(self.error_messages["many"], code="many", params={"limit": self.limit})
        return addresses

    def _address(self, name: str, address: str, text: str) -> str:
        try:
            validate_email(address)
            user, _at, host = address.rpartition("@")
            return str(Address(one_line(name), user, host.encode("idna").decode()))
        except (ValidationError, ValueError):
            raise ValidationError(
                self.error_messages["invalid"], code="invalid", params={"entry": one_line(address or text)[:200]}
            ) from None


@node_types.register
class SendEmail(UsesIntegration):
    kind, label, icon, family = "email.send", _("Send an e-mail"), "mail", Family.OUTSIDE
    summary = _("Write to people, through this installation's mail server or one of yours.")
    gives = _("An object: message_id, accepted (addresses) and refused (why, by address).")
    effect = Effect.OUTSIDE
    protocol = "smtp"
    nothing = _("This installation's mail server")

    class Config(ConfigForm):
        to = AddressesField(
            label=pgettext_lazy("e-mail", "To"), help_text=_("Several addresses with commas between them.")
        )
        cc = AddressesField(label=_("Copy to"), required=False)
        reply_to = AddressesField(label=_("Answers go to"), required=False, limit=1)
        subject = TextField(label=_("Subject"), max_length=1000)
        text = TextField(label=_("Text"), widget=forms.Textarea(attrs={"rows": 8}), strip=False)
        integration = forms.UUIDField(label=_("Mail server"), required=False)

    def check(self, config: dict, workflow: Workflow) -> dict[str, list[str]]:
        if not config.get("integration") and django_settings.EMAIL_SERVER is None:
            return {"integration": [str(_NO_SERVER)]}
        return super().check(config, workflow)

    def run(self, settings: dict, step: Step) -> dict:
        sender, server = self._way_out(step)
        recipients = [parseaddr(entry)[1] for entry in (*settings["to"], *settings["cc"])]
        recipients = list(dict.fromkeys(recipients))
        if len(recipients) > MOST_RECIPIENTS:
            raise PermanentFailure(_("At most %d people can be written to at once.") % MOST_RECIPIENTS)
        message = self._message(settings, step, sender)
        if step.loaded:
            with step.loaded.counted(step.count_call):
                refused = smtp.send(server, parseaddr(sender)[1], recipients, bytes(message))
        else:
            refused = smtp.send(server, parseaddr(sender)[1], recipients, bytes(message))
        for address, words in refused.items():
            step.log("warning", _("The mail server refused %s.") % address, words=words)
        accepted = [address for address in recipients if address not in refused]
        return {"message_id": message["Message-ID"], "accepted": accepted, "refused": refused}

    @staticmethod
    def _way_out(step: Step) -> tuple[str, smtp.MailServer]:
        """Whom the e-mail comes from, and which server takes it."""
        if step.loaded:
            return step.loaded.settings["sender"], server_of(step.loaded)
        if django_settings.EMAIL_SERVER is None:
            raise PermanentFailure(_NO_SERVER)
        return django_settings.EMAIL_FROM, smtp.MailServer.of_installation()

    @staticmethod
    def _message(settings: dict, step: Step, sender: str) -> EmailMessage:
        """The e-mail; a second attempt has the same id, so that mailboxes can tell a copy."""
        message = EmailMessage(policy.SMTP)
        message["From"] = sender
        message["To"] = ", ".join(settings["to"])
        if settings["cc"]:
            message["Cc"] = ", ".join(settings["cc"])
        if settings["reply_to"]:
            message["Reply-To"] = settings["reply_to"][0]
        message["Subject"] = one_line(settings["subject"])
        message["Date"] = formatdate(localtime=True)
        fingerprint = hashlib.sha256(step.idempotency_key.encode()).hexdigest()[:40]
        message["Message-ID"] = f"<{fingerprint}@{parseaddr(sender)[1].rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(settings["text"], cte="quoted-printable")
        return message
