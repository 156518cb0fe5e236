"""The outbox: facts written in the transaction of the change they tell, delivered after commit."""

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from nocode.foundation.models.base import ScopedQuerySet

PENDING = models.Q(delivered_at=None, gave_up=False)
GAVE_UP = models.Q(delivered_at=None, gave_up=True)


class OutboxEvent(models.Model):
    """One fact. Undelivered events of one `key` (one object) are delivered in the order of their ids."""

    organization_path = "organization"

    id = models.BigAutoField(primary_key=True)
    event_id = models.UUIDField(_("event id"), db_default=RandomUUID(), unique=True, editable=False)
    name = models.CharField(_("name"), max_length=120)
    key = models.CharField(_("object"), max_length=120)
    payload = models.JSONField(_("payload"))
    organization = models.ForeignKey(
        "foundation.Organization",
        models.CASCADE,
        null=True,
        related_name="+",
        verbose_name=_("organization"),
        db_index=False,  # event_by_organization begins with it
    )
    actor = models.ForeignKey(
        "foundation.User", models.SET_NULL, null=True, related_name="+", verbose_name=_("actor"), db_index=False
    )
    request_id = models.CharField(_("request"), max_length=64, blank=True, db_default="")
    ip = models.GenericIPAddressField(_("IP address"), null=True)
    user_agent = models.CharField(_("browser"), max_length=300, blank=True, db_default="")
    created_at = models.DateTimeField(_("time"), db_default=Now())
    delivered_at = models.DateTimeField(_("delivered"), null=True)
    delivered_to = models.JSONField(_("delivered to"), default=list, db_default=models.Value([], models.JSONField()))
    attempts = models.PositiveSmallIntegerField(_("attempts"), db_default=0)
    retry_at = models.DateTimeField(_("next attempt"), null=True)
    gave_up = models.BooleanField(_("gave up"), db_default=False)
    error = models.TextField(_("error"), blank=True, db_default="")

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("event"), _("events")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["id"], name="event_pending", condition=PENDING),
            models.Index(fields=["key", "id"], name="event_pending_by_key", condition=PENDING),
            models.Index(fields=["organization", "-id"], name="event_by_organization"),
            models.Index(fields=["name"], name="event_given_up", condition=GAVE_UP),
            models.Index(fields=["actor"], name="event_by_actor", condition=models.Q(actor__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.name} #{self.pk}"
