"""Files with all about one execution, made in the background and kept for some days."""

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from nocode.automation.models.execution import WorkflowExecution
from nocode.foundation.models import Record

PATIENCE = timedelta(hours=1)  # whoever waits longer than this for a file waits for a task that has failed


class ExecutionExport(Record):
    """The latest file of an execution. In the database, because any worker makes it and any web process sends it."""

    organization_path = "execution__organization"

    execution = models.OneToOneField(
        WorkflowExecution, models.CASCADE, related_name="export", verbose_name=_("execution")
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("requested by")
    )
    content = models.BinaryField(_("file"), null=True)  # gzip; none until it has been made
    size = models.PositiveBigIntegerField(_("size (bytes)"), default=0)
    made_at = models.DateTimeField(_("made"), null=True)
    expires_at = models.DateTimeField(_("expires"))
    error = models.TextField(_("error"), blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("export of an execution"), _("exports of executions")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.execution_id}.json"

    @property
    def is_being_made(self) -> bool:
        """Whether a worker has it to make."""
        asked = self.updated_at > timezone.now() - PATIENCE
        return self.made_at is None and not self.error and asked

    @property
    def is_ready(self) -> bool:
        """Whether there is a file to download."""
        return self.made_at is not None and self.expires_at > timezone.now()
