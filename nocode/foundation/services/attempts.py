"""Slows guessing down: after LIMIT failures at one account from one network, nothing is tried for LOCKED minutes.

A second counter, without a subject, adds up what a network does to all accounts: one password tried at each of them is
guessing, too. An attempt is counted before it is made and forgotten when it succeeds, so that a hundred at once are no
way around.
"""

from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_network

from django.db import connection
from django.db.models import F
from django.utils import timezone
from django.utils.translation import ngettext

from nocode.foundation.callers import Address
from nocode.foundation.errors import NoCodeError
from nocode.foundation.models import FailedAttempts

LIMIT = 5
NETWORK_LIMIT = 50  # many people may share a network; they are wrong now and then
LOCKED = timedelta(minutes=15)

Kind = FailedAttempts.Kind

# While an account is locked the time of the last attempt stays: trying on does not keep the owner out for longer. That
# of a network is the time it began to count: there is always somebody who is wrong, and a pause would never come.
COUNT = """
    INSERT INTO foundation_failedattempts AS known (kind, subject, network, count, last_at)
    VALUES (%(kind)s, %(subject)s, %(network)s, 1, clock_timestamp())
    ON CONFLICT (kind, subject, network) DO UPDATE SET
        count = CASE WHEN known.last_at < excluded.last_at - %(locked)s THEN 1
                     ELSE least(known.count + 1, %(limit)s + 1) END,
        last_at = CASE WHEN (known.count >= %(limit)s OR %(is_network)s)
                            AND known.last_at >= excluded.last_at - %(locked)s
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
    _count(_key(kind, subject, address), LIMIT)
    if subject and address:
        _count(_key(kind, "", address), NETWORK_LIMIT, is_network=True)


def forget(kind: Kind, subject: str, address: Address | None) -> None:
    """The attempt succeeded: the failures before it at this account no longer count.

    To the network only this attempt is given back: whoever has one account may not guess at others for ever.
    """
    FailedAttempts.objects.filter(**_key(kind, subject, address)).delete()
    if subject and address:
        network = FailedAttempts.objects.filter(**_key(kind, "", address))
        if not network.filter(count__gt=1).update(count=F("count") - 1):
            network.filter(count=1).delete()


def forget_account(email: str) -> None:
    """Let the owner of an account try again at once, from everywhere: they have proved who they are in another way."""
    kinds = [Kind.LOGIN, Kind.PASSWORD]
    FailedAttempts.objects.filter(kind__in=kinds, subject=email.strip().lower()[:254]).delete()


def limit_of(counter: FailedAttempts) -> int:
    """How many attempts a counter allows; links are tried out at no account, and never many by mistake."""
    return LIMIT if counter.subject or counter.kind == Kind.LINK else NETWORK_LIMIT


def _count(key: dict[str, str], limit: int, *, is_network: bool = False) -> None:
    with connection.cursor() as cursor:
        cursor.execute(COUNT, {**key, "limit": limit, "is_network": is_network, "locked": LOCKED})
        count, last_at = cursor.fetchone()
    if count > limit:
        raise TooManyAttempts(last_at + LOCKED)


def _key(kind: Kind, subject: str, address: Address | None) -> dict[str, str]:
    return {"kind": kind, "subject": subject.strip().lower()[:254], "network": _network(address)}


def _network(address: Address | None) -> str:
    """One household has one IPv4 address, but 2⁶⁴ of IPv6."""
    if isinstance(address, IPv6Address):
        return str(ip_network((address, 64), strict=False))
    return str(address or "")
