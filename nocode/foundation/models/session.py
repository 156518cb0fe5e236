"""Where people are logged in."""

from importlib import import_module

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.utils.translation import gettext_lazy as _


class LoginSession(AbstractBaseSession):
    """A session of a browser, and who is logged in to it. `foundation/sessions.py` is the only writer."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="login_sessions", verbose_name=_("person")
    )
    ip = models.GenericIPAddressField(_("IP address"), null=True)
    user_agent = models.CharField(_("browser"), max_length=300, blank=True)
    seen_at = models.DateTimeField(_("last active"))

    class Meta:
        verbose_name, verbose_name_plural = _("session"), _("sessions")
        ordering = ["-seen_at"]

    def __str__(self) -> str:
        return f"{self.user or '–'} {self.ip or ''}".strip()

    @classmethod
    def get_session_store_class(cls) -> type:
        """Django asks where such a session is read and written."""
        return import_module(settings.SESSION_ENGINE).SessionStore
