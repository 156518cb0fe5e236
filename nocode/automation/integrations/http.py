"""Credentials that travel in a header of an HTTP call."""

import base64
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from nocode.automation.errors import NotTestable
from nocode.automation.integrations.base import IntegrationType, SecretField, integration_types
from nocode.automation.integrations.chosen import Credentials
from nocode.automation.outgoing import http
from nocode.automation.outgoing.concealing import showable

HOST = re.compile(r"(\*\.)?[a-z0-9_]([a-z0-9_.:-]*[a-z0-9])?")
_parameter_name = RegexValidator(
    r"\A[A-Za-z0-9_.\[\]$-]{1,100}\Z", gettext_lazy("This is not the name of a parameter.")
)
_header_name = RegexValidator(r"\A[A-Za-z0-9][A-Za-z0-9_.-]{0,99}\Z", gettext_lazy("This is not the name of a header."))
# What may stand in a header; elsewhere a line break would be an error whose text quotes the secret.
one_word = RegexValidator(r"\A[!-~]+\Z", gettext_lazy("Letters, digits and signs of ASCII only, without spaces."))
_one_line = RegexValidator(r"\A[ -~]+\Z", gettext_lazy("Letters, digits and signs of ASCII only, on one line."))


class HttpIntegration(IntegrationType):
    """Base of what lets HTTP calls in."""

    protocol = "http"
    renews = False  # whether it may be let in again after a 401, with a new token

    def admission(self, credentials: Credentials, refused: str) -> dict[str, str]:
        """The headers that a call needs to be let in; `refused` is the header that no longer does it."""
        return self.apply(credentials.settings, credentials.secrets)

    def apply(self, settings: Mapping[str, Any], secrets: Mapping[str, str]) -> dict[str, str]:
        """The headers that a call needs to be let in."""
        return {}

    def parameters(self, settings: Mapping[str, Any], secrets: Mapping[str, str]) -> dict[str, str]:
        """What is added to the address to be let in."""
        return {}

    def test(self, credentials: Credentials) -> str:
        url = credentials.settings.get("test_url")
        if not url:
            raise NotTestable(_("Enter an address to test with, and save, first."))

        def send(admission: dict[str, str]) -> http.Answer:
            return http.call(
                "GET",
                url,
                query=credentials.parameters(),
                headers=admission,
                timeout=15,
                secrets=credentials.traces(admission),
            )

        answer = admitted(credentials, url, send)
        return _("%(url)s answered %(status)d.") % {"url": showable(answer.url), "status": answer.status}


def admitted(credentials: Credentials, url: str, send: Callable[[dict[str, str]], http.Answer]) -> http.Answer:
    """`send(headers)` with what lets the call in; if its token is refused (401), once more with a new one."""
    host = http.host_of(url)
    admission = credentials.headers_for(host)
    if not credentials.type.renews:
        return send(admission)
    try:
        answer = send(admission)
    except http.HttpRefused as refusal:
        if refusal.details.get("status") != HTTPStatus.UNAUTHORIZED:
            raise
    else:
        if answer.status != HTTPStatus.UNAUTHORIZED:
            return answer
    return send(credentials.headers_for(host, refused=admission["Authorization"]))


class HostsForm(forms.Form):
    """Where the credentials may be sent: the address of a step may come from whoever called a webhook."""

    hosts = forms.CharField(
        label=gettext_lazy("Only for these hosts"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": "api.example.com\n*.example.org"}),
        help_text=gettext_lazy("One name per line. Empty: the credentials go to whatever address a step calls."),
    )

    test_url = forms.URLField(
        label=gettext_lazy("Address to test with"),
        required=False,
        assume_scheme="https",
        max_length=2000,
        help_text=gettext_lazy("One that answers 200 to whoever is let in, and changes nothing."),
    )

    field_order = ["username", "header", "parameter", "password", "token", "value", "hosts", "test_url"]

    def clean_hosts(self) -> str:
        """One host per line, in small letters."""
        hosts = self.cleaned_data["hosts"].lower().split()
        for host in hosts:
            if not HOST.fullmatch(host):
                raise forms.ValidationError(_("“%s” is not the name of a host, such as api.example.com.") % host)
        return "\n".join(hosts)


@integration_types.register
class Basic(HttpIntegration):
    kind, label, icon = "http.basic", gettext_lazy("User name and password"), "person"
    summary = gettext_lazy("HTTP basic: both are sent with every call.")

    class Config(HostsForm):
        username = forms.CharField(
            label=gettext_lazy("User name"),
            max_length=200,
            validators=[RegexValidator(":", gettext_lazy("A user name has no colon."), inverse_match=True)],
        )
        password = SecretField(label=gettext_lazy("Password"), max_length=1000, strip=False)

    def apply(self, settings: Mapping[str, Any], secrets: Mapping[str, str]) -> dict[str, str]:
        pair = f"{settings['username']}:{secrets['password']}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


@integration_types.register
class Bearer(HttpIntegration):
    kind, label, icon = "http.bearer", gettext_lazy("Bearer token"), "token"
    summary = gettext_lazy("A token in the Authorization header, as most services want it.")

    class Config(HostsForm):
        token = SecretField(label=gettext_lazy("Token"), max_length=8000, validators=[one_word])

    def apply(self, settings: Mapping[str, Any], secrets: Mapping[str, str]) -> dict[str, str]:
        return {"Authorization": f"Bearer {secrets['token']}"}


@integration_types.register
class ApiKey(HttpIntegration):
    kind, label, icon = "http.api_key", gettext_lazy("API key"), "key"
    summary = gettext_lazy("A key in a header whose name the service tells you.")

    class Config(HostsForm):
        header = forms.CharField(label=gettext_lazy("Header"), initial="X-API-Key", validators=[_header_name])
        value = SecretField(label=pgettext_lazy("secret", "Key"), max_length=8000, validators=[_one_line])

        def clean_header(self) -> str:
            """A header that stays behind when a redirect leaves the host, and that the call does not set itself."""
            header = self.cleaned_data["header"]
            if header.lower() in http.NOT_FOR_CREDENTIALS:
                raise forms.ValidationError(_("The header “%s” cannot carry a key.") % header)
            return header

    def apply(self, settings: Mapping[str, Any], secrets: Mapping[str, str]) -> dict[str, str]:
        return {settings["header"]: secrets["value"]}


@integration_types.register
class QueryKey(HttpIntegration):
    kind, label, icon = "http.query_key", gettext_lazy("API key in the address"), "link"
    summary = gettext_lazy("For services that want their key as a parameter, such as ?api_key=…, and in no header.")

    class Config(HostsForm):
        parameter = forms.CharField(
            label=gettext_lazy("Parameter"), initial="api_key", max_length=100, validators=[_parameter_name]
        )
        value = SecretField(label=pgettext_lazy("secret", "Key"), max_length=4000, validators=[one_word])

    def parameters(self, settings: Mapping[str, Any], secrets: Mapping[str, str]) -> dict[str, str]:
        return {settings["parameter"]: secrets["value"]}
