"""Sessions that know whose they are, so that people see where they are logged in and can end it."""

from datetime import timedelta
from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.utils import timezone

from nocode.foundation.middleware import calling_address, calling_browser
from nocode.foundation.models.session import LoginSession

SEEN_AGAIN = timedelta(minutes=5)  # how exactly it is known when a session was last used


class SessionStore(DatabaseStore):
    """Django's database sessions, with the person, the address and the browser next to what they hold."""

    @classmethod
    def get_model_class(cls) -> type[LoginSession]:
        return LoginSession

    def create_model_instance(self, data: dict[str, Any]) -> LoginSession:
        session = super().create_model_instance(data)
        session.user_id = data.get("_auth_user_id")
        session.seen_at = timezone.now()
        session.ip, session.user_agent = calling_address() or None, calling_browser()
        return session

    def _get_session_from_db(self) -> LoginSession | None:
        """The session; now and then, that it was used is noted without touching what it holds."""
        session = super()._get_session_from_db()
        if session and session.seen_at < timezone.now() - SEEN_AGAIN:
            used = LoginSession.objects.filter(pk=session.pk)
            used.update(seen_at=timezone.now(), ip=calling_address() or None, user_agent=calling_browser())
        return session
