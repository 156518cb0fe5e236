"""What changes about an account only once it is confirmed."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from nocode.foundation.ids import uuid7


class AddressChange(models.Model):
    """The new e-mail address of an account, until whoever reads its mailbox opens the link. One at a time.

    It belongs to the person, and to no organization.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="address_change", verbose_name=_("person")
    )
    email = models.EmailField(_("new e-mail address"))
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    expires_at = models.DateTimeField(_("expires"))

    class Meta:
        verbose_name, verbose_name_plural = _("change of an address"), _("changes of addresses")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="address_change_email_is_lower")
        ]

    def __str__(self) -> str:
        return f"{self.user} → {self.email}"

    @property
    def is_expired(self) -> bool:
        """Whether its link was left lying too long."""
        return self.expires_at < timezone.now()
