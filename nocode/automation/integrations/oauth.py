"""OAuth 2.0, client credentials: an application proves who it is and gets a token for a while."""

import base64
import time
from http import HTTPStatus
from urllib.parse import quote_plus, urlencode

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nocode.automation.errors import PermanentFailure, StepFailure
from nocode.automation.integrations.base import SecretField, integration_types
from nocode.automation.integrations.chosen import Credentials
from nocode.automation.integrations.http import HostsForm, HttpIntegration, one_word
from nocode.automation.integrations.tokens import Token, current
from nocode.automation.outgoing import http

USUAL_LIFE = 3600  # seconds, of a token whose life is not told
MARGIN = 60  # seconds, so that a token does not end on its way
LONGEST = 8000  # characters of a token
# Which field the answers of RFC 6749, 5.2 are about.
_BLAMED = {"invalid_client": "client_secret", "unauthorized_client": "client_id", "invalid_scope": "scope"}


@integration_types.register
class ClientCredentials(HttpIntegration):
    kind, label, icon = "oauth2", gettext_lazy("OAuth 2.0"), "vpn_key"
    summary = gettext_lazy("Client credentials: a token is fetched when one is needed, and kept until it ends.")
    renews = True

    class Config(HostsForm):
        token_url = forms.URLField(
            label=gettext_lazy("Address of the token"),
            assume_scheme="https",
            max_length=2000,
            help_text=gettext_lazy("The service names it “token endpoint” or “token URL”."),
        )
        client_id = forms.CharField(label=gettext_lazy("Client ID"), max_length=1000)
        client_secret = SecretField(label=gettext_lazy("Client secret"), max_length=4000, validators=[one_word])
        scope = forms.CharField(
            label=gettext_lazy("Scope"),
            max_length=2000,
            required=False,
            help_text=gettext_lazy("What the token is for, with spaces between; empty if the service wants none."),
        )
        style = forms.ChoiceField(
            label=gettext_lazy("The ID and the secret are sent"),
            choices=[
                ("header", gettext_lazy("in the header, as most services want it")),
                ("body", gettext_lazy("in the body")),
            ],
        )

        field_order = ["token_url", "client_id", "client_secret", "scope", "style", *HostsForm.field_order]

    def admission(self, credentials: Credentials, refused: str) -> dict[str, str]:
        token = current(credentials, lambda: self._fetch(credentials), refused.removeprefix("Bearer "))
        return {"Authorization": f"Bearer {token}"}

    def test(self, credentials: Credentials) -> str:
        """Without an address to test with, whether there is a token."""
        if credentials.settings["test_url"]:
            return super().test(credentials)
        self._fetch(credentials)
        return _("The service gave a token.")

    def _fetch(self, credentials: Credentials) -> Token:
        """A new token. Raises StepFailure, which names the field that is likely wrong."""
        try:
            answer = _ask(credentials)
        except StepFailure as failure:
            raise type(failure)(self._said("token_url", failure.message), **failure.details) from None
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise PermanentFailure(self._refusal(answer), status=answer.status)
        try:
            return _token_in(answer)
        except (http.BadAnswer, KeyError, TypeError, ValueError, ValidationError):
            raise PermanentFailure(self._said("token_url", _("The answer holds no token."))) from None

    def _refusal(self, answer: http.Answer) -> str:
        """What the service said, at the field it is about; of its answer, nothing but the code is told."""
        try:
            code = str(answer.json()["error"])
        except (http.BadAnswer, KeyError, TypeError):
            code = ""
        blamed = _BLAMED.get(code)
        if blamed is None:
            blamed = "client_secret" if answer.status == HTTPStatus.UNAUTHORIZED else "token_url"
        words = _("The service refused to give a token (%(status)d %(code)s).")
        return self._said(blamed, words % {"status": answer.status, "code": code[:60]})

    def _said(self, name: str, text: str) -> str:
        return _("%(name)s: %(text)s") % {"name": self.Config.base_fields[name].label, "text": text}


def _ask(credentials: Credentials) -> http.Answer:
    settings, secret = credentials.settings, credentials.secrets["client_secret"]
    form = {"grant_type": "client_credentials"}
    if settings["scope"]:
        form["scope"] = settings["scope"]
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    pair = base64.b64encode(f"{quote_plus(settings['client_id'])}:{quote_plus(secret)}".encode()).decode()
    if settings["style"] == "header":
        headers["Authorization"] = f"Basic {pair}"
    else:
        form |= {"client_id": settings["client_id"], "client_secret": secret}
    answer = http.call(
        "POST",
        settings["token_url"],
        headers=headers,
        body=urlencode(form),
        timeout=15,
        max_bytes=100_000,
        follow_redirects=False,
        accept_errors=True,
        secrets=[secret, pair],
    )
    http.refuse_errors(answer, only_passing=True)
    return answer


def _token_in(answer: http.Answer) -> Token:
    """The token of an answer. What is raised when there is none, `_fetch` says in words."""
    found = answer.json()
    text, life = found["access_token"], float(found.get("expires_in") or USUAL_LIFE)
    if not isinstance(text, str) or len(text) > LONGEST:
        raise ValueError("no token")
    one_word(text)
    return Token(text, time.time() + life - min(MARGIN, life / 10))
