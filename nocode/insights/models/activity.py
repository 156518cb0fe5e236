"""What people did."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from nocode.foundation.models import Record
from nocode.insights.actions import sentence


class UserActivity(Record):
    """One thing somebody did in one organization: `action` like `user.login` or `app.deployed`, on `target`.

    Labels are those of that moment: people and things may be gone by now. ActivityTracker is the only writer; it
    writes within the transaction of what it tells, so the database checks no foreign key here: that would happen at the
    end of the transaction, and fail it.
    """

    organization = models.ForeignKey(
        "foundation.Organization",
        models.CASCADE,
        null=True,
        related_name="+",
        verbose_name=_("organization"),
        db_constraint=False,
        db_index=False,  # activity_newest begins with it
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("person"),
        db_constraint=False,
        db_index=False,  # activity_by_user begins with it
    )
    user_label = models.CharField(_("person"), max_length=254, blank=True)
    action = models.CharField(_("action"), max_length=60)
    target_type = models.CharField(_("kind of object"), max_length=60, blank=True)
    target_id = models.CharField(max_length=60, blank=True)
    target_label = models.CharField(_("object"), max_length=250, blank=True)
    details = models.JSONField(_("details"), default=dict)
    ip = models.GenericIPAddressField(_("IP address"), null=True)
    user_agent = models.CharField(_("browser"), max_length=300, blank=True)
    request_id = models.CharField(_("request"), max_length=64, blank=True)
    created_at = models.DateTimeField(_("time"), default=timezone.now)
    updated_at = None  # what happened does not change

    class Meta:
        verbose_name, verbose_name_plural = _("activity"), _("activities")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["organization", "-id"], name="activity_newest"),
            models.Index(fields=["organization", "action", "-id"], name="activity_by_action"),
            models.Index(fields=["user", "-id"], name="activity_by_user"),
        ]

    def __str__(self) -> str:
        return f"{self.user_label} {sentence(self.action, self.target_label)}".strip()
