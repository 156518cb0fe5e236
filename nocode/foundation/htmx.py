"""One view draws a page and the part of it that htmx refreshes."""

from hashlib import blake2s
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def render_part(
    request: HttpRequest, page: str, part: str, context: dict[str, Any], status: int | None = None
) -> HttpResponse:
    """The part for htmx, else the page, which includes the part: both draw the same file."""
    wants_part = request.htmx and not request.htmx.boosted and not request.htmx.history_restore_request
    return render(request, part if wants_part else page, context, status=status)


def version_of(*facts: Any) -> str:
    """A short token that changes when one of the facts does; the part carries it and a poll sends it back as `v`."""
    return blake2s(repr(facts).encode(), digest_size=8).hexdigest()


def is_unchanged(request: HttpRequest, version: str) -> bool:
    """Whether the browser already shows this version."""
    return request.GET.get("v") == version


def unchanged() -> HttpResponse:
    """Nothing new: htmx swaps nothing, so nothing flickers and no focus is lost."""
    return HttpResponse(status=204)
