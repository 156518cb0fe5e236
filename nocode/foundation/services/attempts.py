"""Slows guessing down: after LIMIT failures at one account from one network, nothing is tried for LOCKED minutes.

An attempt is counted before it is made and forgotten when it succeeds, so that a hundred at once are no way around.
"""

from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_network

from django.db import connection
from django.utils import timezone
from django.utils.translation import ngettext

from nocode.foundation.callers import Address
from nocode.foundation.errors import NoCodeError
from nocode.foundation.models import FailedAttempts

LIMIT = 5
LOCKED = timedelta(minutes=15)

Kind = FailedAttempts.Kind

# While an account is locked the time of the last attempt stays: trying on does not keep the owner out for longer.
COUNT = """
    INSERT INTO foundation_failedattempts AS known (kind, subject, network, count, last_at)
    VALUES (%(kind)s, %(subject)s, %(network)s, 1, clock_timestamp())
    ON CONFLICT (kind, subject, network) DO UPDATE SET
        count = CASE WHEN known.last_at < excluded.last_at - %(locked)s THEN 1
                     ELSE least(known.count + 1, %(limit)s + 1) END,
        last_at = CASE WHEN known.count >= %(limit)s AND known.last_at >= excluded.last_at - %(locked)s
                       THEN known.last_at ELSE excluded.last_at END
    RETURNING count, last_at
"""


class TooManyAttempts(NoCodeError):
    """There were too many failed attempts."""

    def __init__(self, until: datetime):
        self.seconds = max(int((until - timezone.now()).total_seconds()), 1)
        minutes = -(-self.seconds // 60)
        message = ngettext(
            "There were too many failed attempts. Try again in %d minute.",
            "There were too many failed attempts. Try again in %d minutes.",
            minutes,
        )
        super().__init__(message % minutes)


def take(kind: Kind, subject: str, address: Address | None) -> None:
    """Count an attempt that is about to be made; raises TooManyAttempts, and then it must not be made."""
    values = {**_key(kind, subject, address), "limit": LIMIT, "locked": LOCKED}
    with connection.cursor() as cursor:
        cursor.execute(COUNT, values)
        count, last_at = cursor.fetchone()
    if count > LIMIT:
        raise TooManyAttempts(last_at + LOCKED)


def forget(kind: Kind, subject: str, address: Address | None) -> None:
    """The attempt succeeded: the failures before it no longer count."""
    FailedAttempts.objects.filter(**_key(kind, subject, address)).delete()


def _key(kind: Kind, subject: str, address: Address | None) -> dict[str, str]:
    return {"kind": kind, "subject": subject.strip().lower()[:254], "network": _network(address)}


def _network(address: Address | None) -> str:
    """One household has one IPv4 address, but 2⁶⁴ of IPv6."""
    if isinstance(address, IPv6Address):
        return str(ip_network((address, 64), strict=False))
    return str(address or "")
