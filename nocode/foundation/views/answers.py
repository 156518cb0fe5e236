"""How these pages answer: in the frame of the login page, never kept by anybody on the way."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from nocode.foundation.callers import caller_address
from nocode.foundation.models import FailedAttempts
from nocode.foundation.pages import page_context
from nocode.foundation.services import attempts, auth
from nocode.foundation.services.attempts import TooManyAttempts


def public_page(view: Callable) -> Callable:
    """A page for people who are not logged in: GET and POST, and a clear answer to links that do not work."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except TooManyAttempts as refusal:
            return too_many(request, refusal)
        except auth.LinkInvalid as refusal:
            return notice(request, _("This link does not work"), refusal.message, icon="link_off", status=404)

    return never_cache(sensitive_post_parameters()(require_http_methods(["GET", "POST"])(answer)))


def opened(request: HttpRequest, find: Callable[..., Any], *link: str) -> Any:
    """What a link from an e-mail leads to; trying out links is slowed down."""
    counter = FailedAttempts.Kind.LINK, "", caller_address(request)
    attempts.take(*counter)
    found = find(*link)
    attempts.forget(*counter)
    return found


def public(request: HttpRequest, template: str, title: str, status: int = 200, **context: Any) -> HttpResponse:
    """A page in the frame of the login page."""
    return render(request, f"foundation/{template}.html", page_context(request, title, **context), status=status)


def notice(request: HttpRequest, title: str, text: str, *, icon: str, status: int = 200) -> HttpResponse:
    """A page that says one thing."""
    return public(request, "notice", title, status, text=text, icon=icon)


def too_many(request: HttpRequest, refusal: TooManyAttempts) -> HttpResponse:
    """Nothing is tried for a while."""
    response = notice(request, _("Please wait"), refusal.message, icon="lock_clock", status=429)
    response["Retry-After"] = str(refusal.seconds)
    return response
