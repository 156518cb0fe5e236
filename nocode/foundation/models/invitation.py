"""An offer to join an organization, sent by e-mail."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from nocode.foundation.models.base import Record
from nocode.foundation.models.organization import Role


class Invitation(Record):
    """Whoever holds the token may join with this role until it expires. Only the token's hash is stored."""

    organization = models.ForeignKey(
        "foundation.Organization", models.CASCADE, related_name="invitations", verbose_name=_("organization")
    )
    email = models.EmailField(_("e-mail address"))
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.EDITOR)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("invited by")
    )
    expires_at = models.DateTimeField(_("expires"))
    accepted_at = models.DateTimeField(_("accepted"), null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("invitation"), _("invitations")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "email"], condition=models.Q(accepted_at=None), name="invitation_open_once"
            ),
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="invitation_email_is_lower"),
        ]

    @property
    def is_expired(self) -> bool:
        """Whether it was left lying too long."""
        return self.accepted_at is None and self.expires_at < timezone.now()

    def __str__(self) -> str:
        return f"{self.email} → {self.organization}"
