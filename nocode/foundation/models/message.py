"""What the product tells people: in the console, and by e-mail."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from nocode.foundation.models.base import Record, ScopedQuerySet
from nocode.foundation.models.secret import SecretText


class NotificationQuerySet(ScopedQuerySet):
    """Notifications belong to one person, whatever the organization."""

    def visible_to(self, user) -> "NotificationQuerySet":
        return self.filter(user=user.pk) if user.is_active else self.none()

    def unread(self) -> "NotificationQuerySet":
        return self.filter(read_at=None)


class Notification(Record):
    """Something one person should know, shown under the bell. `key` tells the same fact once.

    A title that is a sentence of ours is kept in English, and as `sentence`: its text and the names that stand in it.
    So whoever reads it reads their own language, which nobody knows before.
    """

    class Level(models.TextChoices):
        INFO = "info", _("Info")
        SUCCESS = "success", _("Success")
        WARNING = "warning", _("Warning")
        ERROR = "error", _("Error")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="notifications", verbose_name=_("person")
    )
    organization = models.ForeignKey(
        "foundation.Organization", models.CASCADE, null=True, related_name="+", verbose_name=_("organization")
    )
    kind = models.CharField(_("kind"), max_length=120)
    key = models.CharField(max_length=200)
    level = models.CharField(_("level"), max_length=7, choices=Level, default=Level.INFO)
    title = models.CharField(_("title"), max_length=250)
    sentence = models.JSONField(null=True)
    text = models.TextField(_("text"), blank=True)
    link = models.CharField(_("page"), max_length=300, blank=True)
    read_at = models.DateTimeField(_("read"), null=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("notification"), _("notifications")
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="notification_once")]
        indexes = [
            models.Index(fields=["user", "-id"], name="notification_newest"),
            models.Index(fields=["user"], name="notification_unread", condition=models.Q(read_at=None)),
        ]

    def __str__(self) -> str:
        if self.sentence is None:
            return self.title
        names = self.sentence["names"]
        return gettext(self.sentence["text"]) % (tuple(names) if isinstance(names, list) else names)

    @property
    def icon(self) -> str:
        """The Material symbol of its level."""
        return _LOOKS[self.level][0]

    @property
    def tone(self) -> str:
        """The colour of its level: ok, fail, run or wait."""
        return _LOOKS[self.level][1]


_LOOKS = {
    Notification.Level.INFO: ("info", "run"),
    Notification.Level.SUCCESS: ("check_circle", "ok"),
    Notification.Level.WARNING: ("warning", "wait"),
    Notification.Level.ERROR: ("error", "fail"),
}


class Email(Record):
    """A message to be sent by the queue.

    It may hold a link that opens an account: its text is stored encrypted, shown nowhere, and forgotten once sent.
    """

    class Status(models.TextChoices):
        QUEUED = "queued", _("Queued")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Failed")

    organization = models.ForeignKey(
        "foundation.Organization", models.CASCADE, null=True, related_name="+", verbose_name=_("organization")
    )
    to = models.EmailField(pgettext_lazy("e-mail", "to"))
    subject = models.CharField(_("subject"), max_length=250)
    text = SecretText(_("text"), blank=True)
    html = SecretText(_("HTML"), blank=True)
    status = models.CharField(_("status"), max_length=6, choices=Status, default=Status.QUEUED)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    error = models.TextField(_("error"), blank=True)
    due_at = models.DateTimeField(_("next attempt"), null=True)  # queued and empty: no mail server is configured
    sent_at = models.DateTimeField(_("sent"), null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("e-mail"), _("e-mails")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["organization", "-id"], name="email_newest"),
            models.Index(fields=["due_at"], name="email_queued", condition=models.Q(status="queued")),
        ]

    def __str__(self) -> str:
        return f"{self.to}: {self.subject}"
