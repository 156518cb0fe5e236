"""Objects for tests; say only what the test is about."""

import hashlib
import secrets
from datetime import date, timedelta
from itertools import count

from django.utils import timezone

from nocode.automation.models import Edge, Integration, Node, Trigger, Workflow
from nocode.automation.nodes import node_types
from nocode.automation.services import integrations, workflows
from nocode.foundation.models import (
    Invitation,
    Invoice,
    Membership,
    Organization,
    Plan,
    Role,
    Subscription,
    User,
)
from nocode.runtime.models import GeneratedApp
from nocode.runtime.services import deployments
from nocode.studio.models import DataTable, Page, Project
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.services import pages
from nocode.studio.services.projects import create_project

_number = count(1)


def make_organization(name: str | None = None) -> Organization:
    number = next(_number)
    return Organization.objects.create(name=name or f"Organization {number}", slug=f"organization-{number}")


def make_user(
    email: str | None = None, *, organization: Organization | None = None, role: str = Role.OWNER, **fields
) -> User:
    """A person; with an organization, a member of it."""
    user = User.objects.create_user(email or f"person{next(_number)}@example.com", "correct horse battery", **fields)
    if organization:
        Membership.objects.create(organization=organization, user=user, role=role)
    return user


def make_project(organization: Organization | None = None, name: str | None = None) -> Project:
    """A project with its schema."""
    return create_project(organization or make_organization(), name or f"Project {next(_number)}")


def make_workflow(organization: Organization | None = None, **fields) -> Workflow:
    fields.setdefault("name", f"Workflow {next(_number)}")
    return Workflow.objects.create(organization=organization or make_organization(), **fields)


def make_node(workflow: Workflow, key: str, kind: str = "set", **fields) -> Node:
    fields.setdefault("label", key.title())
    return Node.objects.create(workflow=workflow, key=key, kind=kind, **fields)


def make_trigger(workflow: Workflow, kind: str = "manual", **fields) -> Trigger:
    fields.setdefault("name", f"{kind} trigger")
    return Trigger.objects.create(workflow=workflow, kind=kind, **fields)


def make_table(
    project: Project | None = None, label: str | None = None, fields: tuple[NewField, ...] = (NewField("Name", "text"),)
) -> DataTable:
    """A table of a project, ready for rows."""
    return SchemaManager(project or make_project()).create_table(label or f"Table {next(_number)}", fields)


def make_edge(source: Node, target: Node, port: str = "main") -> Edge:
    return Edge.objects.create(workflow=source.workflow, source=source, target=target, port=port)


def make_chain(workflow: Workflow, *steps: tuple[str, str, dict]) -> list[Node]:
    """Nodes as (key, kind, config), each connected to the next through its first output."""
    nodes = [make_node(workflow, key, kind, config=config) for key, kind, config in steps]
    for source, target in zip(nodes, nodes[1:], strict=False):
        make_edge(source, target, node_types[source.kind].ports(source.config)[0][0])
    return nodes


def make_published(*steps: tuple[str, str, dict], **fields) -> Workflow:
    """A published workflow of a chain of steps."""
    workflow = make_workflow(**fields)
    make_chain(workflow, *steps)
    workflows.publish(workflow)
    workflow.refresh_from_db()
    return workflow


def set_values(**values) -> dict:
    """The settings of a "set" step."""
    return {"values": [{"name": name, "value": value} for name, value in values.items()]}


def make_integration(
    organization: Organization | None = None, kind: str = "http.bearer", *, values: dict | None = None, **fields
) -> Integration:
    """An integration; `values` are its settings and secrets."""
    fields.setdefault("name", f"Integration {next(_number)}")
    integration = Integration(organization=organization or make_organization(), type=kind, **fields)
    return integrations.save(integration, {"token": "a-token-of-the-tests"} if values is None else values)


def make_pages(project: Project | None = None, label: str = "Orders") -> tuple[DataTable, list[Page]]:
    """A table and its three pages: list, one row, form."""
    table = make_table(project, label, (NewField("Name", "text", required=True), NewField("Amount", "integer")))
    return table, pages.make_pages_for(table)


def make_app(project: Project | None = None, **fields) -> GeneratedApp:
    """An application, not deployed yet, of a project that has a list, a detail page and a form."""
    if project is None:
        project = make_pages()[0].project
    number = next(_number)
    defaults = {"name": f"Application {number}", "slug": f"application-{number}"}
    return GeneratedApp.objects.create(project=project, **(defaults | fields))


def make_deployed(project: Project | None = None, **fields) -> GeneratedApp:
    """An application that is online."""
    app = make_app(project, **fields)
    deployments.build(deployments.deploy(app))
    app.refresh_from_db()
    return app


def make_page(project: Project | None = None, title: str | None = None, **fields) -> Page:
    """A page without blocks."""
    return pages.add_page(project or make_project(), title or f"Page {next(_number)}", **fields)


def make_plan(name: str | None = None, *, price: int = 0, **fields) -> Plan:
    """A plan on offer; the keywords that are no field of it are limits: `make_plan(members=3)`."""
    own = {field.name for field in Plan._meta.fields}
    limits = {kind: limit for kind, limit in fields.items() if kind not in own}
    fields = {key: value for key, value in fields.items() if key in own}
    return Plan.objects.create(name=name or f"Plan {next(_number)}", price=price, limits=limits, **fields)


def make_subscription(
    organization: Organization | None = None,
    plan: Plan | None = None,
    *,
    start: date = date(2026, 1, 1),
    end: date = date(2026, 2, 1),
    **fields,
) -> Subscription:
    """A subscription as it is in the middle of its life; nothing was invoiced."""
    plan = plan or make_plan()
    fields = {"started_on": start, "price": plan.price, **fields}
    return Subscription.objects.create(
        organization=organization or make_organization(), plan=plan, period_start=start, period_end=end, **fields
    )


def make_invoice(organization: Organization | None = None, *, number: str | None = None, **fields) -> Invoice:
    """An open invoice about January."""
    organization = organization or make_organization()
    values = {
        "number": number or f"T-{next(_number)}",
        "customer": {"name": organization.name},
        "lines": [{"text": "January", "amount": 1000}],
        "currency": "EUR",
        "total": 1000,
        "period_start": date(2026, 1, 1),
        "period_end": date(2026, 2, 1),
        "issued_on": date(2026, 1, 1),
        "due_on": date(2026, 1, 15),
    }
    return Invoice.objects.create(organization=organization, **{**values, **fields})


def make_invitation(organization: Organization | None = None, email: str | None = None, **fields) -> Invitation:
    """An open invitation; `token` is what its link ends with."""
    token = fields.pop("token", None) or secrets.token_urlsafe(32)
    fields.setdefault("expires_at", timezone.now() + timedelta(days=7))
    fields.setdefault("token_hash", hashlib.sha256(token.encode()).hexdigest())
    return Invitation.objects.create(
        organization=organization or make_organization(), email=email or f"guest{next(_number)}@example.com", **fields
    )
