"""Tells idle clusters that there is work, without paying for it on every row.

A NOTIFY takes a lock that serializes commits of the whole server, so it is sent after the commit, alone (such a
transaction writes nothing and waits for no disk), and at most once per DEBOUNCE per process. A cluster that was woken
looks a second time just after DEBOUNCE has passed: whatever was queued without a NOTIFY of its own is found then.
"""

import threading
import time

from django.db import connection, transaction

CHANNEL = "nocode_queue"
DEBOUNCE = 0.02

_lock = threading.Lock()
_quiet_until = 0.0


def wake_after_commit() -> None:
    """Wake the clusters once the caller's transaction is committed; nothing happens if it is rolled back."""
    transaction.on_commit(wake, robust=True)  # a lost wake-up only costs the wait for the next look


def wake() -> None:
    """Send one NOTIFY, unless this process sent one a moment ago."""
    global _quiet_until
    with _lock:
        now = time.monotonic()
        if now < _quiet_until:
            return
        _quiet_until = now + DEBOUNCE
    with connection.cursor() as cursor:
        cursor.execute("NOTIFY nocode_queue")
