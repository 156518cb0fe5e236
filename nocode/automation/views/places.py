"""Where a new workflow is to be: in an organization, and with the tables of a project or without any."""

from dataclasses import dataclass, field

from django.http import HttpRequest
from django.utils.translation import gettext as _

from nocode.foundation.errors import NoCodeError
from nocode.foundation.models import Organization, User
from nocode.foundation.permissions import organizations_where
from nocode.studio.models import Project


@dataclass(frozen=True)
class Place:
    """One choice."""

    organization: Organization
    project: Project | None = None

    @property
    def value(self) -> str:
        return str((self.project or self.organization).pk)

    def may_make_tables(self, user: User) -> bool:
        """Whether the person may add tables to the project."""
        return self.project is not None and user.has_perm("studio.change_project", self.project)


@dataclass
class Group:
    """The choices in one organization."""

    organization: Organization
    choices: list[Place] = field(default_factory=list)


def places(request: HttpRequest) -> list[Group]:
    """Where the person may add workflows, by organization: each of its projects, and outside of them."""
    found = organizations_where(request.user, "automation.add").order_by("name").prefetch_related("projects")
    return [Group(each, [Place(each), *(Place(each, project) for project in each.projects.all())]) for each in found]


def chosen_place(request: HttpRequest) -> Place:
    """The choice that was sent; it need not be sent where there is only one. Raises NoCodeError."""
    choices = [place for group in places(request) for place in group.choices]
    wanted = request.POST.get("place", "")
    if not wanted and len(choices) == 1:
        return choices[0]
    for place in choices:
        if place.value == wanted:
            return place
    raise NoCodeError(_("Choose where the workflow is to be."))
