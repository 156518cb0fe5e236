"""What people keep about rows: how they look at them, what became of them, what they say about them."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from nocode.foundation.models import Record
from nocode.foundation.models.base import ScopedQuerySet


class GridView(Record):
    """A way to look at a table: filters, order, groups, columns. Without an owner it is everybody's."""

    organization_path = "table__project__organization"

    table = models.ForeignKey("studio.DataTable", models.CASCADE, related_name="views", verbose_name=_("table"))
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("owner")
    )
    name = models.CharField(_("name"), max_length=150)
    settings = models.JSONField(_("settings"), default=dict, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name, verbose_name_plural = _("view"), _("views")
        ordering = ["table", "position", "created_at"]

    def __str__(self) -> str:
        return self.name


class RecordChange(models.Model):
    """A row that was changed or deleted: its values before and after, those that changed only.

    Changes made by one act share a `batch`. A row says itself when it was created.
    """

    class Verb(models.TextChoices):
        UPDATED = "updated", _("changed")
        DELETED = "deleted", _("deleted")
        RESTORED = "restored", _("restored")

    organization_path = "table__project__organization"

    id = models.BigAutoField(primary_key=True)
    table = models.ForeignKey(
        "studio.DataTable", models.CASCADE, related_name="record_changes", db_index=False, verbose_name=_("table")
    )
    record_id = models.BigIntegerField(_("row"))
    at = models.DateTimeField(_("time"), db_default=models.functions.Now())
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("person")
    )
    source = models.CharField(_("made by"), max_length=200, blank=True)  # a workflow, an app, an import
    verb = models.CharField(_("what"), max_length=10, choices=Verb.choices)
    before = models.JSONField(_("before"), default=dict)
    after = models.JSONField(_("after"), default=dict)
    batch = models.UUIDField(_("act"))

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("change of a row"), _("changes of rows")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["table", "record_id", "-id"], name="recordchange_of_row"),
            models.Index(fields=["batch"], name="recordchange_of_act"),
            models.Index(fields=["at"], name="recordchange_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.record_id} {self.verb}"


class RecordComment(Record):
    """What somebody says about a row."""

    organization_path = "table__project__organization"

    table = models.ForeignKey(
        "studio.DataTable", models.CASCADE, related_name="comments", db_index=False, verbose_name=_("table")
    )
    record_id = models.BigIntegerField(_("row"))
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("author")
    )
    text = models.TextField(_("text"), max_length=5000)
    mentioned = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="+")

    class Meta:
        verbose_name, verbose_name_plural = _("comment"), _("comments")
        ordering = ["id"]
        indexes = [models.Index(fields=["table", "record_id", "id"], name="recordcomment_of_row")]

    def __str__(self) -> str:
        return self.text[:60]
