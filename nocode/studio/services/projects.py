"""Projects: a row and a schema that come and go together."""

from django.db import transaction
from django.utils.translation import gettext as _

from nocode.foundation.ids import uuid7
from nocode.foundation.models import Organization
from nocode.foundation.services import billing
from nocode.studio.errors import NameTaken
from nocode.studio.models import Project
from nocode.studio.schema import names
from nocode.studio.schema.manager import SchemaManager


@transaction.atomic
def create_project(organization: Organization, name: str, *, description: str = "") -> Project:
    """Create a project with its empty schema. Raises NameRefused, NameTaken or LimitReached."""
    name = names.clean_label(name)
    if organization.projects.filter(name=name).exists():
        raise NameTaken(
            _("“%(organization)s” already has a project named “%(name)s”.")
            % {"organization": organization.name, "name": name}
        )
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
