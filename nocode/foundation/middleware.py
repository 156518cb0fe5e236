"""Gives each request an id, and lets services and events know who asks without passing the request around."""

import logging
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import Resolver404, ResolverMatch, resolve

from nocode.foundation.callers import caller_address
from nocode.foundation.database import is_cancelled

logger = logging.getLogger(__name__)

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
ACTOR_ID: ContextVar[int | None] = ContextVar("actor_id", default=None)
_REQUEST: ContextVar[HttpRequest | None] = ContextVar("request", default=None)
_ADDRESS: ContextVar[str] = ContextVar("address", default="")
_ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RequestIdMiddleware:
    """Takes `X-Request-Id` from the proxy when it is well-formed, else makes one; answers with it."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        given = request.headers.get("X-Request-Id", "")
        request.id = given if _ACCEPTABLE.fullmatch(given) else str(uuid.uuid4())
        id_token, request_token = REQUEST_ID.set(request.id), _REQUEST.set(request)
        try:
            response = self.get_response(request)
        finally:
            REQUEST_ID.reset(id_token)
            _REQUEST.reset(request_token)
        response["X-Request-Id"] = request.id
        return response


class TooSlowMiddleware:
    """Answers 503 where the database gave a statement up: nothing is broken, somebody asked for too much."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not is_cancelled(error):
            return None
        logger.warning("%s %s took too long", request.method, request.path)
        return HttpResponse(render_to_string("503.html"), status=503)


class ProgramsMiddleware:
    """Answers what programs call before all that is only for people; a webhook spent a third of its time there."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if (match := self._match(request)) is None:
            return self.get_response(request)
        return match.func(request, *match.args, **match.kwargs)

    @staticmethod
    def _match(request: HttpRequest) -> ResolverMatch | None:
        """Asked before the view is called: what fails there has nothing to do with addresses that do not match."""
        try:
            return resolve(request.path_info, settings.PROGRAMS_URLCONF)
        except Resolver404:
            return None


def current_request() -> HttpRequest | None:
    """The request that is being answered; None in a task or a command."""
    return _REQUEST.get()


def calling_address() -> str:
    """From where the person acts whose request is being answered, or whose task is done; empty when unknown."""
    request = _REQUEST.get()
    return str(caller_address(request) or "") if request else _ADDRESS.get()


def calling_browser() -> str:
    """With what the request was sent that is being answered, as it says itself; empty outside of one."""
    request = _REQUEST.get()
    return request.headers.get("User-Agent", "").replace("\0", "")[:300] if request else ""


def current_actor_id() -> int | None:
    """Who acts: the person set by `acting_as`, else the one logged in to the current request.

    Asked only when something is to be recorded, so a page that records nothing never loads its user for this.
    """
    if (actor := ACTOR_ID.get()) is not None:
        return actor
    return getattr(getattr(_REQUEST.get(), "user", None), "pk", None)


@contextmanager
def acting_as(actor_id: int | None, request_id: str = "") -> Iterator[None]:
    """Work on behalf of a person and a request: what a background task does for whoever queued it."""
    actor_token, id_token = ACTOR_ID.set(actor_id), REQUEST_ID.set(request_id)
    try:
        yield
    finally:
        ACTOR_ID.reset(actor_token)
        REQUEST_ID.reset(id_token)


@contextmanager
def called_from(address: str) -> Iterator[None]:
    """Work on behalf of somebody who is at that address."""
    token = _ADDRESS.set(address)
    try:
        yield
    finally:
        _ADDRESS.reset(token)
