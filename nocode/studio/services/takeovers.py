"""Takeovers of a schema as people ask for them. Whoever may do this reads anything in the database: superusers only."""

from django.db import transaction
from django.utils.translation import gettext as _

from nocode.foundation.errors import PermissionRefused
from nocode.foundation.models import Organization, User
from nocode.studio.introspection.plan import Plan
from nocode.studio.introspection.planning import plan
from nocode.studio.introspection.schemas import Offer, offered, require_offered
from nocode.studio.models import Project, TableJob
from nocode.studio.services import jobs, projects


def schemas(user: User) -> list[Offer]:
    """The schemas that a person may choose from. Raises PermissionRefused."""
    _require_superuser(user)
    return offered()


def look(schema: str, user: User) -> Plan:
    """What would become of a schema, as far as its first rows tell. Raises TakeoverRefused or PermissionRefused."""
    _require_superuser(user)
    return plan(schema)


@transaction.atomic
def start(schema: str, *, user: User, project: Project) -> TableJob:
    """Have a schema taken over into a project. Raises TakeoverRefused or PermissionRefused."""
    _require_superuser(user)
    require_offered(schema)
    return jobs.start("takeover", project=project, user=user, options={"schema": schema})


@transaction.atomic
def start_new(schema: str, *, user: User, organization: Organization, name: str) -> TableJob:
    """The same into a project that is made for it."""
    _require_superuser(user)
    return start(schema, user=user, project=projects.create_project(organization, name))


def _require_superuser(user: User) -> None:
    if not user.is_superuser:
        raise PermissionRefused(_("Only an administrator of this installation may read other schemas."))
