"""Validate, publish, pause and resume workflows."""

import hashlib
import json
from collections.abc import Iterator

from django.db import transaction
from django.db.models import Prefetch, prefetch_related_objects
from django.utils.translation import gettext as _

from nocode.automation.comparison import PLACE
from nocode.automation.engine.expressions import find_error, find_errors, steps_read
from nocode.automation.engine.graph import Graph, Problem
from nocode.automation.engine.schedules import plan_workflow
from nocode.automation.errors import InvalidWorkflow
from nocode.automation.models import Integration, Node, Trigger, Workflow, WorkflowVersion
from nocode.automation.nodes import node_types
from nocode.automation.nodes.config import PER_ITEM, clean_config
from nocode.foundation.models import User


def draft_graph(workflow: Workflow) -> dict:
    """The draft as JSON, in the shape that a version keeps."""
    nodes, edges = list(workflow.nodes.all()), list(workflow.edges.all())
    keys = {node.pk: node.key for node in nodes}
    return {
        "nodes": [_spelled(node) for node in nodes],
        "edges": [
            {"source": keys[edge.source_id], "port": edge.port, "target": keys[edge.target_id]} for edge in edges
        ],
        "settings": {"variables": workflow.variables, "timeout": workflow.timeout, "entries": _entries(workflow)},
    }


def _spelled(node: Node) -> dict:
    fields = ("key", "kind", "label", "config", "on_error", "max_retries", "x", "y")
    return {name: getattr(node, name) for name in fields} | ({"is_disabled": True} if node.is_disabled else {})


def _entries(workflow: Workflow) -> dict[str, str]:
    """The step each trigger starts at, by the trigger's id; those that start everywhere are left out."""
    named = workflow.triggers.exclude(entry="").order_by("pk").values_list("pk", "entry")
    return {str(pk): entry for pk, entry in named}


def validate(workflow: Workflow) -> list[Problem]:
    """Everything that keeps the draft from being published; each problem names the node and the setting."""
    nodes = list(workflow.nodes.all())
    known = [node for node in nodes if node.kind in node_types]
    _read_what_steps_use(workflow)
    unknown = [
        Problem(_("The step type “%s” is not installed; delete the step or switch it off.") % node.kind, node.key)
        for node in nodes
        if node.kind not in node_types and not node.is_disabled
    ]
    ports = {node.key: [name for name, _label in node_types[node.kind].ports(node.config)] for node in known}
    entries = list(Trigger.objects.filter(workflow=workflow, is_active=True).values_list("entry", flat=True))
    structural = Graph.from_json(draft_graph(workflow)).problems(entries, ports)
    keys = {node.key for node in nodes}
    on = [node for node in known if not node.is_disabled]  # what does not run may be unfinished
    own = (problem for node in on for problem in (*check_node(node), *_unknown_steps(node, keys)))
    return [*structural, *unknown, *own]


def _read_what_steps_use(workflow: Workflow) -> None:
    """Tables and integrations, each read once however many steps use them."""
    if workflow.project:
        prefetch_related_objects([workflow.project], "tables__fields")
    integrations = Integration.objects.defer("secrets", "token")
    prefetch_related_objects([workflow], Prefetch("organization__integrations", integrations))


def check_node(node: Node) -> list[Problem]:
    """What is wrong with one step's settings: each mistake is a problem of its own, also two of one setting."""
    node_type = node_types[node.kind]
    _cleaned, errors = clean_config(node_type.Config, node.config)
    for name, messages in node_type.check(node.config, node.workflow).items():
        errors.setdefault(name, [str(message) for message in messages])  # what the form refused is one mistake
    if node.config.get(PER_ITEM) and not node_type.can_run_per_item:
        errors[PER_ITEM] = [_("A step of this type cannot run once for each item; use a loop.")]
    texts = {name: value for name, value in node.config.items() if name not in node_type.scripts}
    for (name, *_place), error in find_errors(texts):
        errors.setdefault(name, []).append(error.message)
    for name in node_type.scripts - errors.keys():
        errors |= _script_errors(name, *node_type.source(node.config))
    fields = node_type.Config.base_fields
    return [
        Problem(message, node.key, str(fields[name].label or name) if name in fields else name)
        for name, messages in errors.items()
        for message in messages
    ]


def _script_errors(name: str, source: str, before: int) -> dict[str, list[str]]:
    """What is badly written in a setting that is JavaScript as a whole; `before` lines of the source are ours."""
    error = find_error(source)
    if error is None:
        return {}
    line = max(1, (error.details["line"] or 0) - before)
    return {name: [_("Line %(line)d: %(why)s") % {"line": line, "why": error.details["reason"]}]}


def _unknown_steps(node: Node, keys: set[str]) -> Iterator[Problem]:
    """Expressions that read the output of a step there is none of."""
    fields = node_types[node.kind].Config.base_fields
    for name, value in node.config.items():
        for key in sorted(steps_read(value) - keys):
            label = str(fields[name].label or name) if name in fields else name
            yield Problem(_("There is no step “%s”; its output is read here.") % key, node.key, label)


@transaction.atomic
def publish(workflow: Workflow, user: User | None = None, note: str = "") -> WorkflowVersion:
    """Freeze the draft into a new version and make it the one that runs; unchanged drafts keep their version.

    Raises InvalidWorkflow with `details["problems"]`.
    """
    workflow = Workflow.objects.select_for_update().get(pk=workflow.pk)
    if problems := validate(workflow):
        raise InvalidWorkflow(" ".join(str(problem) for problem in problems), problems=problems)
    version = _freeze(workflow, user, note)
    workflow.published_version = version
    if workflow.status == Workflow.Status.DRAFT:
        workflow.move_to(Workflow.Status.ACTIVE)
    workflow.save()
    plan_workflow(workflow)
    return version


def _freeze(workflow: Workflow, user: User | None, note: str) -> WorkflowVersion:
    graph = draft_graph(workflow)
    checksum = hashlib.sha256(json.dumps(graph, sort_keys=True).encode()).hexdigest()
    current = workflow.published_version
    if current is not None and current.checksum == checksum:
        return current
    newest = workflow.versions.order_by("-number").values_list("number", flat=True).first() or 0
    return WorkflowVersion.objects.create(
        workflow=workflow,
        organization_id=workflow.organization_id,
        number=newest + 1,
        graph=graph,
        checksum=checksum,
        note=note,
        created_by=user,
    )


def has_unpublished_changes(workflow: Workflow) -> bool:
    """Whether the draft differs from what runs."""
    version = workflow.published_version
    return version is None or without_places(version.graph) != without_places(draft_graph(workflow))


def without_places(graph: dict) -> dict:
    """A graph as it runs: where its steps are drawn changes nothing."""
    nodes = [{name: value for name, value in node.items() if name not in PLACE} for node in graph["nodes"]]
    return {**graph, "nodes": sorted(nodes, key=lambda node: node["key"])}


def pause(workflow: Workflow) -> None:
    """Stop accepting triggers; executions under way go on."""
    _move(workflow, Workflow.Status.PAUSED)


def resume(workflow: Workflow) -> None:
    """Accept triggers again."""
    _move(workflow, Workflow.Status.ACTIVE)


def archive(workflow: Workflow) -> None:
    """Put away; can be brought back as paused."""
    _move(workflow, Workflow.Status.ARCHIVED)


def _move(workflow: Workflow, status: Workflow.Status) -> None:
    with transaction.atomic():
        fresh = Workflow.objects.select_for_update().get(pk=workflow.pk)
        fresh.move_to(status)
        fresh.save()
        plan_workflow(fresh)
    workflow.status = fresh.status
