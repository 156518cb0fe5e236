"""The operations as calls, for the list of steps: what its forms and buttons do."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from nocode.automation.errors import InvalidDraft
from nocode.automation.models import Edge, Node, Workflow
from nocode.automation.services.drafts.applying import apply
from nocode.automation.services.drafts.draft import TYPED, Draft, ports_of
from nocode.foundation.models import User


def steps_before(node: Node) -> list[Node]:
    """The steps whose outputs a step can read, in the order they were made."""
    draft = Draft(node.workflow)
    before = draft.behind(node.key, backwards=True) - {node.key}
    return [each for key, each in draft.nodes.items() if key in before]


def add_step(
    node: Node, *, after: Node | None = None, port: str = "main", insert: bool = False, user: User | None = None
) -> Node:
    """Add a new, unsaved step; with `after`, connect it there; with `insert`, put it before what follows there."""
    step = {"kind": node.kind, **{name: getattr(node, name) for name in TYPED}} | (
        {"key": node.key} if node.key else {}
    )
    operation: dict[str, Any] = {"op": "add", "step": {**step, "id": str(node.pk)}}
    if after is not None:
        operation |= {"after": {"step": after.key, "port": port}, "before": insert}
    return _kept(node, apply(node.workflow, [operation], user=user).draft)


def save_step(node: Node, *, user: User | None = None) -> Node:
    """Save a changed step; when its key changed, expressions of other steps and triggers follow.

    Raises InvalidDraft for a step that was deleted meanwhile.
    """
    with transaction.atomic():
        Workflow.objects.select_for_update().get(pk=node.workflow_id)
        key = Node.objects.filter(pk=node.pk).values_list("key", flat=True).first()
        if key is None:
            raise InvalidDraft(_("“%s” was deleted meanwhile.") % node)
        values = {name: getattr(node, name) for name in (*TYPED, "key")}
        return _kept(node, apply(node.workflow, [{"op": "configure", "step": key, **values}], user=user).draft)


def delete_step(node: Node, *, user: User | None = None) -> None:
    """Remove a step; where the way through it was a straight one, what came before leads on to what came after."""
    apply(node.workflow, [{"op": "remove", "steps": [node.key], "close": True}], user=user)


def duplicate_step(node: Node, *, user: User | None = None) -> Node:
    """A copy of a step with the same settings, connected to nothing yet."""
    label = (_("%s (copy)") % node.label)[: Node._meta.get_field("label").max_length]
    step = {"kind": node.kind, "key": node.key, **{name: getattr(node, name) for name in TYPED}, "label": label}
    return list(apply(node.workflow, [{"op": "add", "step": step}], user=user).draft.nodes.values())[-1]


def move_earlier(node: Node, *, user: User | None = None) -> None:
    """Swap a step with the one before it. Raises InvalidDraft where the way is not a straight one."""
    with transaction.atomic():
        workflow = Workflow.objects.select_for_update().get(pk=node.workflow_id)
        apply(workflow, _swap(Draft(workflow), node), user=user)


def _swap(draft: Draft, node: Node) -> list[dict]:
    into = draft.ways(target=node.key)
    before = into[0][0] if len(into) == 1 else None
    if before is None or len(draft.ways(source=before)) != 1 or not ports_of(node):
        raise InvalidDraft(_("This step does not follow exactly one other step; change its connections instead."))
    usual, port = ports_of(node)[0][0], into[0][1]
    leading = draft.ways(target=before)
    onwards = [way for way in draft.ways(source=node.key) if way[1] == usual]
    cut = [_way("disconnect", *way) for way in (*into, *leading, *onwards)]
    drawn = [_way("connect", source, out, node.key) for source, out, _before in leading]
    drawn += [_way("connect", before, port, target) for _node, _out, target in onwards]
    return [*cut, *drawn, _way("connect", node.key, usual, before)]


def connect(source: Node, port: str, target: Node, *, user: User | None = None) -> Edge:
    """Lead from an output of a step to another step. Raises InvalidDraft for a circle or an output that is none."""
    if source.workflow_id != target.workflow_id:
        raise InvalidDraft(_("Both steps must belong to the same workflow."))
    draft = apply(source.workflow, [_way("connect", source.key, port, target.key)], user=user).draft
    return draft.edges[source.key, port, target.key]


def disconnect(edge: Edge, *, user: User | None = None) -> None:
    """Remove a connection."""
    apply(edge.workflow, [_way("disconnect", edge.source.key, edge.port, edge.target.key)], user=user)


def _way(op: str, source: str, port: str, target: str) -> dict:
    return {"op": op, "source": source, "port": port, "target": target}


def _kept(node: Node, draft: Draft) -> Node:
    """The step with what it got."""
    stored = next(each for each in draft.nodes.values() if each.pk == node.pk)
    for name in (*TYPED, "key", "x", "y", "updated_at"):
        setattr(node, name, getattr(stored, name))
    node._state.adding = False
    return node
