"""How senders prove who they are. Pure: what was received and the time come in, a refusal goes out.

To add a scheme: write its class here. Comparisons take the same time wherever the difference is, and a refusal never
tells what would have been right.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nocode.foundation.errors import NoCodeError
from nocode.foundation.registry import Registry


class NotVerified(NoCodeError):
    """The sender of this request is not known."""


@dataclass(frozen=True)
class Received:
    """What a signature is checked against: header names in lower case, values as WSGI gives them, Unix time."""

    headers: Mapping[str, str]
    body: bytes
    now: float

    def header(self, name: str) -> str:
        """A header that must be there. Raises NotVerified."""
        value = self.headers.get(name.lower(), "").strip()
        if not value:
            raise NotVerified(_("The header %s is missing.") % name)
        return value


class Scheme:
    """One way to prove it. `options` are the settings of the webhook trigger."""

    kind: str
    label: str
    signs_time = False
    has_secret = True  # of the trigger's own

    def verify(self, secret: str, received: Received, options: Mapping[str, Any]) -> None:
        """Return when the sender knows the secret. Raises NotVerified."""

    def check_secret(self, secret: str) -> None:
        """Raise ValueError, with the reason, when this cannot be a secret of the scheme."""

    def challenge(self, body: Any) -> str | None:
        """What to send back when the sender only asks whether we are there."""
        return None

    def shell(self, options: Mapping[str, Any]) -> tuple[list[str], list[str]]:
        """For the example on the trigger's page: lines that prepare $SIGNATURE from $SECRET and $BODY, and headers."""
        return [], []


schemes: Registry[Scheme] = Registry("webhook security")


@schemes.register
class NoSecurity(Scheme):
    """Whoever knows the address may call."""

    kind, label, has_secret = "none", gettext_lazy("None: the address is the secret"), False


@schemes.register
class MemberToken(Scheme):
    """The API token of a member who may run the workflow. Whose it is, the database knows: services/webhooks.py."""

    kind, label, has_secret = "token", gettext_lazy("API token of a member"), False

    def shell(self, options):
        return [f"TOKEN={_quote(_('put the token here'))}"], ["Authorization: Bearer $TOKEN"]


@schemes.register
class SharedHeader(Scheme):
    """The secret stands in a header."""

    kind, label = "header", gettext_lazy("Secret in a header")

    def verify(self, secret, received, options):
        _compare(_raw(received.header(options["header_name"])), secret.encode(), _("The secret is not right."))

    def shell(self, options):
        return [], [f"{options['header_name']}: $SECRET"]


@schemes.register
class Basic(Scheme):
    """User name and password, as browsers send them."""

    kind, label = "basic", gettext_lazy("User name and password (HTTP Basic)")

    def verify(self, secret, received, options):
        method, _space, encoded = received.header("Authorization").partition(" ")
        try:
            given = base64.b64decode(encoded.strip(), validate=True) if method.lower() == "basic" else b""
        except (binascii.Error, ValueError):
            given = b""
        _compare(given, f"{options['username']}:{secret}".encode(), _("The user name or the password is not right."))

    def shell(self, options):
        prepared = f"SIGNATURE=$(printf '%s:%s' {_quote(options['username'])} \"$SECRET\" | base64 | tr -d '\\n')"
        return [prepared], ["Authorization: Basic $SIGNATURE"]


@schemes.register
class Hmac(Scheme):
    """HMAC-SHA256 of the body in a header, in hexadecimal (with or without `sha256=`) or base64."""

    kind, label = "hmac", gettext_lazy("HMAC-SHA256 of the body")

    def header_name(self, options: Mapping[str, Any]) -> str:
        """Where the signature stands."""
        return options["signature_header"]

    def verify(self, secret, received, options):
        given = received.header(self.header_name(options)).removeprefix("sha256=")
        _compare(_digest_of(given), _sign(secret.encode(), received.body))

    def shell(self, options):
        return [_openssl('"$BODY"')], [f"{self.header_name(options)}: sha256=$SIGNATURE"]


@schemes.register
class GitHub(Hmac):
    """`X-Hub-Signature-256`."""

    kind, label = "github", "GitHub"

    def header_name(self, options):
        return "X-Hub-Signature-256"


@schemes.register
class Stripe(Scheme):
    """`Stripe-Signature: t=…,v1=…`; while Stripe rolls a secret there are several v1."""

    kind, label, signs_time = "stripe", "Stripe", True

    def verify(self, secret, received, options):
        parts = [part.strip().partition("=") for part in received.header("Stripe-Signature").split(",")]
        stamp = next((value for name, _equals, value in parts if name == "t"), "")
        given = [_digest_of(value) for name, _equals, value in parts if name == "v1"]
        _compare_any(given, _sign(secret.encode(), f"{stamp}.".encode("latin-1"), received.body))
        _check_time(stamp, received.now, options)

    def shell(self, options):
        return ["TIME=$(date +%s)", _openssl('"$TIME.$BODY"')], ["Stripe-Signature: t=$TIME,v1=$SIGNATURE"]


@schemes.register
class Slack(Scheme):
    """`X-Slack-Signature` over the version, the time and the body."""

    kind, label, signs_time = "slack", "Slack", True

    def verify(self, secret, received, options):
        stamp = received.header("X-Slack-Request-Timestamp")
        given = received.header("X-Slack-Signature").removeprefix("v0=")
        _compare(_digest_of(given), _sign(secret.encode(), b"v0:", _raw(stamp), b":", received.body))
        _check_time(stamp, received.now, options)

    def challenge(self, body):
        asked = isinstance(body, dict) and body.get("type") == "url_verification"
        return str(body.get("challenge", "")) if asked else None

    def shell(self, options):
        prepared = ["TIME=$(date +%s)", _openssl('"v0:$TIME:$BODY"')]
        return prepared, ["X-Slack-Request-Timestamp: $TIME", "X-Slack-Signature: v0=$SIGNATURE"]


@schemes.register
class StandardWebhooks(Scheme):
    """`webhook-id`, `webhook-timestamp`, `webhook-signature`: the open specification of that name."""

    kind, label, signs_time = "standard", "Standard Webhooks", True

    def verify(self, secret, received, options):
        name, stamp = received.header("webhook-id"), received.header("webhook-timestamp")
        signatures = [part.partition(",") for part in received.header("webhook-signature").split()]
        given = [_digest_of(value) for version, _comma, value in signatures if version == "v1"]
        signed = _sign(_standard_key(secret), _raw(name), b".", _raw(stamp), b".", received.body)
        _compare_any(given, signed)
        _check_time(stamp, received.now, options)

    def check_secret(self, secret):
        try:
            _standard_key(secret)
        except binascii.Error:
            raise ValueError(_("A Standard Webhooks secret is “whsec_” followed by base64.")) from None

    def shell(self, options):
        key = "KEY=$(printf %s \"${SECRET#whsec_}\" | base64 -d | od -An -v -tx1 | tr -d ' \\n')"
        signature = (
            'SIGNATURE=$(printf %s "$ID.$TIME.$BODY" '
            '| openssl dgst -sha256 -mac HMAC -macopt "hexkey:$KEY" -binary | base64)'
        )
        headers = ["webhook-id: $ID", "webhook-timestamp: $TIME", "webhook-signature: v1,$SIGNATURE"]
        return ['TIME=$(date +%s); ID="msg_$TIME"', key, signature], headers


def _sign(key: bytes, *parts: bytes) -> bytes:
    return hmac.new(key, b"".join(parts), hashlib.sha256).digest()


def _standard_key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix("whsec_"), validate=True)


def _digest_of(text: str) -> bytes:
    """A SHA-256 value written in hexadecimal or base64; nothing when it is neither."""
    try:
        return bytes.fromhex(text) if re.fullmatch(r"[0-9A-Fa-f]{64}", text) else base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _raw(text: str) -> bytes:
    """The bytes of a header as they came: WSGI decodes them as Latin-1."""
    return text.encode("latin-1")


def _compare(given: bytes, right: bytes, reason: str = "") -> None:
    _compare_any([given], right, reason)


def _compare_any(given: list[bytes], right: bytes, reason: str = "") -> None:
    matches = [hmac.compare_digest(each, right) for each in given]
    if not any(matches):
        raise NotVerified(reason or _("The signature does not belong to this body and our secret."))


def _check_time(stamp: str, now: float, options: Mapping[str, Any]) -> None:
    window = options["tolerance"]
    if not re.fullmatch(r"[0-9]{1,12}", stamp) or abs(now - int(stamp)) > window:
        raise NotVerified(
            _("The signature was made more than %d seconds away from now: a repeated request, or a wrong clock.")
            % window
        )


def _openssl(message: str) -> str:
    return f"SIGNATURE=$(printf %s {message} | openssl dgst -sha256 -hmac \"$SECRET\" -r | cut -d' ' -f1)"


def _quote(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
