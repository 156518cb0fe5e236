"""What views share when they answer: the way back, and the address people reach us at."""

from typing import Any
from urllib.parse import urldefrag

from django.conf import settings
from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme


def back(request: HttpRequest, to: Any, *args: Any) -> HttpResponseRedirect:
    """To the page named in the form's `next` if it is ours, else to the given view.

    A refusal is told at the top of the page: then not to an anchor, which may lie far below it.
    """
    wanted = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
        to, args = wanted, ()
    address = resolve_url(to, *args)
    was_refused = getattr(request, "was_refused", False)
    return HttpResponseRedirect(urldefrag(address).url if was_refused else address)


def base_url(request: HttpRequest) -> str:
    """The address people reach us at."""
    return settings.PUBLIC_URL or request.build_absolute_uri("/").rstrip("/")
