"""Change the draft of a workflow: its steps and connections. What runs is a published version, untouched."""

import json
import re
from collections import defaultdict
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from nocode.automation.errors import InvalidDraft
from nocode.automation.models import Edge, Node, Trigger, Workflow
from nocode.automation.nodes import node_types

KEY_LENGTH = 60


def ports_of(node: Node) -> list[tuple[str, str]]:
    """The outputs of a step as (name, label), its error branch included when it has one."""
    ports = [(name, str(label)) for name, label in node_types[node.kind].ports(node.config)] if _known(node) else []
    return [*ports, ("error", _("error"))] if node.on_error == Node.OnError.BRANCH else ports


def free_key(workflow: Workflow, label: str) -> str:
    """A key made from a label that no step of the workflow has yet, usable as `steps.<key>` in an expression."""
    taken = set(workflow.nodes.values_list("key", flat=True))
    base = re.sub(r"^[^a-z]+", "", slugify(label).replace("-", "_"))[: KEY_LENGTH - 4] or "step"
    number, key = 1, base
    while key in taken:
        number += 1
        key = f"{base}_{number}"
    return key


def steps_before(node: Node) -> list[Node]:
    """The steps whose outputs a step can read, in the order they were made."""
    before = _reachable(node, backwards=True) - {node.pk}
    return list(node.workflow.nodes.filter(pk__in=before).order_by("created_at"))


@transaction.atomic
def add_step(node: Node, *, after: Node | None = None, port: str = "main", insert: bool = False) -> Node:
    """Add a new, unsaved step; with `after`, connect it there; with `insert`, put it before what follows there."""
    _lock(node.workflow)
    node.key = node.key or free_key(node.workflow, node.label)
    node.save()
    if after is not None:
        if insert:
            _put_between(after, port, node)
        Edge.objects.create(workflow=node.workflow, source=after, port=port, target=node)
    _touch(node.workflow)
    return node


@transaction.atomic
def save_step(node: Node) -> Node:
    """Save a changed step; when its key changed, expressions of other steps and triggers follow.

    Raises InvalidDraft for a step that was deleted meanwhile.
    """
    _lock(node.workflow)
    before = Node.objects.filter(pk=node.pk).values_list("key", flat=True).first()
    if before is None:
        raise InvalidDraft(_("“%s” was deleted meanwhile.") % node)
    node.save()
    if before != node.key:
        _rename(node.workflow, before, node.key)
    _touch(node.workflow)
    return node


@transaction.atomic
def delete_step(node: Node) -> None:
    """Delete a step; where the way through it was a straight one, what came before leads on to what came after."""
    workflow = node.workflow
    _lock(workflow)
    into, out = list(node.edges_in.all()), list(node.edges_out.all())
    node.delete()
    if len({edge.port for edge in out}) == 1:
        for source, port in {(edge.source_id, edge.port) for edge in into}:
            for target in {edge.target_id for edge in out} - {source}:
                Edge.objects.get_or_create(workflow=workflow, source_id=source, port=port, target_id=target)
    _touch(workflow)


@transaction.atomic
def duplicate_step(node: Node) -> Node:
    """A copy of a step with the same settings, connected to nothing yet."""
    _lock(node.workflow)
    label = _("%s (copy)") % node.label
    copy = Node.objects.create(
        workflow=node.workflow,
        key=free_key(node.workflow, node.key),
        kind=node.kind,
        label=label[: Node._meta.get_field("label").max_length],
        config=node.config,
        on_error=node.on_error,
        max_retries=node.max_retries,
    )
    _touch(node.workflow)
    return copy


@transaction.atomic
def move_earlier(node: Node) -> None:
    """Swap a step with the one before it. Raises InvalidDraft where the way is not a straight one."""
    _lock(node.workflow)
    into = list(node.edges_in.select_related("source"))
    before = into[0].source if len(into) == 1 else None
    if before is None or before.edges_out.count() != 1 or not ports_of(node):
        raise InvalidDraft(_("This step does not follow exactly one other step; change its connections instead."))
    usual = ports_of(node)[0][0]
    port, onwards = into[0].port, list(node.edges_out.filter(port=usual))
    into[0].delete()
    Edge.objects.filter(target=before).update(target=node)
    for edge in onwards:
        edge.source, edge.port = before, port
        edge.save()
    Edge.objects.create(workflow=node.workflow, source=node, port=usual, target=before)
    _touch(node.workflow)


@transaction.atomic
def connect(source: Node, port: str, target: Node) -> Edge:
    """Lead from an output of a step to another step. Raises InvalidDraft for a circle or an output that is none."""
    _lock(source.workflow)
    if source.workflow_id != target.workflow_id:
        raise InvalidDraft(_("Both steps must belong to the same workflow."))
    if port not in dict(ports_of(source)):
        raise InvalidDraft(_("“%(step)s” has no output “%(port)s”.") % {"step": source, "port": port})
    if source.pk in _reachable(target):
        raise InvalidDraft(_("This would lead in a circle: “%s” already comes before it.") % target)
    edge, _created = Edge.objects.get_or_create(workflow=source.workflow, source=source, port=port, target=target)
    _touch(source.workflow)
    return edge


@transaction.atomic
def disconnect(edge: Edge) -> None:
    """Remove a connection."""
    _lock(edge.workflow)
    edge.delete()
    _touch(edge.workflow)


def _known(node: Node) -> bool:
    return node.kind in node_types


def _lock(workflow: Workflow) -> None:
    """One change of a draft at a time."""
    Workflow.objects.select_for_update().get(pk=workflow.pk)


def _touch(workflow: Workflow) -> None:
    """The draft changed. No `save()`: a changed step is not a changed workflow to those who listen."""
    workflow.draft_changed_at = timezone.now()
    Workflow.objects.filter(pk=workflow.pk).update(draft_changed_at=workflow.draft_changed_at)


def _put_between(after: Node, port: str, node: Node) -> None:
    ports = ports_of(node)
    if ports:
        Edge.objects.filter(source=after, port=port).update(source=node, port=ports[0][0])


def _reachable(start: Node, *, backwards: bool = False) -> set:
    """The ids of a step and of all that come after it, or before it."""
    neighbours = defaultdict(list)
    for source, target in Edge.objects.filter(workflow=start.workflow_id).values_list("source", "target"):
        here, there = (target, source) if backwards else (source, target)
        neighbours[here].append(there)
    found, todo = {start.pk}, [start.pk]
    while todo:
        new = [pk for pk in neighbours[todo.pop()] if pk not in found]
        found.update(new)
        todo.extend(new)
    return found


def _rename(workflow: Workflow, old: str, new: str) -> None:
    pattern = re.compile(rf"\bsteps\.{re.escape(old)}\b")
    for other in workflow.nodes.all():
        if (config := _replaced(other.config, pattern, f"steps.{new}")) != other.config:
            other.config = config
            other.save(update_fields=["config", "updated_at"])
    for trigger in Trigger.objects.filter(workflow=workflow, entry=old):
        trigger.entry = new
        trigger.save(update_fields=["entry", "updated_at"])


def _replaced(config: dict[str, Any], pattern: re.Pattern, by: str) -> dict[str, Any]:
    return json.loads(pattern.sub(by, json.dumps(config, ensure_ascii=False)))
