"""What starts a workflow, and what webhooks have delivered."""

import re
import secrets

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models.fields.json import KT
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from nocode.foundation.models import Record, ScopedQuerySet, SecretText

TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")


def new_token() -> str:
    """192 random bits, safe in an address."""
    return secrets.token_urlsafe(24)


class Trigger(Record):
    """A way to start a workflow; `config` is what the form of its kind collected."""

    class Kind(models.TextChoices):
        MANUAL = "manual", _("Manual")
        WEBHOOK = "webhook", _("Webhook")
        SCHEDULE = "schedule", _("Schedule")
        RECORD = "record", _("Row")
        EVENT = "event", _("Event")
        FORM = "form", _("Form")

    organization_path = "workflow__organization"

    workflow = models.ForeignKey("Workflow", models.CASCADE, related_name="triggers", verbose_name=_("workflow"))
    kind = models.CharField(_("type"), max_length=10, choices=Kind)
    name = models.CharField(_("name"), max_length=150)
    is_active = models.BooleanField(_("active"), default=True)
    entry = models.SlugField(
        _("starts at"),
        max_length=60,
        blank=True,
        help_text=_("The key of the first step; empty: every step without a predecessor."),
    )
    config = models.JSONField(_("settings"), default=dict, blank=True)
    token = models.CharField(_("token"), max_length=64, unique=True, default=new_token, editable=False)
    secret = SecretText(_("secret"), blank=True, editable=False)
    next_run_at = models.DateTimeField(_("next run"), null=True, editable=False)
    last_run_at = models.DateTimeField(_("last run"), null=True, editable=False)
    last_error = models.TextField(_("last problem"), blank=True, editable=False)
    # The rate limit as one moment: each accepted call moves it on by its share of a minute (services/webhooks.py).
    calls_paid_until = models.DateTimeField(null=True, editable=False)
    history = HistoricalRecords(
        excluded_fields=["secret", "token", "next_run_at", "last_run_at", "last_error", "calls_paid_until"]
    )

    class Meta:
        verbose_name, verbose_name_plural = _("trigger"), _("triggers")
        ordering = ["workflow", "created_at"]
        indexes = [
            models.Index(
                fields=["next_run_at"], name="trigger_due", condition=models.Q(kind="schedule", is_active=True)
            ),
            # Asked for each lot of events about rows: does somebody wait for them?
            models.Index(
                KT("config__table"), name="trigger_of_table", condition=models.Q(kind="record", is_active=True)
            ),
        ]

    def __str__(self) -> str:
        return self.name


class WebhookDelivery(models.Model):
    """A webhook call that was accepted, stored before it was answered."""

    organization_path = "trigger__workflow__organization"

    id = models.BigAutoField(primary_key=True)
    trigger = models.ForeignKey(
        Trigger,
        models.CASCADE,
        related_name="deliveries",
        verbose_name=_("trigger"),
        db_index=False,  # the unique constraint's index begins with it
    )
    # The sender's id of this delivery; a second arrival with the same id starts nothing.
    dedup_key = models.CharField(_("delivery id"), max_length=200, null=True)
    execution_id = models.UUIDField(_("execution"))
    method = models.CharField(max_length=8)
    headers = models.JSONField(_("headers"))
    query = models.JSONField(_("query"))
    body = models.BinaryField(_("body"))
    caller = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("on behalf of"),
        db_index=False,  # looked for only when an account is deleted
    )
    received_at = models.DateTimeField(_("received"), db_default=models.functions.Now())
    error = models.TextField(_("why nothing started"), blank=True, db_default="")

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("webhook delivery"), _("webhook deliveries")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["trigger", "dedup_key"], name="delivery_once_per_trigger"),
        ]
        # Rows arrive in the order of their time: an index of a few pages finds the latest, and the oldest.
        indexes = [BrinIndex(fields=["received_at"], name="delivery_received", pages_per_range=16, autosummarize=True)]

    def __str__(self) -> str:
        return f"#{self.pk}"
