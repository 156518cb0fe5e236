"""What happened to the structure of a project, and the indexes that people asked for."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from nocode.foundation.models import Record


class SchemaChange(Record):
    """One change of structure, as it was done, and what undoes it.

    `forward` and `backward` are operations (see `schema/operations.py`) as JSON; `sql` is what was executed. An undone
    change can be done again until another change is made.
    """

    organization_path = "project__organization"

    project = models.ForeignKey("studio.Project", models.CASCADE, related_name="changes", verbose_name=_("project"))
    table = models.ForeignKey(
        "studio.DataTable", models.SET_NULL, null=True, related_name="changes", verbose_name=_("table")
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("person")
    )
    forward = models.JSONField(_("operation"))
    backward = models.JSONField(_("inverse"), null=True)
    sql = models.TextField(_("SQL"), blank=True)
    undone_at = models.DateTimeField(_("undone"), null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("change of structure"), _("changes of structure")
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.forward.get("op", "")


class TableIndex(Record):
    """An index of a table: for an order of columns, or for searching words in them. Built beside the work of others."""

    class Kind(models.TextChoices):
        ORDER = "order", _("filter and sort")
        SEARCH = "search", _("search")

    class State(models.TextChoices):
        BUILDING = "building", _("being built")
        READY = "ready", _("ready")
        FAILED = "failed", _("failed")

    organization_path = "table__project__organization"

    table = models.ForeignKey("studio.DataTable", models.CASCADE, related_name="indexes", verbose_name=_("table"))
    kind = models.CharField(_("purpose"), max_length=10, choices=Kind.choices, default=Kind.ORDER)
    columns = models.JSONField(_("columns"))  # physical names, in order
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.BUILDING)
    error = models.TextField(_("error"), blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("index"), _("indexes")
        ordering = ["table", "kind", "id"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {', '.join(self.columns)}"

    @property
    def orders(self) -> bool:
        """Whether filters and sorting may go by it."""
        return self.kind == self.Kind.ORDER and self.state == self.State.READY

    @property
    def searches(self) -> bool:
        """Whether searches may go by it."""
        return self.kind == self.Kind.SEARCH and self.state == self.State.READY

    @property
    def physical_name(self) -> str:
        return f"ix_{self.pk.hex}"
