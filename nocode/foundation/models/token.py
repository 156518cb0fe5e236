"""What a person's programs identify themselves with."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from nocode.foundation.models.base import Record


class ApiToken(Record):
    """Lets a program act as a person, in one organization and for what its scopes name. Kept as a hash."""

    class Scope(models.TextChoices):
        RUN = "run", _("Start workflows")
        VIEW = "view", _("Read executions")

    organization = models.ForeignKey(
        "foundation.Organization", models.CASCADE, related_name="api_tokens", verbose_name=_("organization")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_tokens", verbose_name=_("person")
    )
    name = models.CharField(_("name"), max_length=100)
    prefix = models.CharField(_("begins with"), max_length=16, editable=False)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(_("may"), default=list)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("API token"), _("API tokens")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def is_expired(self) -> bool:
        """Whether its time is over."""
        return self.expires_at is not None and self.expires_at < timezone.now()

    @property
    def may(self) -> list[str]:
        """Its scopes in words."""
        return [str(self.Scope(scope).label) for scope in self.scopes]
