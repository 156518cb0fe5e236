"""Where steps go on the canvas, when nobody said so."""

from typing import Any

from django.utils.translation import gettext as _

from nocode.automation.drawing import canvas
from nocode.automation.errors import InvalidDraft
from nocode.automation.models import Node
from nocode.automation.services.drafts.draft import Draft, ports_of

Place = tuple[int, int]


def checked(place: Any) -> Place:
    """A place as an operation names it. Raises InvalidDraft."""
    is_pair = isinstance(place, list | tuple) and len(place) == 2
    if not is_pair or not all(isinstance(each, int | float) and abs(each) <= canvas.FARTHEST for each in place):
        limit = {"limit": canvas.FARTHEST}
        raise InvalidDraft(_("A place is two numbers, [x, y], from -%(limit)d to %(limit)d.") % limit)
    return round(place[0]), round(place[1])


def arranged(draft: Draft, keys: list[str] | None = None) -> dict[str, Place]:
    """The places that `arrange` gives, to all steps or some."""
    return canvas.arranged(draft.graph, lambda node: ports_of(draft.nodes[node["key"]]), keys)


def settle(draft: Draft) -> None:
    """Before the first change on the canvas, write down the places that were drawn."""
    if not canvas.is_placed(draft.graph["nodes"]):
        for key, (x, y) in arranged(draft).items():
            draft.place(key, x, y)


def put(draft: Draft, node: Node, *, after: Node | None = None) -> None:
    """Give a new step a place that is free: behind another one, or below all; none while no step has one."""
    others = [each for each in draft.nodes.values() if each.key != node.key]
    if not canvas.is_placed([{"x": each.x, "y": each.y} for each in others]):
        return
    if after is None:
        node.x, node.y = min(each.x for each in others), max(each.y for each in others) + canvas.ROW
        return
    node.x, node.y = after.x + canvas.COLUMN, after.y
    while any(_overlap(node, other) for other in others):
        node.y += canvas.ROW


def make_room(draft: Draft, node: Node, moved: list[str]) -> None:
    """Push what follows a step that was put in between to the right, where it is too near."""
    if not canvas.is_placed([{"x": node.x, "y": node.y}]):
        return
    behind = {key for first in moved for key in draft.behind(first)} - {node.key}
    nearest = min(draft.nodes[key].x for key in moved)
    missing = node.x + canvas.COLUMN - nearest
    if missing > canvas.COLUMN - canvas.WIDTH:
        draft.move({key: (draft.nodes[key].x + missing, draft.nodes[key].y) for key in behind})


def _overlap(one: Node, other: Node) -> bool:
    return abs(one.x - other.x) < canvas.WIDTH and abs(one.y - other.y) < canvas.ROW - canvas.GRID
