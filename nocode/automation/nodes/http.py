"""The step that calls the outside world."""

from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from nocode.automation.errors import PermanentFailure
from nocode.automation.nodes.base import Effect, Family, NodeType, Step, node_types
from nocode.automation.nodes.config import ConfigForm, RowsField, TextField, ValueField
from nocode.automation.outgoing import http

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]
MASK = "•••"
OWN_PATHS = ("/hooks/", "/echo/")
_SECRET_HEADERS = ("authorization", "cookie", "token", "secret", "key", "password", "signature")


def _pairs(label: str) -> RowsField:
    columns = {
        "name": forms.CharField(label=_("Name"), max_length=200),
        "value": TextField(label=_("Value"), required=False),
    }
    return RowsField(columns, label=label, required=False)


def _own_address() -> str:
    """Where this installation answers; its webhooks and its echo may be called even on a private network."""
    if not settings.PUBLIC_URL:
        raise PermanentFailure(_("Set PUBLIC_URL, this installation's address, before calling a path of its own."))
    return settings.PUBLIC_URL


def _looks_secret(name: str) -> bool:
    return any(word in name.lower() for word in _SECRET_HEADERS)


@node_types.register
class HttpRequest(NodeType):
    kind, label, icon, family = "http.request", _("HTTP request"), "language", Family.OUTSIDE
    summary = _("Call an address and keep the answer.")
    effect = Effect.OUTSIDE

    class Config(ConfigForm):
        method = forms.ChoiceField(label=_("Method"), choices=[(name, name) for name in METHODS], initial="GET")
        url = TextField(
            label=_("Address"),
            max_length=8000,
            help_text=_("Private addresses are refused. /hooks/… and /echo/ are this installation's own."),
        )
        query = _pairs(_("Query"))
        headers = _pairs(_("Headers"))
        body = ValueField(
            label=_("Body"),
            widget=forms.Textarea(attrs={"rows": 4}),
            help_text=_("Text, or an expression; an object or a list is sent as JSON."),
        )
        timeout = forms.IntegerField(label=_("Time limit (seconds)"), min_value=1, max_value=120, initial=30)
        accept_errors = forms.BooleanField(
            label=_("Go on after an error status"), required=False, help_text=_("Otherwise 4xx and 5xx are failures.")
        )

    def redact(self, settings: dict) -> dict:
        return {**settings, "query": self._masked(settings["query"]), "headers": self._masked(settings["headers"])}

    @staticmethod
    def _masked(rows: list[dict]) -> list[dict]:
        return [{**row, "value": MASK} if _looks_secret(row["name"]) else row for row in rows]

    def run(self, settings: dict, step: Step) -> dict:
        url = settings["url"]
        is_own = url.startswith(OWN_PATHS)
        answer = http.call(
            settings["method"],
            _own_address() + url if is_own else url,
            query={row["name"]: row["value"] for row in settings["query"]},
            headers={row["name"]: row["value"] for row in settings["headers"]},
            body=settings["body"] if settings["body"] != "" else None,
            timeout=settings["timeout"],
            idempotency_key=step.idempotency_key,
            accept_errors=settings["accept_errors"],
            follow_redirects=not is_own,
            also_allow=[urlsplit(_own_address()).netloc] if is_own else [],
        )
        is_json = answer.content_type == "application/json" or answer.content_type.endswith("+json")
        body = answer.json() if is_json and answer.body else answer.text
        return {"status": answer.status, "headers": answer.headers, "body": body}
