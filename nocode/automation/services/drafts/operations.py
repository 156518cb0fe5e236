"""The operations on a draft, as JSON: `{"op": "connect", "source": …}`. Each is checked, then done to the Draft.

add        step: {kind, key?, label?, config?, …, x?, y?}, after?: {step, port}, before?: step or true
remove     steps: [key], close?: true leads what came before on to what came after
connect    source, port, target
disconnect source, port, target
configure  step, and any of key, label, config, on_error, max_retries, is_disabled
move       places: {key: [x, y]}
paste      steps: [as in add, with keys], connections: [{source, port, target}]
arrange    steps?: [key]
"""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from nocode.automation.errors import InvalidDraft
from nocode.automation.models import Node
from nocode.automation.nodes import node_types
from nocode.automation.services.drafts import places
from nocode.automation.services.drafts.draft import TYPED, Draft, Operation, keys_of, ports_of
from nocode.automation.services.drafts.keys import KEY, KEY_LENGTH, follow, free_key
from nocode.foundation.json_text import check_storable

MOST_STEPS = 1000

Handler = Callable[[Draft, Operation], list[str]]
OPERATIONS: dict[str, Handler] = {}


def operation(handler: Handler) -> Handler:
    """Register what does an operation; its name is the function's."""
    OPERATIONS[handler.__name__] = handler
    return handler


def perform(draft: Draft, given: Any) -> list[str]:
    """Do one operation; answers the names of the steps it is about. Raises InvalidDraft, which says what is wrong."""
    name = given.get("op") if isinstance(given, dict) else None
    if name not in OPERATIONS:
        raise InvalidDraft(
            _("There is no operation “%(name)s”; these are: %(all)s.") % {"name": name, "all": ", ".join(OPERATIONS)}
        )
    try:
        check_storable(given)
    except ValidationError as error:
        raise InvalidDraft(_("This cannot be stored: %s.") % error.message) from None
    try:
        return OPERATIONS[name](draft, given)
    except (TypeError, AttributeError):  # a list or an object where a text is expected
        raise InvalidDraft(_("A part of it has the wrong form.")) from None


@operation
def add(draft: Draft, given: Operation) -> list[str]:
    """A new step, connected where the operation says."""
    node = _new_step(draft, given.get("step"))
    after, before = given.get("after"), given.get("before")
    if after is not None:
        _connect_new(draft, node, after, before, is_placed=_has_place(given["step"]))
    elif not _has_place(given["step"]):
        places.put(draft, node)
    if isinstance(before, str):
        _connect(draft, (node.key, _first_port(node), before))
    return [node.label]


def _connect_new(draft: Draft, node: Node, after: Any, before: Any, *, is_placed: bool) -> None:
    if not isinstance(after, dict):
        raise InvalidDraft(_("“after” names a step and one of its outputs."))
    source = draft.node(after.get("step"))
    port = after.get("port") or _first_port(source)
    followers = [way[2] for way in draft.ways(source=source.key) if way[1] == port]
    moved = [key for key in followers if before is True or key == before] if ports_of(node) else []
    if not is_placed:
        places.put(draft, node, after=source)
    for key in moved:
        draft.disconnect((source.key, port, key))
    _connect(draft, (source.key, port, node.key))
    for key in moved:
        draft.connect((node.key, _first_port(node), key))
    if moved:
        places.make_room(draft, node, moved)


@operation
def remove(draft: Draft, given: Operation) -> list[str]:
    """Steps go, with their connections."""
    keys = keys_of(draft, given.get("steps"))
    names = [draft.nodes[key].label for key in keys]
    for key in keys:
        bridges = _bridges(draft, key) if given.get("close") else []
        draft.remove(key)
        for way in bridges:
            draft.connect(way)
    return names


def _bridges(draft: Draft, key: str) -> list[tuple[str, str, str]]:
    """Where the way through a step is a straight one: from what leads to it to what follows it."""
    into, out = draft.ways(target=key), draft.ways(source=key)
    if len({port for _source, port, _target in out}) != 1:
        return []
    return [(source, port, way[2]) for source, port, _target in into for way in out if way[2] != source]


@operation
def connect(draft: Draft, given: Operation) -> list[str]:
    """From an output of a step to another step; with the `id` of a connection that was there, as it was."""
    way = (given.get("source"), given.get("port") or "main", given.get("target"))
    return _connect(draft, way, given.get("id"))


def _connect(draft: Draft, way: tuple[Any, Any, Any], former: Any = None) -> list[str]:
    source, target, port = draft.node(way[0]), draft.node(way[2]), way[1]
    if not isinstance(port, str) or (port not in dict(ports_of(source)) and not former):
        raise InvalidDraft(_("“%(step)s” has no output “%(port)s”.") % {"step": source, "port": port})
    if not takes_input(target):
        raise InvalidDraft(_("“%s” is a note; nothing leads to it.") % target)
    if source.key in draft.behind(target.key):
        raise InvalidDraft(_("This would lead in a circle: “%s” already comes before it.") % target)
    draft.connect((source.key, port, target.key), draft.own_id(former))
    return [source.label, target.label]


def takes_input(node: Node) -> bool:
    """Whether connections lead to a step: not to a note."""
    return node.kind != "note"


@operation
def disconnect(draft: Draft, given: Operation) -> list[str]:
    """A connection goes."""
    way = (given.get("source"), given.get("port") or "main", given.get("target"))
    if way not in draft.edges:
        names = {"source": draft.node(way[0]), "target": draft.node(way[2])}
        raise InvalidDraft(_("“%(source)s” and “%(target)s” are not connected there.") % names)
    draft.disconnect(way)
    return [draft.nodes[way[0]].label, draft.nodes[way[2]].label]


@operation
def configure(draft: Draft, given: Operation) -> list[str]:
    """A step gets other settings."""
    node = draft.node(given.get("step"))
    values = {name: given[name] for name in (*TYPED, "key") if name in given}
    unknown = given.keys() - {"op", "step", *TYPED, "key"}
    if unknown:
        raise InvalidDraft(_("A step has no “%s”.") % ", ".join(sorted(unknown)))
    if values.get("key", node.key) != node.key and values["key"] in draft.nodes:
        raise InvalidDraft(_("Another step has the key “%s”.") % values["key"])
    _check(values)
    draft.configure(node.key, **values)
    return [node.label]


@operation
def move(draft: Draft, given: Operation) -> list[str]:
    """Steps go elsewhere on the canvas."""
    wanted = given.get("places")
    if not isinstance(wanted, dict):
        raise InvalidDraft(_("“places” names steps, each with [x, y]."))
    draft.move({draft.node(key).key: places.checked(place) for key, place in wanted.items()})
    return [draft.nodes[key].label for key in wanted]


@operation
def arrange(draft: Draft, given: Operation) -> list[str]:
    """All steps, or some, go where they can be read best."""
    keys = keys_of(draft, given["steps"]) if given.get("steps") else list(draft.nodes)
    draft.move(places.arranged(draft, keys if given.get("steps") else None))
    return [draft.nodes[key].label for key in keys]


@operation
def paste(draft: Draft, given: Operation) -> list[str]:
    """Steps with their connections; keys that are taken change, and expressions inside follow."""
    steps, connections = given.get("steps"), given.get("connections") or []
    if not isinstance(steps, list) or not steps or not isinstance(connections, list):
        raise InvalidDraft(_("There is nothing to paste: “steps” and “connections” are lists."))
    renamed: dict[str, str] = {}
    pasted = []
    for step in steps:
        old = step.get("key") if isinstance(step, dict) else None
        pasted.append(node := _new_step(draft, {**step, "id": None} if isinstance(step, dict) else step))
        if isinstance(old, str):
            renamed[old] = node.key
    for node in pasted:
        node.config = follow(node.config, {old: new for old, new in renamed.items() if old != new})
    for each in connections:
        if not isinstance(each, dict):
            raise InvalidDraft(_("A connection names “source”, “port” and “target”."))
        source, target = renamed.get(each.get("source")), renamed.get(each.get("target"))
        _connect(draft, (source, each.get("port") or "main", target))
    return [node.label for node in pasted]


# --- A new step, checked


def _new_step(draft: Draft, given: Any) -> Node:
    if not isinstance(given, dict):
        raise InvalidDraft(_("“step” is an object with the “kind” of the step."))
    kind, former = given.get("kind"), draft.own_id(given.get("id"))
    if not isinstance(kind, str) or (kind not in node_types and not (former and len(kind) <= KEY_LENGTH)):
        raise InvalidDraft(_("There is no step type “%s”.") % kind)
    if len(draft.nodes) >= MOST_STEPS:
        raise InvalidDraft(_("A workflow has at most %d steps; call another workflow from this one.") % MOST_STEPS)
    values = {name: given[name] for name in TYPED if name in given}
    values.setdefault("label", str(node_types[kind].label) if kind in node_types else kind)
    _check(values)
    key = given.get("key")
    if key is not None:
        _check({"key": key})
    if key is None or key in draft.nodes:
        key = free_key(draft.nodes, key or values["label"])
    node = Node(workflow=draft.workflow, kind=kind, key=key, **values)
    node.pk = former or node.pk
    if _has_place(given):
        node.x, node.y = places.checked([given["x"], given["y"]])
    draft.add(node)
    return node


def _has_place(given: dict) -> bool:
    return given.get("x") is not None and given.get("y") is not None


def _first_port(node: Node) -> str:
    ports = ports_of(node)
    if not ports:
        raise InvalidDraft(_("“%s” has no output; nothing follows it.") % node)
    return ports[0][0]


def _check(values: dict[str, Any]) -> None:
    """Refuse what a step cannot have, naming it."""
    for name, value in values.items():
        if not _fits(name, value):
            raise InvalidDraft(_("“%(name)s” of a step cannot be %(value)r.") % {"name": name, "value": value})


def _fits(name: str, value: Any) -> bool:
    match name:
        case "label":
            return isinstance(value, str) and bool(value.strip()) and len(value) <= 150
        case "key":
            return isinstance(value, str) and len(value) <= KEY_LENGTH and bool(KEY.fullmatch(value))
        case "config":
            return isinstance(value, dict)
        case "on_error":
            return value in Node.OnError.values
        case "max_retries":
            return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 32767
        case _:
            return isinstance(value, bool)
