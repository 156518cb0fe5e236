"""People and executions that the tests of the screens share."""

from dataclasses import dataclass

from django.test import Client

from nocode.automation.models import Workflow, WorkflowExecution
from nocode.automation.services import executions
from nocode.foundation.models import Organization, Role, User
from tests.factories import make_organization, make_published, make_user, set_values

STEPS = (("first", "set", set_values(x="{{ trigger.x }}")), ("second", "set", set_values(y="{{ steps.first.x + 1 }}")))
FAILING = (("first", "set", set_values(x="1")), ("second", "stop", {"message": "The file has no header."}))


@dataclass
class Office:
    """An organization with an owner, a viewer (who owns another one: roles do not mix), and a stranger."""

    organization: Organization
    owner: User
    viewer: User
    stranger: User

    def client(self, who: str) -> Client:
        client = Client()
        client.force_login(getattr(self, who))
        return client

    def workflow(self, *steps, **fields) -> Workflow:
        return make_published(*(steps or STEPS), organization=self.organization, **fields)

    def execution(self, workflow: Workflow | None = None, **options) -> WorkflowExecution:
        """Started, not run yet."""
        return executions.start(workflow or self.workflow(), **{"input": {"x": 1}, **options})

    def finished(self, workflow: Workflow | None = None, **options) -> WorkflowExecution:
        """Started and run to its end."""
        return executions.run_now(self.execution(workflow, **options).pk, budget=10)


def make_office() -> Office:
    organization, elsewhere = make_organization("Acme"), make_organization("Elsewhere")
    viewer = make_user(organization=organization, role=Role.VIEWER)
    elsewhere.memberships.create(user=viewer, role=Role.OWNER)
    return Office(
        organization,
        owner=make_user(organization=organization, name="Olive Owner"),
        viewer=viewer,
        stranger=make_user(organization=elsewhere),
    )
