"""Tables and fields: labels are for people, `physical_name` is what PostgreSQL sees and never changes."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from nocode.foundation.models import Record
from nocode.studio.fields import FieldType, field_types
from nocode.studio.models.project import Project
from nocode.studio.models.trash import Trashable


class DataTable(Trashable, Record):
    """A table of a project. Its rows also carry id, created_at and updated_at.

    In the trash its database table lies in the project's trash schema, under a name made of its id.
    """

    organization_path = "project__organization"

    project = models.ForeignKey("studio.Project", models.CASCADE, related_name="tables", verbose_name=_("project"))
    label = models.CharField(_("name"), max_length=150)
    physical_name = models.CharField(_("database table"), max_length=63, editable=False)
    description = models.TextField(_("description"), blank=True)
    display_name = models.CharField(
        _("field that names a row"), max_length=63, blank=True, help_text=_("Empty: the first field with text.")
    )

    class Meta:
        verbose_name, verbose_name_plural = _("table"), _("tables")
        ordering = ["project", "label"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "label"],
                condition=models.Q(trashed_at=None),
                name="table_label_once_per_project",
            ),
            models.UniqueConstraint(fields=["project", "physical_name"], name="table_physical_name_once_per_project"),
        ]

    def __str__(self) -> str:
        return self.label

    @classmethod
    def is_live(cls) -> models.Q:
        """A table is out of sight with its project, too. A subquery: a join would be locked and updated with it."""
        return super().is_live() & models.Q(project__in=Project.objects.values("pk"))

    @property
    def relation_name(self) -> str:
        """The table as it is named in the database now."""
        return f"t_{self.pk.hex}" if self.trashed_at else self.physical_name

    @property
    def relation_schema(self) -> str:
        """The schema it lies in now."""
        return self.project.trash_schema if self.trashed_at else self.project.schema_name


class Field(Trashable, Record):
    """A column of a table; `kind` names its FieldType, `settings` holds what that type's form collected.

    `default` is what a new row gets when it says nothing, as JSON. In the trash the column stays in its table, under a
    name made of the field's id, without its rules.
    """

    organization_path = "table__project__organization"

    table = models.ForeignKey(DataTable, models.CASCADE, related_name="fields", verbose_name=_("table"))
    label = models.CharField(_("name"), max_length=150)
    physical_name = models.CharField(_("database column"), max_length=63, editable=False)
    kind = models.CharField(_("type"), max_length=40)
    required = models.BooleanField(_("required"), default=False)
    unique = models.BooleanField(_("unique"), default=False)
    settings = models.JSONField(_("settings"), default=dict, blank=True)
    default = models.JSONField(pgettext_lazy("value", "default"), null=True, blank=True)
    help_text = models.CharField(_("help text"), max_length=300, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name, verbose_name_plural = _("field"), _("fields")
        ordering = ["table", "position", "label"]
        constraints = [
            models.UniqueConstraint(
                fields=["table", "label"], condition=models.Q(trashed_at=None), name="field_label_once_per_table"
            ),
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

    @property
    def check_constraint(self) -> str:
        """Name of the database constraint that holds the settings of the type (smallest, largest, …)."""
        return f"ck_{self.pk.hex}"

    @property
    def column_name(self) -> str:
        """The column as it is named in the database now."""
        return f"trash_{self.pk.hex}" if self.trashed_at else self.physical_name
