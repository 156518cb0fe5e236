"""Acts on many executions at once, done in the background."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from nocode.foundation.models.job import Job


class ExecutionJob(Job):
    """One act on many executions. `options` names them: those that matched a search when it was asked for.

    `done` of them were met; `result` says how many were acted on and why others were not.
    """

    class Kind(models.TextChoices):
        RETRY_STEP = "retry_step", _("Retry from the failed step")
        RETRY = "retry", _("Run again")
        CANCEL = "cancel", _("Cancel")

    organization = models.ForeignKey(
        "foundation.Organization", models.CASCADE, related_name="+", verbose_name=_("organization")
    )

    class Meta:
        verbose_name, verbose_name_plural = _("act on executions"), _("acts on executions")
        ordering = ["-id"]

    def __str__(self) -> str:
        return str(self.label)

    @property
    def label(self) -> str:
        """What is done to each."""
        return self.Kind(self.kind).label
