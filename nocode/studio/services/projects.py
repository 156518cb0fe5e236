"""Projects: a row and a schema that come, go to the trash and go for good together."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from nocode.foundation.ids import uuid7
from nocode.foundation.models import Organization
from nocode.foundation.services import billing
from nocode.studio.errors import NameRefused, NameTaken, SchemaRefused
from nocode.studio.events import tell_project
from nocode.studio.models import DataTable, Project
from nocode.studio.schema import names
from nocode.studio.schema.manager import SchemaManager


@transaction.atomic
def create_project(organization: Organization, name: str, *, description: str = "") -> Project:
    """Create a project with its empty schema. Raises NameRefused, NameTaken or LimitReached."""
    name = names.clean_label(name)
    _require_free(organization, name)
    billing.require(organization, "projects")
    identifier = uuid7()
    project = Project.objects.create(
        id=identifier,
        organization=organization,
        name=name,
        description=description,
        schema_name=names.schema_name(name, identifier.hex[-8:]),
    )
    SchemaManager(project).create_schema()
    return project


@transaction.atomic
def trash(project: Project) -> Project:
    """Throw a project away: out of sight at once, gone for good after the grace period. Its schema stays until then."""
    held = _held(project)
    if held.trashed_at:
        return held
    _put(held, timezone.now())
    tell_project(held, "trashed")
    return held


@transaction.atomic
def restore(project: Project) -> Project:
    """Bring a project back from the trash. Raises NameTaken when another one has its name by now, or LimitReached."""
    held = _held(project)
    if held.trashed_at is None:
        return held
    _require_free(held.organization, held.name)
    billing.require(held.organization_id, "projects")
    if tables := DataTable.everything.filter(project=held, trashed_at=None).count():
        billing.require(held.organization_id, "tables", tables)
    _put(held, None)
    tell_project(held, "restored")
    return held


@transaction.atomic
def purge(project: Project, *, name: str) -> None:
    """Delete a project that is in the trash for good; its name has to be typed."""
    held = _held(project)
    if held.trashed_at is None:
        raise SchemaRefused(_("“%(project)s” is not in the trash.") % {"project": held.name})
    if names.clean_label(name) != held.name:
        raise NameRefused(_("Type the name of the project to delete it: %(name)s") % {"name": held.name})
    held.delete()


def _put(project: Project, trashed_at: datetime | None) -> None:
    """In the trash or out of it; what processes remember of its tables is not true any more."""
    project.trashed_at = trashed_at
    project.save(update_fields=["trashed_at", "updated_at"])
    DataTable.everything.filter(project=project).update(updated_at=timezone.now())


def _held(project: Project) -> Project:
    return Project.everything.select_for_update(no_key=True).get(pk=project.pk)


def _require_free(organization: Organization, name: str) -> None:
    if organization.projects.filter(name=name).exists():
        raise NameTaken(
            _("“%(organization)s” already has a project named “%(name)s”.")
            % {"organization": organization.name, "name": name}
        )
