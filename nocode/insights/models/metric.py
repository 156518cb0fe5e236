"""Figures per day of the installation's time zone. Durations are milliseconds. `services/metrics.py` writes them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from nocode.foundation.models import Record


class DailyMetric(Record):
    """What happened in one organization on one day.

    `durations` counts executions by length (see `histograms.py`), so that days can be put together; a percentile of
    percentiles would mean nothing. A final day is not counted again: by now its executions may have been cleaned up.
    """

    organization = models.ForeignKey(
        "foundation.Organization", models.CASCADE, related_name="+", verbose_name=_("organization"), db_index=False
    )
    day = models.DateField(_("day"))
    logins = models.PositiveIntegerField(_("logins"), db_default=0)
    active_users = models.PositiveIntegerField(_("active people"), db_default=0)
    executions = models.PositiveIntegerField(_("executions"), db_default=0)
    completed = models.PositiveIntegerField(_("completed"), db_default=0)
    failed = models.PositiveIntegerField(_("failed"), db_default=0)
    duration_p50 = models.PositiveBigIntegerField(_("duration p50"), null=True)
    duration_p95 = models.PositiveBigIntegerField(_("duration p95"), null=True)
    durations = models.JSONField(_("durations"), default=dict, db_default=models.Value({}, models.JSONField()))
    records = models.PositiveIntegerField(_("rows written"), db_default=0)
    deployments = models.PositiveIntegerField(_("deployments"), db_default=0)
    is_final = models.BooleanField(_("final"), db_default=False)

    class Meta:
        verbose_name, verbose_name_plural = _("daily figures"), _("daily figures")
        ordering = ["-day", "organization"]
        constraints = [models.UniqueConstraint(fields=["organization", "day"], name="metric_once_per_day")]
        indexes = [models.Index(fields=["-day", "organization"], name="metric_newest")]

    def __str__(self) -> str:
        return f"{self.organization} {self.day}"

    @property
    def other(self) -> int:
        """Executions that were neither completed nor failed when they were counted."""
        return self.executions - self.completed - self.failed


class WorkflowMetric(Record):
    """How the executions of one workflow that were started on one day went. Outlives the workflow."""

    organization = models.ForeignKey(
        "foundation.Organization", models.CASCADE, related_name="+", verbose_name=_("organization"), db_index=False
    )
    day = models.DateField(_("day"))
    workflow_id = models.UUIDField(_("workflow"))
    workflow_name = models.CharField(_("workflow"), max_length=150)
    executions = models.PositiveIntegerField(_("executions"), db_default=0)
    completed = models.PositiveIntegerField(_("completed"), db_default=0)
    failed = models.PositiveIntegerField(_("failed"), db_default=0)
    measured = models.PositiveIntegerField(_("executions that ran to an end"), db_default=0)
    total_duration = models.PositiveBigIntegerField(_("total duration"), db_default=0)
    longest_duration = models.PositiveBigIntegerField(_("longest duration"), db_default=0)

    class Meta:
        verbose_name, verbose_name_plural = _("daily figures of a workflow"), _("daily figures of workflows")
        ordering = ["-day", "organization", "workflow_name"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "day", "workflow_id"], name="workflow_metric_once_per_day")
        ]
        indexes = [models.Index(fields=["-day", "organization"], name="workflow_metric_newest")]

    def __str__(self) -> str:
        return f"{self.workflow_name} {self.day}"
