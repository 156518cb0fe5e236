"""A mail server with an account."""

from typing import Any

from django import forms
from django.core.validators import RegexValidator, validate_email
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nocode.automation.integrations.base import IntegrationType, SecretField, integration_types
from nocode.automation.integrations.chosen import Credentials
from nocode.automation.outgoing import smtp

_host = RegexValidator(
    r"\A[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9])?\Z", gettext_lazy("This is not the name of a host.")
)
# What SMTP can say when it logs in.
_one_line = RegexValidator(r"\A[ -~]+\Z", gettext_lazy("Letters, digits and signs of ASCII only, on one line."))


@integration_types.register
class Smtp(IntegrationType):
    kind, label, icon = "smtp", gettext_lazy("Mail server"), "outgoing_mail"
    summary = gettext_lazy("SMTP: e-mail steps send through it, from an address of yours.")
    protocol = "smtp"

    class Config(forms.Form):
        host = forms.CharField(label=gettext_lazy("Host"), max_length=253, validators=[_host])
        port = forms.IntegerField(label=gettext_lazy("Port"), min_value=1, max_value=65535, initial=587)
        security = forms.ChoiceField(
            label=gettext_lazy("Encryption"),
            choices=[
                ("starttls", gettext_lazy("STARTTLS (usually port 587)")),
                ("tls", gettext_lazy("TLS from the start (usually port 465)")),
                ("none", gettext_lazy("None: everybody on the way can read along")),
            ],
        )
        sender = forms.CharField(
            label=gettext_lazy("Sender"),
            max_length=254,
            validators=[validate_email],
            help_text=gettext_lazy("The address e-mails come from; the server must accept it."),
        )
        username = forms.CharField(
            label=gettext_lazy("User name"), max_length=200, required=False, validators=[_one_line]
        )
        password = SecretField(
            label=gettext_lazy("Password"), max_length=1000, required=False, strip=False, validators=[_one_line]
        )

        def clean(self) -> dict[str, Any]:
            """A password and a user name go together."""
            data = super().clean()
            if not data.get("username"):
                data["password"] = ""
            elif not data.get("password") and not self.fields["password"].is_kept and "password" not in self.errors:
                self.add_error("password", _("A user name needs its password."))
            return data

    def test(self, credentials: Credentials) -> str:
        smtp.check(server_of(credentials))
        settings = credentials.settings
        words = _("%(host)s let us in as “%(user)s”.") if settings["username"] else _("%(host)s answered.")
        return words % {"host": settings["host"], "user": settings["username"]}


def server_of(credentials: Credentials) -> smtp.MailServer:
    """The mail server of an integration."""
    settings = credentials.settings
    names = ("host", "port", "security", "username")
    return smtp.MailServer(**{name: settings[name] for name in names}, password=credentials.secrets["password"])
