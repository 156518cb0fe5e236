"""The step that calls the outside world."""

from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from nocode.automation.errors import PermanentFailure
from nocode.automation.integrations.http import admitted
from nocode.automation.nodes import httpbody, httppages
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
    summary = _("Call an address and keep the answer: of a service, a page, a file; page after page if need be.")
    gives = _("An object: status, headers and body; of pages: status, pages and items, the items of all pages.")
    effect = Effect.OUTSIDE
    protocol = "http"

    class Config(ConfigForm):
        conditional = {
            "body": ("body_type", {"", "json", "file"}),
            "parts": ("body_type", {"form", "multipart"}),
            "answer": ("paging", {""}),
            "items_at": ("paging", {"link", "cursor", "number"}),
            "next_at": ("paging", {"link", "cursor"}),
            "page_name": ("paging", {"cursor", "number"}),
            "most_pages": ("paging", {"link", "cursor", "number"}),
        }

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
        body_type = forms.ChoiceField(label=_("Send"), required=False, choices=httpbody.BODIES)
        body = ValueField(label=httpbody.BODY, widget=forms.Textarea(attrs={"rows": 4}))
        parts = RowsField(
            {"name": forms.CharField(label=_("Name"), max_length=200), "value": ValueField(label=_("Value"))},
            label=httpbody.PARTS,
            required=False,
            help_text=_("Of a form; a file of an earlier step is a value, too."),
        )
        timeout = forms.IntegerField(label=_("Time limit (seconds)"), min_value=1, max_value=120, initial=30)
        accept_errors = forms.BooleanField(
            label=_("Go on after an error status"),
            required=False,
            help_text=_("Otherwise 4xx and 5xx are failures; 429 and 5xx are tried again, when the other side says."),
        )
        answer = forms.ChoiceField(label=_("Read the answer as"), required=False, choices=httpbody.ANSWERS)
        paging = forms.ChoiceField(label=_("Pages"), required=False, choices=httppages.WAYS)
        items_at = TextField(
            label=_("Where its items are"),
            required=False,
            max_length=200,
            help_text=_("Such as data.items. Empty: the answer is the list."),
        )
        next_at = TextField(
            label=_("Where the next page is"),
            required=False,
            max_length=200,
            help_text=_("Such as paging.next. Empty: the header Link."),
        )
        page_name = TextField(
            label=_("Parameter of the page"),
            required=False,
            max_length=100,
            help_text=_("Such as page, or cursor."),
        )
        most_pages = forms.IntegerField(
            label=_("At most so many pages"), required=False, min_value=1, max_value=httppages.MOST_PAGES, initial=20
        )

    def redact(self, settings: dict) -> dict:
        masked = {name: self._masked(settings[name]) for name in ("query", "headers", "parts")}
        return {**settings, "url": showable(settings["url"]), **masked}

    @staticmethod
    def _masked(rows: list[dict]) -> list[dict]:
        return [{**row, "value": MASK} if looks_secret(row["name"]) else row for row in rows]

    def run(self, settings: dict, step: Step) -> dict:
        query = {row["name"]: row["value"] for row in settings["query"]}
        if not settings["paging"]:
            answer = self._call(settings, step, settings["url"], query, step.idempotency_key)
            return {
                "status": answer.status,
                "headers": answer.headers,
                "body": httpbody.read(answer, settings["answer"]),
            }
        pages, goes_on = httppages.Pages(settings, settings["url"]), True
        while goes_on:
            own = query if pages.url == settings["url"] else {}
            answer = self._call(settings, step, pages.url, own | pages.query, f"{step.idempotency_key}:{pages.number}")
            goes_on = pages.take(answer, httpbody.read(answer, settings["answer"] or "json"))
        return {"status": answer.status, "pages": pages.number, "items": pages.items}

    @staticmethod
    def _call(settings: dict, step: Step, address: str, query: dict, key: str) -> http.Answer:
        is_own = address.startswith(OWN_PATHS)
        url = _own_address() + address if is_own else address
        body, kind = httpbody.content_of(settings)
        own = {"Content-Type": kind} if kind else {}
        own |= {row["name"]: row["value"] for row in settings["headers"]}

        def send(admission: dict[str, str]) -> http.Answer:
            return http.call(
                settings["method"],
                url,
                query=query | (step.loaded.parameters() if step.loaded else {}),
                headers=_merged(own, admission),
                body=body,
                timeout=settings["timeout"],
                idempotency_key=key,
                accept_errors=settings["accept_errors"],
                follow_redirects=not is_own,
                also_allow=[urlsplit(url).netloc] if is_own else [],
                secrets=step.loaded.traces(admission) if step.loaded else [],
            )

        if step.loaded is None:
            return send({})
        step.loaded.check_host(http.host_of(url))  # which is no call yet
        with step.loaded.counted(step.count_call):
            return admitted(step.loaded, url, send)
