"""The people around an application, and what they can do with it."""

from dataclasses import dataclass, field

from django.test import Client

from nocode.foundation.models import Organization, Role, User
from nocode.runtime.models import GeneratedApp
from nocode.studio.models import DataTable
from nocode.studio.services.records import Records
from tests.factories import make_deployed, make_organization, make_pages, make_project, make_user


@dataclass
class Team:
    """An organization with somebody of each role, a stranger, and an application about orders that is online."""

    organization: Organization
    table: DataTable
    app: GeneratedApp
    people: dict[str, User] = field(default_factory=dict)

    def client(self, who: str, **options) -> Client:
        client = Client(**options)
        client.force_login(self.people[who])
        return client

    def address(self, page: str = "", **query) -> str:
        end = f"{page}/" if page else ""
        return f"{self.app.address}{end}" + ("?" + "&".join(f"{k}={v}" for k, v in query.items()) if query else "")

    @property
    def records(self) -> Records:
        return Records(DataTable.objects.get(pk=self.table.pk))

    def form_of(self, page: str = "orders-form") -> str:
        """The id of the form on a page, as its hidden field names it."""
        [pages] = [each for each in self.app.current_deployment.snapshot["pages"] if each["slug"] == page]
        return next(block["id"] for block in pages["blocks"] if block["kind"] == "data.form")


def make_team(**fields) -> Team:
    organization, elsewhere = make_organization("Acme"), make_organization("Elsewhere")
    table, _pages = make_pages(make_project(organization))
    team = Team(organization, table, make_deployed(table.project, name="Order desk", slug="order-desk", **fields))
    for role in Role.values:
        team.people[role] = make_user(organization=organization, role=role)
        # Roles do not mix: everybody owns another organization.
        elsewhere.memberships.create(user=team.people[role], role=Role.OWNER)
    team.people["stranger"] = make_user(organization=elsewhere)
    team.people["superuser"] = make_user(is_superuser=True)
    return team
