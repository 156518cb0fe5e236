"""Who wants to hear how executions end, and what they were told."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from nocode.foundation.crypto import decrypt, encrypt
from nocode.foundation.models import Record, ScopedQuerySet, SecretText


class OwnQuerySet(ScopedQuerySet):
    """Rows that belong to one person, whatever the organization."""

    def visible_to(self, user) -> "OwnQuerySet":
        return self.filter(user=user.pk) if user.is_active else self.none()


class NotificationRule(Record):
    """How one person is told of one end of executions: of a workflow, or of every workflow without a rule of its own.

    A rule without any way of telling keeps silent. `webhook_url` is stored encrypted: such addresses let people in.
    """

    class On(models.TextChoices):
        FAILED = "failed", _("Failed")
        COMPLETED = "completed", _("Completed")
        CANCELLED = "cancelled", _("Cancelled")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("person"))
    organization = models.ForeignKey(
        "foundation.Organization",
        models.CASCADE,
        related_name="+",
        verbose_name=_("organization"),
        db_index=False,  # rule_by_end begins with it
    )
    workflow = models.ForeignKey(
        "Workflow", models.CASCADE, null=True, related_name="notification_rules", verbose_name=_("workflow")
    )
    on = models.CharField(_("when"), max_length=10, choices=On)
    in_console = models.BooleanField(_("in the console"), default=True)
    by_email = models.BooleanField(_("by e-mail"), default=False)
    webhook_url = SecretText(_("by calling an address"), blank=True)

    objects = OwnQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("notification rule"), _("notification rules")
        ordering = ["organization", "workflow", "on"]
        indexes = [models.Index(fields=["organization", "on"], name="rule_by_end")]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "workflow", "on"],
                condition=models.Q(workflow__isnull=False),
                name="rule_once_per_workflow",
            ),
            models.UniqueConstraint(
                fields=["user", "organization", "on"], condition=models.Q(workflow=None), name="rule_once_in_general"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.workflow or self.organization} · {self.get_on_display()}"

    @property
    def channels(self) -> set[str]:
        """The ways of telling that were chosen."""
        channel = NotificationDelivery.Channel
        asked = {channel.CONSOLE: self.in_console, channel.EMAIL: self.by_email, channel.WEBHOOK: self.webhook_url}
        return {each for each, wanted in asked.items() if wanted}

    def read_address(self) -> str:
        """The address to call, empty when there is none. Raises CannotDecrypt."""
        return decrypt(self.webhook_url)

    def keep_address(self, address: str) -> None:
        """Replace the address; does not save."""
        self.webhook_url = encrypt(address)


class NotificationDelivery(models.Model):
    """What one person is told, in one way, of one end of an execution: at most once, however often it is tried."""

    class Channel(models.TextChoices):
        CONSOLE = "console", _("In the console")
        EMAIL = "email", _("By e-mail")
        WEBHOOK = "webhook", _("By calling an address")

    class Status(models.TextChoices):
        PENDING = "pending", _("Pending")
        DELIVERED = "delivered", _("Delivered")
        FAILED = "failed", _("Failed")

    organization_path = "execution__organization"

    id = models.BigAutoField(primary_key=True)
    event_id = models.UUIDField(_("event"))  # of the transition: an execution that is repeated may fail twice
    execution = models.ForeignKey(
        "WorkflowExecution", models.CASCADE, related_name="notifications", verbose_name=_("execution")
    )
    type = models.CharField(_("type"), max_length=60)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("person"))
    rule = models.ForeignKey(NotificationRule, models.SET_NULL, null=True, related_name="+", verbose_name=_("rule"))
    channel = models.CharField(_("how"), max_length=10, choices=Channel)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.PENDING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    error = models.TextField(_("error"), blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    delivered_at = models.DateTimeField(_("delivered"), null=True)

    objects = OwnQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("workflow notification"), _("workflow notifications")
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["event_id", "user", "channel"], name="notification_told_once")]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_channel_display()} · {self.type}"
