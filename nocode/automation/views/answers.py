"""What views share when they answer: a message, the way back, the address people reach us at."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme

from nocode.foundation.errors import NoCodeError


def tell(request: HttpRequest, function: Callable, *args: Any, done: str, **kwargs: Any) -> Any:
    """Call a service and tell the person how it went: `done`, or why it was refused (then returns None)."""
    try:
        result = function(*args, **kwargs)
    except NoCodeError as refusal:
        messages.error(request, refusal.message)
        return None
    messages.success(request, done)
    return result


def back(request: HttpRequest, to: Any, *args: Any) -> HttpResponseRedirect:
    """To the page named in the form's `next` if it is ours, else to the given view."""
    wanted = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
        return HttpResponseRedirect(wanted)
    return HttpResponseRedirect(resolve_url(to, *args))


def base_url(request: HttpRequest) -> str:
    """The address people reach us at."""
    return settings.PUBLIC_URL or request.build_absolute_uri("/").rstrip("/")
