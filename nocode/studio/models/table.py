"""Tables and fields: labels are for people, `physical_name` is what PostgreSQL sees and never changes."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from nocode.foundation.models import Record
from nocode.studio.fields import FieldType, field_types


class DataTable(Record):
    """A table of a project. Its rows also carry id, created_at and updated_at."""

    organization_path = "project__organization"

    project = models.ForeignKey("studio.Project", models.CASCADE, related_name="tables", verbose_name=_("project"))
    label = models.CharField(_("name"), max_length=150)
    physical_name = models.CharField(_("database table"), max_length=63, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("table"), _("tables")
        ordering = ["project", "label"]
        constraints = [
            models.UniqueConstraint(fields=["project", "label"], name="table_label_once_per_project"),
            models.UniqueConstraint(fields=["project", "physical_name"], name="table_physical_name_once_per_project"),
        ]

    def __str__(self) -> str:
        return self.label


class Field(Record):
    """A column of a table; `kind` names its FieldType, `settings` holds what that type's form collected."""

    organization_path = "table__project__organization"

    table = models.ForeignKey(DataTable, models.CASCADE, related_name="fields", verbose_name=_("table"))
    label = models.CharField(_("name"), max_length=150)
    physical_name = models.CharField(_("database column"), max_length=63, editable=False)
    kind = models.CharField(_("type"), max_length=40)
    required = models.BooleanField(_("required"), default=False)
    unique = models.BooleanField(_("unique"), default=False)
    settings = models.JSONField(_("settings"), default=dict, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name, verbose_name_plural = _("field"), _("fields")
        ordering = ["table", "position", "label"]
        constraints = [
            models.UniqueConstraint(fields=["table", "label"], name="field_label_once_per_table"),
            models.UniqueConstraint(fields=["table", "physical_name"], name="field_physical_name_once_per_table"),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def type(self) -> FieldType:
        """What gives this field its meaning. Raises UnknownKind when the kind is not installed any more."""
        return field_types[self.kind]

    @property
    def unique_constraint(self) -> str:
        """Name of the database constraint, from the id: it survives every rename, and an error leads back to us."""
        return f"uq_{self.pk.hex}"
