"""Identifiers that sort by creation time, so that indexes grow at one end and "newest first" is `ORDER BY id DESC`."""

import os
import threading
import time
import uuid
from datetime import datetime
from typing import Any

_lock = threading.Lock()
_last = 0


def uuid7(at: datetime | None = None) -> uuid.UUID:
    """A version 7 UUID (RFC 9562) of this moment, or of `at`: 48 bits of Unix milliseconds, then randomness.

    Those of this moment grow within a process, however many are made in a millisecond.
    """
    milliseconds = time.time_ns() // 1_000_000 if at is None else int(at.timestamp() * 1000)
    value = (milliseconds << 80) | int.from_bytes(os.urandom(10), "big")
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return uuid.UUID(int=value if at else _greater(value))


def _greater(value: int) -> int:
    """The value, or one a random step behind the last: a process that was forked does not make the same ones."""
    global _last
    with _lock:
        _last = max(value, _last + 1 + int.from_bytes(os.urandom(4), "big"))
        return _last


def uuid_or_none(text: Any) -> uuid.UUID | None:
    """The id a text from outside stands for; None when it is none."""
    try:
        return uuid.UUID(str(text))
    except ValueError:
        return None


def first_id_at(moment: datetime) -> uuid.UUID:
    """The smallest id of that millisecond: finds rows by creation time through their primary key.

    Time begins in 1970: of an earlier moment, the smallest id there can be.
    """
    milliseconds = max(int(moment.timestamp() * 1000), 0)
    return uuid.UUID(int=(milliseconds << 80) | (0x7 << 76) | (0x2 << 62))
