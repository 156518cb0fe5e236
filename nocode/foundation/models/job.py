"""Work in the background that people follow and may stop: what each kind of job shares."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from nocode.foundation.models.base import Record


class Job(Record):
    """A piece of work in the background. `options` is what was asked, `result` what came of it."""

    class State(models.TextChoices):
        PENDING = "pending", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    kind = models.CharField(_("type"), max_length=40)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.PENDING)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("requested by")
    )
    options = models.JSONField(_("options"), default=dict)
    result = models.JSONField(_("result"), default=dict)
    error = models.TextField(_("error"), blank=True)
    done = models.PositiveBigIntegerField(pgettext_lazy("how much", "done"), default=0)
    total = models.PositiveBigIntegerField(_("of"), default=0)
    cancel_requested = models.BooleanField(default=False)
    started_at = models.DateTimeField(_("started"), null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)

    class Meta:
        abstract = True

    @property
    def is_finished(self) -> bool:
        return self.state not in (self.State.PENDING, self.State.RUNNING)

    @property
    def percent(self) -> int | None:
        """How much is done, of a hundred; None while nobody knows how much there is."""
        return min(100, self.done * 100 // self.total) if self.total else None
