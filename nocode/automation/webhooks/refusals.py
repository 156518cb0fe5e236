"""Why a webhook call is refused: an HTTP status, a sentence that says what to do, and details for programs."""

from http import HTTPStatus

from nocode.foundation.errors import NoCodeError


class CallRefused(NoCodeError):
    """This call is not accepted."""

    status = HTTPStatus.BAD_REQUEST

    def __init__(self, message: str = "", *, headers: dict[str, str] | None = None, **details):
        super().__init__(message, **details)
        self.headers = headers or {}


class UnknownWebhook(CallRefused):
    """There is no webhook at this address."""

    status = HTTPStatus.NOT_FOUND


class NotListening(CallRefused):
    """The webhook exists, but nothing would run."""

    status = HTTPStatus.CONFLICT


class MethodRefused(CallRefused):
    """This method is not allowed."""

    status = HTTPStatus.METHOD_NOT_ALLOWED


class AddressNotListed(CallRefused):
    """Calls from this address are not allowed."""

    status = HTTPStatus.FORBIDDEN


class SenderRefused(CallRefused):
    """The sender has not proved who it is."""

    status = HTTPStatus.UNAUTHORIZED


class LengthMissing(CallRefused):
    """The length of the body is not known."""

    status = HTTPStatus.LENGTH_REQUIRED


class BodyTooLarge(CallRefused):
    """The body is too large."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class TypeRefused(CallRefused):
    """This content type is not accepted."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


class BadBody(CallRefused):
    """The body cannot be read."""


class TooMany(CallRefused):
    """Too many calls."""

    status = HTTPStatus.TOO_MANY_REQUESTS


class PlanExhausted(CallRefused):
    """The organization's plan allows no more executions this month."""

    status = HTTPStatus.PAYMENT_REQUIRED
