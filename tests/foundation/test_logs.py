"""No log line lets its reader call a webhook."""

import logging

from nocode.foundation.logs import HideTokens


def test_webhook_tokens_are_shortened_and_the_rest_stays():
    record = logging.LogRecord("x", logging.WARNING, "f", 1, "Not Found: %s (%d)", ("/hooks/abcdEFGH-12_x/", 404), None)

    assert HideTokens().filter(record) is True
    assert record.getMessage() == "Not Found: /hooks/abcd…/ (404)"


def test_the_configured_console_uses_it(settings):
    assert settings.LOGGING["handlers"]["console"]["filters"] == ["hide_tokens"]
