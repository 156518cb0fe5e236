"""The outbox: facts written in the transaction of the change they tell, delivered after commit."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from nocode.foundation.models.base import ScopedQuerySet


class OutboxEvent(models.Model):
    """One fact. Undelivered events of one `key` (one object) are delivered in the order of their ids."""

    organization_path = "organization"

    id = models.BigAutoField(primary_key=True)
    event_id = models.UUIDField(_("event id"), default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=120)
    key = models.CharField(_("object"), max_length=120)
    payload = models.JSONField(_("payload"))
    organization = models.ForeignKey(
        "foundation.Organization", models.CASCADE, null=True, related_name="+", verbose_name=_("organization")
    )
    actor = models.ForeignKey("foundation.User", models.SET_NULL, null=True, related_name="+", verbose_name=_("actor"))
    request_id = models.CharField(_("request"), max_length=36, blank=True)
    created_at = models.DateTimeField(_("time"), auto_now_add=True)
    delivered_at = models.DateTimeField(_("delivered"), null=True)
    delivered_to = models.JSONField(_("delivered to"), default=list)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    retry_at = models.DateTimeField(_("next attempt"), null=True)
    gave_up = models.BooleanField(_("gave up"), default=False)
    error = models.TextField(_("error"), blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("event"), _("events")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["id"], name="event_undelivered", condition=models.Q(delivered_at=None, gave_up=False)),
            models.Index(fields=["organization", "-id"], name="event_by_organization"),
        ]

    def __str__(self) -> str:
        return f"{self.name} #{self.pk}"
