"""No log line lets its reader call a webhook, and none tells what is no news."""

import io
import logging
import logging.config

import pytest
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.test import Client
from django.urls import include, path

from nocode.foundation.logs import HideTokens


@pytest.mark.parametrize("path", ["/hooks/", "/invitations/", "/password/reset/MQ/"])
def test_tokens_are_shortened_and_the_rest_stays(path):
    address = path + "abcdEFGH-12_x/"
    record = logging.LogRecord("x", logging.WARNING, "f", 1, "Not Found: %s (%d)", (address, 404), None)

    assert HideTokens().filter(record) is True
    assert record.getMessage() == f"Not Found: {path}abcd…/ (404)"


def test_the_configured_console_uses_it(settings):
    assert settings.LOGGING["handlers"]["console"]["filters"] == ["hide_tokens"]


def _forbidden(request):
    raise PermissionDenied


def _broken(request):
    raise RuntimeError("a bug")


urlpatterns = [
    path("forbidden/", _forbidden),
    path("chosen/", lambda request: HttpResponse(status=500)),
    path("broken/", _broken),
    path("", include("nocode.urls")),
]


@pytest.fixture
def printed(settings):
    """What the configured console prints."""
    settings.ROOT_URLCONF = __name__
    handlers = logging.root.handlers[:]
    logging.config.dictConfig(settings.LOGGING)
    console = next(handler for handler in logging.root.handlers if type(handler) is logging.StreamHandler)
    console.stream = io.StringIO()
    yield console.stream
    logging.root.handlers[:] = handlers


@pytest.mark.parametrize("address", ["/forbidden/", "/chosen/", "/missing/"])
def test_refusals_and_chosen_answers_are_not_printed(printed, address):
    assert Client().get(address).status_code >= 400

    assert printed.getvalue() == ""


def test_a_crash_is_printed_with_its_traceback(printed):
    assert Client(raise_request_exception=False).get("/broken/").status_code == 500

    assert "RuntimeError: a bug" in printed.getvalue()


def test_a_log_line_with_wrong_arguments_does_not_break_who_wrote_it():
    record = logging.LogRecord("any", logging.INFO, "file", 1, "%d", ("no number",), None)

    assert HideTokens().filter(record)
