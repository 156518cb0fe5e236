"""Credentials for other systems, kept once for the organization instead of in every step."""

import json
from math import ceil

from django.conf import settings as django_settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from simple_history.models import HistoricalRecords

from nocode.foundation.crypto import decrypt, encrypt
from nocode.foundation.models import Record, ScopedQuerySet, SecretText


class Integration(Record):
    """An account at another system. `settings` may be read by everybody, `secrets` by steps that run."""

    organization = models.ForeignKey(
        "foundation.Organization", models.CASCADE, related_name="integrations", verbose_name=_("organization")
    )
    name = models.CharField(_("name"), max_length=150)
    type = models.CharField(_("type"), max_length=60, editable=False)
    settings = models.JSONField(_("settings"), default=dict, blank=True)
    secrets = SecretText(_("secrets"), blank=True, editable=False)  # JSON: see read_secrets()
    token = SecretText(_("token"), blank=True, editable=False)  # JSON: see integrations/tokens.py
    is_active = models.BooleanField(
        pgettext_lazy("integration", "active"),
        default=True,
        help_text=_("Steps that use an integration which is switched off fail."),
    )
    created_by = models.ForeignKey(
        django_settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("author"),
    )
    history = HistoricalRecords(excluded_fields=["secrets", "token"])

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


class IntegrationCall(models.Model):
    """One call made with an integration, written in the transaction of the step's result and soon counted.

    Rows, and not counters in a cache: a cache may forget, and does not know whether the step's transaction was
    committed. A row is appended without waiting for anybody; `IntegrationStats` takes it in and deletes it. There is no
    foreign key, so that an integration which is deleted meanwhile cannot make a step fail.
    """

    id = models.BigAutoField(primary_key=True)
    integration_id = models.UUIDField(_("integration"))
    at = models.DateTimeField(_("time"))
    milliseconds = models.PositiveIntegerField(_("duration (ms)"))
    error = models.TextField(_("error"), blank=True)  # empty: the call went well

    class Meta:
        verbose_name, verbose_name_plural = _("call of an integration"), _("calls of integrations")

    def __str__(self) -> str:
        return f"{self.integration_id} {self.at:%Y-%m-%d %H:%M:%S}"


class IntegrationStats(models.Model):
    """How calls made with an integration went: all of them counted, the last ones measured."""

    class Health(models.TextChoices):
        UNUSED = "unused", _("Not used yet")
        HEALTHY = "healthy", _("Healthy")
        DEGRADED = "degraded", _("Degraded")
        FAILING = "failing", _("Failing")

    KEPT = 200  # how many of the last calls are measured
    JUDGED, TOLERATED = 20, 0.1  # of so many calls, at most this share may fail
    IN_A_ROW = 3  # when so many have failed one after the other, nothing goes through

    organization_path = "integration__organization"

    integration = models.OneToOneField(
        Integration, models.CASCADE, primary_key=True, related_name="stats", verbose_name=_("integration")
    )
    calls = models.PositiveBigIntegerField(_("calls"), default=0)
    failures = models.PositiveBigIntegerField(_("failures"), default=0)
    durations = ArrayField(models.PositiveIntegerField(), verbose_name=_("last durations (ms)"), default=list)
    outcomes = ArrayField(models.BooleanField(), verbose_name=_("last outcomes"), default=list)  # newest first, both
    last_used_at = models.DateTimeField(_("last used"), null=True)
    last_failed_at = models.DateTimeField(_("last failure"), null=True)
    last_error = models.TextField(_("last error"), blank=True)
    updated_at = models.DateTimeField(_("updated"))

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("integration statistics"), _("integration statistics")

    def __str__(self) -> str:
        return str(self.integration)

    @property
    def p50(self) -> int | None:
        """Half of the last calls took no longer (ms)."""
        return self._percentile(0.5)

    @property
    def p95(self) -> int | None:
        """Of a hundred of the last calls, 95 took no longer (ms)."""
        return self._percentile(0.95)

    def _percentile(self, share: float) -> int | None:
        ordered = sorted(self.durations)
        return ordered[max(ceil(len(ordered) * share) - 1, 0)] if ordered else None

    @property
    def health(self) -> Health:
        """What the last calls say: none of them went through lately, too many failed, or all is well."""
        judged = self.outcomes[: self.JUDGED]
        if not judged:
            return self.Health.UNUSED
        if not any(judged[: self.IN_A_ROW]):
            return self.Health.FAILING
        share = judged.count(False) / len(judged)
        return self.Health.DEGRADED if share > self.TOLERATED else self.Health.HEALTHY
