"""Read settings from the environment, and refuse nonsense at start-up with a sentence that names the variable."""

import os
from decimal import Decimal, InvalidOperation
from email.utils import parseaddr
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email

TRUE, FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}


def env(name: str, default: str | None = None) -> str:
    """The text of a variable; required when no default is given."""
    value = os.environ.get(name, default)
    if value is None:
        raise ImproperlyConfigured(f"Set the environment variable {name}.")
    return value


def env_bool(name: str, default: bool = False) -> bool:
    """A switch: 1/0, true/false, yes/no, on/off."""
    value = os.environ.get(name, str(int(default))).strip().lower()
    if value not in TRUE | FALSE:
        raise ImproperlyConfigured(f"{name} must be one of 1, 0, true, false, yes, no, on, off; got {value!r}.")
    return value in TRUE


def env_int(name: str, default: int, *, minimum: int = 0) -> int:
    """A whole number, not below `minimum`."""
    value = os.environ.get(name, str(default))
    if not value.strip().isdigit() or int(value) < minimum:
        raise ImproperlyConfigured(f"{name} must be a whole number of at least {minimum}; got {value!r}.")
    return int(value)


def env_choice(name: str, default: str, choices: list[str]) -> str:
    """One word of a few, written in any case."""
    value = os.environ.get(name, default).strip().upper()
    if value not in choices:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(choices)}; got {value!r}.")
    return value


def env_decimal(name: str, default: str) -> Decimal:
    """A decimal number with at most two places, zero or more."""
    text = os.environ.get(name, default).strip()
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal(-1)
    if not value.is_finite() or not 0 <= value < 1000 or value != round(value, 2):
        raise ImproperlyConfigured(f"{name} must be a number such as 20 or 7.7, below 1000; got {text!r}.")
    return value


def env_list(name: str, default: str = "") -> list[str]:
    """Comma-separated words; empty ones are dropped."""
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def database_from_url(url: str) -> dict:
    """Turn `postgres://user:password@host:port/name?sslmode=require` into Django's settings.

    An empty host means a Unix socket; `?host=/path` names its folder.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql") or len(parts.path) < 2:
        raise ImproperlyConfigured(
            "DATABASE_URL must look like postgres://user:password@host:5432/name (PostgreSQL 14 or newer)."
        )
    try:
        port = parts.port
    except ValueError:
        raise ImproperlyConfigured("DATABASE_URL has a port that is not a number.") from None
    options = dict(parse_qsl(parts.query))
    return {
        "NAME": unquote(parts.path[1:]),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", parts.hostname or ""),
        "PORT": str(port or ""),
        "OPTIONS": options,
    }


def mail_server_from_url(url: str) -> dict | None:
    """Turn `smtp://user:password@host:587/?tls=true` or `smtps://user:password@host` into Django's settings.

    `smtps` is encrypted from the first byte, `tls` from the server's greeting on. It is on wherever a password is sent,
    unless the address says `tls=false`. None when there is no address.
    """
    if not url:
        return None
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    tls = options.pop("tls", str(parts.scheme == "smtp" and bool(parts.username))).lower()
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.path not in ("", "/"):
        raise ImproperlyConfigured("EMAIL_URL must look like smtp://user:password@host:587/?tls=true or smtps://…")
    if options or tls not in TRUE | FALSE or (tls in TRUE and parts.scheme == "smtps"):
        raise ImproperlyConfigured("EMAIL_URL takes one option, tls=true or tls=false, and only with smtp://.")
    try:
        port = parts.port
    except ValueError:
        raise ImproperlyConfigured("EMAIL_URL has a port that is not a number.") from None
    use_tls, use_ssl = tls in TRUE, parts.scheme == "smtps"
    return {
        "host": parts.hostname,
        "port": port or (465 if use_ssl else 587 if use_tls else 25),
        "username": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "use_tls": use_tls,
        "use_ssl": use_ssl,
    }


def mail_sender(text: str, *, required: bool) -> str:
    """Whom e-mails come from: `nocode@example.com` or `NoCode <nocode@example.com>`."""
    if not text and not required:
        return ""
    try:
        validate_email(parseaddr(text)[1])
    except ValidationError:
        text = ""
    if not text.isprintable() or not text:
        raise ImproperlyConfigured(
            "EMAIL_FROM must be an e-mail address, like NoCode <nocode@example.com>; EMAIL_URL needs it."
        )
    return text
