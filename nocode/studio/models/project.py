"""A project owns one PostgreSQL schema and everything in it."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from nocode.foundation.models import Record


class Project(Record):
    """What a team builds: tables that live in a schema of their own."""

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
            models.UniqueConstraint(fields=["organization", "name"], name="project_name_once_per_organization")
        ]

    def __str__(self) -> str:
        return self.name
