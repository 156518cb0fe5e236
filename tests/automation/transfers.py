"""What the tests of workflow files share."""

import json
from pathlib import Path
from typing import Any

from nocode.automation.models import Workflow
from nocode.automation.transfer.writing import outline
from nocode.foundation.models import Organization
from nocode.studio.schema.manager import NewField
from tests.factories import (
    make_edge,
    make_integration,
    make_node,
    make_organization,
    make_project,
    make_table,
    make_trigger,
    make_workflow,
    set_values,
)

ROOT = Path(__file__).parents[2]
SMALL = {
    "format": "nocode.workflow",
    "version": 1,
    "name": "Small",
    "nodes": [{"key": "a", "kind": "set", "label": "A"}],
}
SCHEMA = json.loads((ROOT / "docs" / "workflow-file.schema.json").read_text())


def content(outline: dict[str, Any]) -> bytes:
    return json.dumps(outline).encode()


def make_rich(organization: Organization | None = None) -> Workflow:
    """A workflow with something of everything that a file has."""
    organization = organization or make_organization()
    project = make_project(organization)
    make_table(project, "Orders", (NewField("Name", "text", required=True), NewField("Amount", "integer")))
    workflow = make_workflow(
        organization,
        name="Bestellung €",
        description="Takes an order",
        project=project,
        variables={"limit": 100, "tags": ["a", None]},
        timeout=60,
        retention_days=7,
    )
    mailer = make_integration(organization, name="Partner")
    first = make_node(
        workflow,
        "first",
        config=set_values(total="{{ trigger.body.total }}"),
        is_disabled=True,
        pinned={"total": 7},
        x=-40,
        y=7,
        label="Erst 😀",
    )
    choice = make_node(
        workflow, "choice", "if", config={"conditions": [{"left": "{{ input.total }}", "op": "gt", "right": "5"}]}
    )
    order = [{"field": "name", "value": "{{ steps.first.total }}"}]
    row = make_node(workflow, "row", "record.create", config={"table": "orders", "values": order}, on_error="branch")
    call = make_node(
        workflow, "call", "http.request", config={"url": "https://a.test", "integration": str(mailer.pk)}, max_retries=0
    )
    make_edge(first, choice)
    make_edge(choice, row, "true")
    make_edge(choice, call, "false")
    make_edge(row, call, "error")
    make_trigger(workflow, "webhook", config={"security": "none"}, name="Shop", entry="first")
    make_trigger(workflow, "schedule", config={"mode": "cron", "cron": "0 6 * * *"}, is_active=False)
    return workflow


def outline_of(workflow: Workflow) -> dict[str, Any]:
    """The outline, as JSON has it."""
    return json.loads(json.dumps(outline(Workflow.objects.get(pk=workflow.pk))))
