"""Refusals that say where in the file their reason is."""

from collections.abc import Iterator
from contextlib import contextmanager

from nocode.foundation.errors import NoCodeError
from nocode.studio.errors import ImportRefused


@contextmanager
def placed(place: str) -> Iterator[None]:
    """A refusal inside is about this place."""
    try:
        yield
    except NoCodeError as refusal:
        raise ImportRefused(f"{place}: {refusal.message}", **refusal.details) from refusal
