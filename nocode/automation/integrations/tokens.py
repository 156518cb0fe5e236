"""Tokens that live for a while: kept encrypted with the integration, and fetched by one worker for all.

A call to the outside world runs in a thread that has no database connection of its own; one that had to be opened here
is closed again.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from nocode.automation.errors import PermanentFailure
from nocode.automation.integrations.chosen import Credentials
from nocode.automation.models import Integration
from nocode.foundation.crypto import CannotDecrypt, decrypt, encrypt

LOCK_TIMEOUT = "40s"  # for the worker that fetches; a call that takes longer is tried again as a passing failure


@dataclass(frozen=True)
class Token:
    """A token, and the moment (seconds since 1970) from which it is not used any more."""

    text: str
    until: float


def current(credentials: Credentials, fetch: Callable[[], Token], refused: str = "") -> str:
    """The token that is kept, unless it was `refused` or is over: then a new one.

    While a worker fetches, others wait for it and take what it got.
    """
    with _connected():
        token = _kept(Integration.objects.filter(pk=credentials.id), credentials, refused)
        return token or _renewed(credentials, fetch, refused)


@transaction.atomic
def _renewed(credentials: Credentials, fetch: Callable[[], Token], refused: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
    row = Integration.objects.filter(pk=credentials.id)
    token = _kept(row.select_for_update(no_key=True), credentials, refused)
    if not token:
        fetched = fetch()
        row.update(token=encrypt(json.dumps({**asdict(fetched), "account": _account(credentials)})))
        token = fetched.text
    return token


def _kept(row: QuerySet, credentials: Credentials, refused: str) -> str:
    """The token that is kept and may still be used, or nothing."""
    stored = row.values_list("token", flat=True).first()
    if stored is None:
        raise PermanentFailure(_("The integration “%s” does not exist any more.") % credentials.name)
    try:
        kept = json.loads(decrypt(stored) or "{}")
    except CannotDecrypt:  # with a key that is gone; a new one replaces it
        return ""
    usable = kept and kept["account"] == _account(credentials) and kept["until"] > time.time()
    return kept["text"] if usable and kept["text"] != refused else ""


def _account(credentials: Credentials) -> str:
    """What a token was fetched with: it does not outlive a change of the settings or the secrets."""
    known = json.dumps([dict(credentials.settings), dict(credentials.secrets)], sort_keys=True)
    return hashlib.sha256(known.encode()).hexdigest()


@contextmanager
def _connected() -> Iterator[None]:
    was_open = connection.connection is not None
    try:
        yield
    finally:
        if not was_open:
            connection.close()
