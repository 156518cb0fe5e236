"""Keeps the leases of this process alive while their runs work: one thread, one statement every few seconds.

A run that flushes often never needs it; one that waits for a slow server or a database lock does.
"""

import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import Error, connection

from nocode.automation.engine import store

logger = logging.getLogger(__name__)

INTERVAL = store.LEASE_SECONDS / 4

_lock = threading.Lock()
_held: dict[UUID, tuple[UUID, float]] = {}  # by execution: the token, and since when
_thread_of: int | None = None  # the process whose thread runs: a fork inherits the variable, not the thread


@contextmanager
def keep(execution_id: UUID, token: UUID) -> Iterator[None]:
    """Renew a lease until the block ends; while it does not stand in the database yet, that changes nothing."""
    global _thread_of
    with _lock:
        if _thread_of != os.getpid():
            _held.clear()
            _thread_of = os.getpid()
            threading.Thread(target=_beat, name="lease-heartbeat", daemon=True).start()
        _held[execution_id] = token, time.monotonic()
    try:
        yield
    finally:
        with _lock:
            _held.pop(execution_id, None)


def _beat() -> None:
    while True:
        time.sleep(INTERVAL)
        with _lock:
            now = time.monotonic()
            old = {pk: token for pk, (token, since) in _held.items() if now - since > INTERVAL / 2}
        if old:
            _renew(old)


def _renew(leases: dict[UUID, UUID]) -> None:
    try:
        store.renew(leases)
    except Error:
        logger.warning("leases not renewed, trying again in %.0f s", INTERVAL, exc_info=True)
    finally:
        connection.close()
