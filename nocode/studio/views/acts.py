"""What is done in the grid while it stays open: it hears of each act, for Ctrl+Z to take it back."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django_htmx.http import trigger_client_event

from nocode.studio.services.records import Records


def with_act(response: HttpResponse, records: Records) -> HttpResponse:
    """The same answer; the grid hears which act it can undo, if anything is another now."""
    if records.last_act is None:
        return response
    return trigger_client_event(response, "grid-act", {"batch": str(records.last_act)})


def undone(request: HttpRequest, text: str, *, is_refusal: bool = False) -> HttpResponse:
    """What came of an undo, said above the grid, which is drawn again."""
    answer = render(request, "studio/_undone.html", {"text": text, "is_refusal": is_refusal})
    return trigger_client_event(answer, "rows-changed", after="swap")
