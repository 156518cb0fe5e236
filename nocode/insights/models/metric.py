"""Figures per day."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from nocode.foundation.models import Record


class DailyMetric(Record):
    """What happened in one organization on one day of the installation's time zone. Durations are milliseconds."""

    organization = models.ForeignKey(
        "foundation.Organization", models.CASCADE, related_name="+", verbose_name=_("organization")
    )
    day = models.DateField(_("day"))
    logins = models.PositiveIntegerField(_("logins"), default=0)
    active_users = models.PositiveIntegerField(_("active people"), default=0)
    executions = models.PositiveIntegerField(_("executions"), default=0)
    completed = models.PositiveIntegerField(_("completed"), default=0)
    failed = models.PositiveIntegerField(_("failed"), default=0)
    duration_p50 = models.PositiveIntegerField(_("duration p50"), null=True)
    duration_p95 = models.PositiveIntegerField(_("duration p95"), null=True)
    records = models.PositiveIntegerField(_("rows written"), default=0)
    deployments = models.PositiveIntegerField(_("deployments"), default=0)

    class Meta:
        verbose_name, verbose_name_plural = _("daily figures"), _("daily figures")
        ordering = ["organization", "-day"]
        constraints = [models.UniqueConstraint(fields=["organization", "day"], name="metric_once_per_day")]

    def __str__(self) -> str:
        return f"{self.organization} {self.day}"
