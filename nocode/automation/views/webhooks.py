"""`/hooks/<token>/`: where other systems call. No session, no cookies, no CSRF: the token and the signature decide."""

import logging
import time
from http import HTTPStatus
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from nocode.automation.services import webhooks
from nocode.automation.services.replies import Reply
from nocode.automation.triggers.webhook import HEADER_NAME
from nocode.automation.webhooks.call import Call
from nocode.automation.webhooks.refusals import CallRefused, LengthMissing
from nocode.foundation.callers import caller_address
from nocode.foundation.database import is_cancelled

logger = logging.getLogger(__name__)

RETRY_AFTER = 10  # seconds, after a call for which the database had no time

# A workflow chooses the headers of its answer, but not those that steer the connection, or the browser of somebody who
# is logged in to the console: it is served from the same origin.
_NOT_FOR_WORKFLOWS = {
    "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "content-length",
    "content-encoding", "date", "server", "set-cookie", "set-cookie2", "clear-site-data", "content-security-policy",
    "content-security-policy-report-only", "strict-transport-security", "service-worker-allowed",
    "x-content-type-options", "x-frame-options", "cross-origin-opener-policy", "x-request-id",
}  # fmt: skip


@csrf_exempt
def webhook(request: HttpRequest, token: str) -> HttpResponse:
    """Take in one call."""
    request.user = AnonymousUser()  # whoever's cookies came along, nobody acts here
    try:
        reply = webhooks.receive(token, _call(request))
    except CallRefused as refusal:
        body = {"error": refusal.message, **refusal.details}
        return _as_response(Reply(refusal.status, body, refusal.headers))
    except OperationalError as error:
        if not is_cancelled(error):
            raise
        return _as_response(_too_busy(request))
    return _as_response(reply)


def _too_busy(request: HttpRequest) -> Reply:
    """The database gave a statement up: the sender keeps the call and sends it again, as senders do after a 503."""
    logger.warning("a call of a webhook took too long (request %s)", request.id)
    body = {"error": _("The database took too long; send this call again later.")}
    return Reply(HTTPStatus.SERVICE_UNAVAILABLE, body, {"Retry-After": str(RETRY_AFTER)})


def _call(request: HttpRequest) -> Call:
    length, read = _body_of(request)
    return Call(
        method=request.method,
        headers={name.lower(): value for name, value in request.headers.items()},
        query_string=request.META.get("QUERY_STRING", ""),
        address=caller_address(request),
        length=length,
        read=read,
        now=time.time(),
    )


def _body_of(request: HttpRequest) -> tuple[int | None, Any]:
    """The announced length, and how to read; not through `request.body`, whose limit is that of the console's forms."""
    if "HTTP_TRANSFER_ENCODING" not in request.META:
        return int(request.META.get("CONTENT_LENGTH") or 0), request.read
    if request.META.get("wsgi.input_terminated"):
        return None, request.META["wsgi.input"].read
    raise LengthMissing(_("Send the header Content-Length; this server cannot read a body in chunks."))


def _as_response(reply: Reply) -> HttpResponse:
    if isinstance(reply.body, str):
        response = HttpResponse(reply.body, content_type="text/plain; charset=utf-8", status=reply.status)
    else:
        response = JsonResponse(reply.body, safe=False, status=reply.status, json_dumps_params={"ensure_ascii": False})
    response["Cache-Control"] = "no-store"
    for name, value in reply.headers.items():
        if _may_send(name, str(value)):
            response[name] = str(value)
    response["Content-Security-Policy"] = "sandbox"  # HTML of a workflow must not act as the console
    return response


def _may_send(name: str, value: str) -> bool:
    well_formed = HEADER_NAME.fullmatch(name) and not set(value) & set("\r\n\0")
    return bool(well_formed) and name.lower() not in _NOT_FOR_WORKFLOWS
