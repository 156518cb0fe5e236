"""Creates and removes the demo organization."""

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from nocode.automation.models import Workflow
from nocode.console.demo import app, pages, shop, workflows
from nocode.console.demo.own_work import own_work
from nocode.foundation.errors import NoCodeError
from nocode.foundation.models import Membership, Organization, Role, User
from nocode.runtime.models import GeneratedApp
from nocode.studio.models import Project

SLUG = "demo"


def load(owner: User, language: str) -> Organization:
    """Create the demo in a language, owned by a person; what exists already is left as it is."""
    if organization := Organization.objects.filter(slug=SLUG).first():
        return organization
    with transaction.atomic(), translation.override(language):
        organization = Organization.objects.create(name=_("Alder & Finch (demo)"), slug=SLUG)
        Membership.objects.create(organization=organization, user=owner, role=Role.OWNER)
        tables = shop.create_tables(organization)
        workflows.create_order_intake(tables, owner)
        workflows.create_order_count(tables, owner)
        pages.create_pages(tables)
        app.create_order_desk(tables, owner)
    return organization


def apps() -> list[GeneratedApp]:
    """The applications of the demo that people can open, or soon can."""
    return list(
        GeneratedApp.objects.filter(project__organization__slug=SLUG).exclude(status=GeneratedApp.Status.ARCHIVED)
    )


class HoldsOwnWork(NoCodeError):
    """The demo organization also holds what somebody made."""


@transaction.atomic
def remove(*, force: bool = False) -> bool:
    """Delete the demo organization with its schema, workflows, executions and application; False when there is none.

    Raises HoldsOwnWork, naming it, when people made something in there, unless forced.
    """
    organization = Organization.objects.filter(slug=SLUG).first()
    if organization is None:
        return False
    if not force and (names := own_work(organization)):
        raise HoldsOwnWork(f"{HoldsOwnWork.__doc__} It would be deleted too: {', '.join(names)}.")
    for workflow in Workflow.objects.filter(organization=organization):
        workflow.delete()
    for project in Project.objects.filter(organization=organization):
        project.delete()
    organization.delete()
    return True
