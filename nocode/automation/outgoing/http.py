"""Calls to the outside world: the one HTTP client of automation, safe against its own users.

A workflow's author chooses the address, so private networks are refused (see `addresses`), names are resolved once,
redirects obey the same rule, and size and total time are limited.
"""

import json
import ssl
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import httpx
from django.conf import settings
from django.utils.translation import gettext as _

from nocode.automation.errors import PermanentFailure, TransientFailure
from nocode.automation.outgoing.concealing import conceal, showable
from nocode.automation.outgoing.wire import AddressRefused, Deadline, GuardedTransport, Resolver, ask_system

__all__ = [
    "NOT_FOR_CREDENTIALS",
    "AddressRefused",
    "Answer",
    "BadAnswer",
    "BadUrl",
    "HttpFailed",
    "HttpRefused",
    "TimedOut",
    "call",
    "host_of",
    "refuse_errors",
]

MAX_REDIRECTS = 5
_PASSING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
# What describes the connection is ours to say.
_OURS = {"host", "connection", "content-length", "transfer-encoding", "upgrade", "te", "trailer"}
# Everything else a caller set may be a credential, and stays behind when a redirect leaves the origin.
_HARMLESS = {"accept", "accept-encoding", "accept-language", "content-type", "user-agent", "host"}
NOT_FOR_CREDENTIALS = _OURS | _HARMLESS | {"idempotency-key"}


class BadUrl(PermanentFailure):
    """This is not an address that can be called."""


class BadAnswer(PermanentFailure):
    """The answer cannot be used."""


class HttpRefused(PermanentFailure):
    """The other side refused the call."""


class HttpFailed(TransientFailure):
    """The other side failed, or asked us to come back later."""


class Unreachable(TransientFailure):
    """There was no connection."""


class TimedOut(TransientFailure):
    """The answer took too long."""


@dataclass(frozen=True)
class Answer:
    """What came back: header names are lower case, the body is unpacked."""

    status: int
    headers: dict[str, str]
    body: bytes
    url: str

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The body in the character set it declares; what cannot be read becomes U+FFFD."""
        message = Message()
        message["content-type"] = self.headers.get("content-type", "")
        try:
            return self.body.decode(message.get_content_charset("utf-8"), "replace")
        except LookupError:
            return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON. Raises BadAnswer."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise BadAnswer(_("The answer is not valid JSON: %(error)s") % {"error": error}) from None


def call(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, Any] | None = None,
    body: Any = None,
    timeout: float = 30.0,
    max_bytes: int = 10 * 1024 * 1024,
    follow_redirects: bool = True,
    idempotency_key: str = "",
    accept_errors: bool = False,
    also_allow: Sequence[str] = (),
    secrets: Sequence[str] = (),
    resolve: Resolver = ask_system,
) -> Answer:
    """Send a request and read the whole answer within `timeout` seconds.

    `body` is bytes, text, or anything else as JSON. Raises TransientFailure (no connection, time over, 408, 425, 429,
    5xx: `details["retry_after"]` is what the other side asked for, in seconds) or PermanentFailure (address refused,
    bad address, too large, any other 4xx). With `accept_errors` an answer of any status is returned. `also_allow` names
    addresses (as in OUTGOING_HTTP_ALLOW) that the caller vouches for. What the answer quotes of `secrets` is masked.
    """
    deadline = Deadline(timeout)
    transport = GuardedTransport(deadline, resolve, [*settings.OUTGOING_HTTP_ALLOW, *also_allow])
    target = _address(url, query)
    try:
        with httpx.Client(transport=transport, timeout=None, trust_env=False) as client:  # noqa: S113 (the deadline)
            request = client.build_request(
                method.upper(), target, headers=_headers(headers, body, idempotency_key), content=_content(body)
            )
            answer = _send(client, request, follow_redirects, max_bytes)
    except httpx.TimeoutException as error:
        raise TimedOut(
            _("%(url)s did not answer within %(seconds)s seconds.") % {"url": _shown(target), "seconds": timeout}
        ) from error
    except httpx.TransportError as error:
        raise _broken(error, target) from error
    except (httpx.InvalidURL, UnicodeError, TypeError, ValueError) as error:
        raise BadUrl(_("The request cannot be sent: %(error)s") % {"error": error}) from error
    answer = _without(answer, secrets)
    if not accept_errors:
        refuse_errors(answer)
    return answer


def host_of(url: str) -> str:
    """The host a call to this address would go to, as it is looked up. Raises BadUrl."""
    return _address(url, None).raw_host.decode("ascii")


def _address(url: str, query: Mapping[str, Any] | None) -> httpx.URL:
    try:
        target = httpx.URL(url)
    except (httpx.InvalidURL, TypeError) as error:
        shown = showable(str(url).partition("?")[0])
        raise BadUrl(_("“%(url)s” is not an address: %(error)s") % {"url": shown, "error": error}) from None
    _check_scheme(target)
    given = {name: value for name, value in (query or {}).items() if value is not None}
    return target.copy_merge_params(given) if given else target


def _check_scheme(target: httpx.URL) -> None:
    if target.scheme not in ("http", "https") or not target.host or b"%" in target.raw_host:
        raise BadUrl(_("“%(url)s” must begin with http:// or https:// and name a host.") % {"url": _shown(target)})


def _headers(headers: Mapping[str, str] | None, body: Any, idempotency_key: str) -> httpx.Headers:
    given = {name: str(value) for name, value in (headers or {}).items() if name.lower() not in _OURS}
    merged = httpx.Headers({"accept": "*/*", "accept-encoding": "gzip, deflate", "user-agent": "NoCode"})
    if body is not None and not isinstance(body, bytes | str):
        merged["content-type"] = "application/json"
    merged.update(given)
    if idempotency_key:
        merged["idempotency-key"] = idempotency_key
    return merged


def _content(body: Any) -> bytes | None:
    if body is None or isinstance(body, bytes):
        return body
    if isinstance(body, str):
        return body.encode()
    return json.dumps(body, ensure_ascii=False, allow_nan=False).encode()


def _send(client: httpx.Client, request: httpx.Request, follow: bool, max_bytes: int) -> Answer:
    for _hop in range(MAX_REDIRECTS + 1):
        response = client.send(request, stream=True, follow_redirects=False)
        try:
            following = response.next_request if follow else None
            if following is None:
                return Answer(
                    response.status_code, dict(response.headers), _read(response, max_bytes), str(response.url)
                )
        finally:
            response.close()
        _check_scheme(following.url)
        request = _leave_credentials(request, following)
    raise HttpRefused(
        _("%(url)s redirects more than %(limit)d times.") % {"url": _shown(request.url), "limit": MAX_REDIRECTS}
    )


def _leave_credentials(before: httpx.Request, after: httpx.Request) -> httpx.Request:
    if _origin(before.url) != _origin(after.url):
        for name in [name for name in after.headers if name not in _HARMLESS | _OURS]:
            del after.headers[name]
    return after


def _origin(url: httpx.URL) -> tuple:
    return url.scheme, url.host, url.port


def _read(response: httpx.Response, max_bytes: int) -> bytes:
    """The body, unpacked piece by piece so that a small answer cannot unfold into all of our memory."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip", "deflate"):
        raise BadAnswer(_("The answer is packed as “%(encoding)s”, which we did not ask for.") % {"encoding": encoding})
    unpack = zlib.decompressobj(47) if encoding != "identity" else None  # 47: gzip or zlib, told by its header
    body = bytearray()
    for piece in response.iter_raw():
        room = max_bytes - len(body) + 1
        try:
            body += unpack.decompress(piece, room) if unpack else piece
        except zlib.error as error:
            raise BadAnswer(_("The answer cannot be unpacked: %(error)s") % {"error": error}) from None
        if len(body) > max_bytes:
            raise BadAnswer(
                _("The answer of %(url)s is larger than %(limit)d bytes.")
                % {"url": _shown(response.url), "limit": max_bytes}
            )
    if unpack and response.num_bytes_downloaded and not unpack.eof:
        raise Unreachable(_("The answer of %(url)s was cut short.") % {"url": _shown(response.url)})
    return bytes(body)


def _broken(error: httpx.TransportError, target: httpx.URL) -> PermanentFailure | TransientFailure:
    names = {"url": _shown(target), "error": error}
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return BadAnswer(_("The certificate of %(url)s is not valid: %(error)s") % names)
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.LocalProtocolError | httpx.UnsupportedProtocol):
        return BadUrl(_("The request cannot be sent: %(error)s") % names)
    return Unreachable(_("The connection to %(url)s failed: %(error)s") % names)


def _without(answer: Answer, secrets: Sequence[str]) -> Answer:
    """The answer with the secrets masked, before anything of it is quoted or cut."""

    def masked(text: str) -> str:
        return conceal(text.encode(), secrets).decode()

    headers = {name: masked(value) for name, value in answer.headers.items()}
    return replace(answer, headers=headers, body=conceal(answer.body, secrets), url=masked(answer.url))


def refuse_errors(answer: Answer, *, only_passing: bool = False) -> None:
    """Raise what an error status means: HttpFailed when it may pass, else HttpRefused."""
    if answer.status < HTTPStatus.BAD_REQUEST:
        return
    message = _("%(url)s answered %(status)d: %(text)s") % {
        "url": _shown(httpx.URL(answer.url)),
        "status": answer.status,
        "text": answer.text[:300].strip() or "—",
    }
    passing = answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR or answer.status in _PASSING
    if passing:
        raise HttpFailed(message, status=answer.status, retry_after=_retry_after(answer.headers.get("retry-after", "")))
    if not only_passing:
        raise HttpRefused(message, status=answer.status)


def _retry_after(header: str) -> float | None:
    """Seconds until the moment the other side asked for, given as a number or a date."""
    if header.strip().isascii() and header.strip().isdecimal():
        return float(header)
    try:
        return max(0.0, (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def _shown(url: httpx.URL) -> str:
    """An address for messages and logs: without password and query, which may hold secrets."""
    return f"{url.scheme}://{url.netloc.decode('ascii', 'replace')}{url.path}"
