"""Gives each request an id that its events and log lines carry."""

import re
import uuid
from contextvars import ContextVar

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
ACTOR_ID: ContextVar[int | None] = ContextVar("actor_id", default=None)
_ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{1,36}")


class RequestIdMiddleware:
    """Takes `X-Request-Id` from the proxy when it is well-formed, else makes one; answers with it."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        given = request.headers.get("X-Request-Id", "")
        request.id = given if _ACCEPTABLE.fullmatch(given) else str(uuid.uuid4())
        token = REQUEST_ID.set(request.id)
        try:
            response = self.get_response(request)
        finally:
            REQUEST_ID.reset(token)
        response["X-Request-Id"] = request.id
        return response
