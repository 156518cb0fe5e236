"""A project owns one PostgreSQL schema and everything in it."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from nocode.foundation.models import Record
from nocode.studio.models.trash import Trashable


class Project(Trashable, Record):
    """What a team builds: tables that live in a schema of their own.

    A project in the trash keeps its schema until the grace period is over, and its name is free for another one.
    """

    organization = models.ForeignKey(
        "foundation.Organization", models.CASCADE, related_name="projects", verbose_name=_("organization")
    )
    name = models.CharField(_("name"), max_length=150)
    schema_name = models.CharField(_("database schema"), max_length=63, unique=True, editable=False)
    description = models.TextField(_("description"), blank=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name, verbose_name_plural = _("project"), _("projects")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "name"],
                condition=models.Q(trashed_at=None),
                name="project_name_once_per_organization",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def trash_schema(self) -> str:
        """Where tables of the project lie in the trash. A schema's name has room for it: see `names.schema_name`."""
        return f"{self.schema_name}_trash"
