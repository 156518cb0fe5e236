"""Credentials for other systems, kept once for the organization instead of in every step."""

import json

from django.conf import settings as django_settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from nocode.foundation.crypto import decrypt, encrypt
from nocode.foundation.models import Record


class Integration(Record):
    """An account at another system. `settings` may be read by everybody, `secrets` by steps that run."""

    organization = models.ForeignKey(
        "foundation.Organization", models.CASCADE, related_name="integrations", verbose_name=_("organization")
    )
    name = models.CharField(_("name"), max_length=150)
    type = models.CharField(_("type"), max_length=60, editable=False)
    settings = models.JSONField(_("settings"), default=dict, blank=True)
    secrets = models.TextField(_("secrets"), blank=True, editable=False)  # encrypted JSON: see read_secrets()
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("Steps that use an integration which is switched off fail.")
    )
    created_by = models.ForeignKey(
        django_settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("author"),
    )
    history = HistoricalRecords(excluded_fields=["secrets"])

    class Meta:
        verbose_name, verbose_name_plural = _("integration"), _("integrations")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "name"],
                name="integration_name_once_per_organization",
                violation_error_message=_("Another integration of this organization has this name."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    def read_secrets(self) -> dict[str, str]:
        """The secrets by field name. Raises CannotDecrypt."""
        return json.loads(decrypt(self.secrets) or "{}")

    def keep_secrets(self, values: dict[str, str]) -> None:
        """Replace the secrets; does not save."""
        self.secrets = encrypt(json.dumps(values))
