"""Where a person is logged in, and how that ends."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from nocode.foundation.models import LoginSession, User


@dataclass(frozen=True)
class SessionShown:
    """A session as its owner sees it. `handle` names it without being worth stealing."""

    handle: str
    ip: str
    user_agent: str
    seen_at: datetime
    is_this: bool


def sessions_of(user: User, current: str | None) -> list[SessionShown]:
    """Where the person is logged in: first here, then the one used last."""
    shown = [
        SessionShown(_handle(each.pk), each.ip or "", each.user_agent, each.seen_at, each.pk == current)
        for each in _running(user)
    ]
    return sorted(shown, key=lambda each: not each.is_this)


def end_session(user: User, handle: str) -> bool:
    """Log the person out where the handle says; whether there was such a session."""
    keys = [each.pk for each in _running(user) if _handle(each.pk) == handle]
    return bool(LoginSession.objects.filter(pk__in=keys).delete()[0])


def end_other_sessions(user: User, current: str | None) -> int:
    """Log the person out everywhere else; from how many places."""
    return LoginSession.objects.filter(user=user).exclude(pk=current).delete()[0]


def _running(user: User) -> list[LoginSession]:
    return list(LoginSession.objects.filter(user=user, expire_date__gt=timezone.now()).order_by("-seen_at"))


def _handle(session_key: str) -> str:
    return hashlib.sha256(session_key.encode()).hexdigest()[:32]
