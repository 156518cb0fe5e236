"""The page of a workflow: its graph and problems, steps, triggers, versions and last executions."""

from collections import defaultdict
from typing import Any

from django.db.models import prefetch_related_objects
from django.http import HttpRequest
from django.urls import reverse

from nocode.automation import queries
from nocode.automation.forms import ConnectionForm
from nocode.automation.models import Node, Trigger, Workflow, WorkflowImport
from nocode.automation.services import drafts, workflows
from nocode.automation.triggers import InvalidTrigger, trigger_types
from nocode.automation.triggers.webhook import curl_example
from nocode.automation.views.answers import base_url
from nocode.automation.views.diagrams import diagram, kind_icon, kind_label
from nocode.automation.views.lessons import first_steps
from nocode.foundation.admin.forms import dress

VERSIONS_SHOWN = 10


def workflow_page(request: HttpRequest, workflow: Workflow) -> dict[str, Any]:
    """What templates/automation/workflow.html needs besides the form."""
    prefetch_related_objects([workflow], "nodes", "edges", "triggers")
    nodes = {node.key: node for node in workflow.nodes.all()}
    problems = problems_to_show(workflow) if nodes else []
    origin = WorkflowImport.objects.filter(workflow=workflow).values_list("source", flat=True).first() or ""
    graph = workflows.draft_graph(workflow)
    drawing = diagram(graph, lambda key: step_url(nodes[key]), troubled={each["problem"].node for each in problems})
    steps = _steps(workflow, drawing)
    actions = ("add", "change", "publish", "run")
    may = {name: request.user.has_perm(f"automation.{name}_workflow", workflow) for name in actions}
    return {
        "workflow": workflow,
        "diagram": drawing,
        "problems": problems,
        "steps": steps,
        "add_step_url": f"{reverse('admin:automation_node_add')}?workflow={workflow.pk}",
        "connection_form": dress(_connection_form(steps)) if len(steps) > 1 else None,
        "triggers": [_trigger(request, trigger) for trigger in workflow.triggers.all()],
        "versions": workflow.versions.select_related("created_by").defer("graph")[:VERSIONS_SHOWN],
        "recent": queries.recent_executions(workflow),
        "has_origin": bool(origin),
        "lesson": first_steps(request, workflow, origin, problems),
        "is_changed": bool(nodes) and workflows.has_unpublished_changes(workflow),
        "may": may,
    }


def problems_to_show(workflow: Workflow) -> list[dict[str, Any]]:
    """What keeps the draft from being published, each problem with the step it leads to, if any."""
    nodes = {node.key: node for node in workflow.nodes.all()}
    return [{"problem": each, "node": nodes.get(each.node)} for each in workflows.validate(workflow)]


def step_url(node: Node) -> str:
    return reverse("admin:automation_node_change", args=[node.pk])


def _steps(workflow: Workflow, drawing: dict) -> list[dict]:
    """The steps in the order in which the drawing shows them, each with its outputs and where they lead."""
    by_id = {node.pk: node for node in workflow.nodes.all()}
    leading = defaultdict(list)
    for edge in workflow.edges.all():
        leading[edge.source_id, edge.port].append({"edge": edge, "target": by_id[edge.target_id]})
    place = {each["box"].key: (each["box"].x, each["box"].y) for each in drawing["boxes"]}
    troubled = {each["box"].key for each in drawing["boxes"] if each["troubled"]}
    return [
        {
            "node": node,
            "icon": kind_icon(node.kind),
            "kind_label": kind_label(node.kind),
            "troubled": node.key in troubled,
            "outputs": [
                {"port": port, "label": label, "leads_to": leading[node.pk, port]}
                for port, label in drafts.ports_of(node)
            ],
        }
        for node in sorted(by_id.values(), key=lambda node: place[node.key])
    ]


def _connection_form(steps: list[dict]) -> ConnectionForm:
    return ConnectionForm(
        outputs=[
            (f"{step['node'].pk} {output['port']}", _named(step["node"], output))
            for step in steps
            for output in step["outputs"]
        ],
        steps=[(str(step["node"].pk), step["node"].label) for step in steps],
        initial={"target": str(steps[-1]["node"].pk)},
    )


def _named(node: Node, output: dict) -> str:
    return f"{node.label} · {output['label']}" if output["label"] else node.label


def _trigger(request: HttpRequest, trigger: Trigger) -> dict[str, Any]:
    kind = trigger_types[trigger.kind]
    shown = {"trigger": trigger, "icon": kind.icon}
    try:
        shown["summary"] = kind.describe(trigger)
        if trigger.kind == Trigger.Kind.WEBHOOK and request.user.has_perm("automation.run_trigger", trigger):
            shown["curl"] = curl_example(trigger, base_url(request))
    except InvalidTrigger as problem:
        shown["summary"] = problem.message
    return shown
