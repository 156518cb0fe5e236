"""The step that calls the outside world."""

from contextlib import nullcontext
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from nocode.automation.errors import PermanentFailure
from nocode.automation.nodes.base import Effect, Family, Step, node_types
from nocode.automation.nodes.config import ConfigForm, RowsField, TextField, ValueField
from nocode.automation.nodes.integration import UsesIntegration
from nocode.automation.outgoing import http
from nocode.automation.outgoing.concealing import MASK, looks_secret, showable

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]
OWN_PATHS = ("/hooks/", "/echo/")


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


def _merged(own: dict[str, str], admission: dict[str, str]) -> dict[str, str]:
    """The step's own headers, and those of the integration, which win."""
    taken = {name.lower() for name in admission}
    return {**{name: value for name, value in own.items() if name.lower() not in taken}, **admission}


@node_types.register
class HttpRequest(UsesIntegration):
    kind, label, icon, family = "http.request", _("HTTP request"), "language", Family.OUTSIDE
    summary = _("Call an address and keep the answer.")
    effect = Effect.OUTSIDE
    protocol = "http"

    class Config(ConfigForm):
        method = forms.ChoiceField(label=_("Method"), choices=[(name, name) for name in METHODS], initial="GET")
        url = TextField(
            label=_("Address"),
            max_length=8000,
            help_text=_("Private addresses are refused. /hooks/… and /echo/ are this installation's own."),
        )
        integration = forms.UUIDField(
            label=_("Integration"), required=False, help_text=_("Its credentials are sent along, and kept nowhere.")
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
        masked = {name: self._masked(settings[name]) for name in ("query", "headers")}
        return {**settings, "url": showable(settings["url"]), **masked}

    @staticmethod
    def _masked(rows: list[dict]) -> list[dict]:
        return [{**row, "value": MASK} if looks_secret(row["name"]) else row for row in rows]

    def run(self, settings: dict, step: Step) -> dict:
        is_own = settings["url"].startswith(OWN_PATHS)
        url = _own_address() + settings["url"] if is_own else settings["url"]
        admission = step.loaded.headers_for(http.host_of(url)) if step.loaded else {}
        with step.loaded.counted(step.count_call) if step.loaded else nullcontext():
            answer = http.call(
                settings["method"],
                url,
                query={row["name"]: row["value"] for row in settings["query"]},
                headers=_merged({row["name"]: row["value"] for row in settings["headers"]}, admission),
                body=settings["body"] if settings["body"] != "" else None,
                timeout=settings["timeout"],
                idempotency_key=step.idempotency_key,
                accept_errors=settings["accept_errors"],
                follow_redirects=not is_own,
                also_allow=[urlsplit(url).netloc] if is_own else [],
                secrets=step.loaded.traces(admission) if step.loaded else [],
            )
        is_json = answer.content_type == "application/json" or answer.content_type.endswith("+json")
        body = answer.json() if is_json and answer.body else answer.text
        return {"status": answer.status, "headers": answer.headers, "body": body}
