"""How often somebody was wrong about a secret, so that guessing takes longer than the secret lives."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class FailedAttempts(models.Model):
    """Attempts of one kind at one account from one network; without a subject at links, or at all accounts together."""

    class Kind(models.TextChoices):
        LOGIN = "login", _("Logging in")
        PASSWORD = "password", _("Changing a password")
        RESET = "reset", _("Asking for a new password")
        LINK = "link", _("Opening a link from an e-mail")

    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    subject = models.CharField(_("e-mail address"), max_length=254, blank=True)
    network = models.CharField(_("network"), max_length=45, blank=True)
    count = models.PositiveSmallIntegerField(_("attempts"), default=1)
    last_at = models.DateTimeField(_("last attempt"), db_default=Now())

    class Meta:
        verbose_name, verbose_name_plural = _("failed attempts"), _("failed attempts")
        ordering = ["-last_at"]
        constraints = [models.UniqueConstraint(fields=["kind", "subject", "network"], name="failed_attempts_counter")]
        indexes = [models.Index(fields=["last_at"], name="failed_attempts_age")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.subject or self.network}"
