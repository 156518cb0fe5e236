"""Keeps out of the logs what grants access, and what is no news."""

import contextlib
import logging
import re
from collections.abc import Iterator

_TOKEN = re.compile(r"(/(?:hooks|invitations|password/reset/[\w-]+)/[\w-]{4})[\w-]+")


class HideTokens(logging.Filter):
    """Shortens the token in an address: whoever has it may call the webhook, join, or choose a password."""

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            message = record.getMessage()
        except (TypeError, ValueError):
            return True  # arguments that do not fit: the handler says so, and the caller goes on
        if _TOKEN.search(message):
            record.msg, record.args = _TOKEN.sub(r"\1…", message), ()
        return True


class OnlyCrashes(logging.Filter):
    """Of the answers with an error status, lets only those pass that an exception made.

    The others a view chose: a webhook whose workflow failed answers with the status the workflow gave, and the
    execution tells why.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        return record.exc_info is not None


@contextlib.contextmanager
def warnings_only() -> Iterator[None]:
    """For commands that make many things at once: each of them is no news."""
    before = logging.root.manager.disable
    logging.disable(max(before, logging.INFO))
    try:
        yield
    finally:
        logging.disable(before)
