"""Addresses that people open from outside the console, say from an e-mail."""

from django.conf import settings
from django.utils.translation import gettext as _

from nocode.foundation.errors import NoCodeError
from nocode.foundation.middleware import current_request


class AddressUnknown(NoCodeError):
    """This installation does not know its own address."""


def public_url() -> str:
    """Where people reach this installation: PUBLIC_URL, else where the current request was sent to."""
    if settings.PUBLIC_URL:
        return settings.PUBLIC_URL
    if (request := current_request()) is not None:
        return request.build_absolute_uri("/").rstrip("/")
    raise AddressUnknown(_("Set PUBLIC_URL, the address people reach this installation at."))
