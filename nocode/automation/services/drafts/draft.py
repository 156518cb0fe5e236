"""A draft in memory: changed step by step, each change with the operation that undoes it, and written at the end."""

from collections import defaultdict
from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from nocode.automation.errors import InvalidDraft
from nocode.automation.models import Edge, Node, Trigger, Workflow
from nocode.automation.nodes import node_types
from nocode.automation.services.drafts.keys import follow

Way = tuple[str, str, str]  # source, port, target
Operation = dict[str, Any]

TYPED = ("label", "config", "on_error", "max_retries", "is_disabled")  # what people set of a step, besides its key
PLACE = ("x", "y")


def ports_of(node: Node) -> list[tuple[str, str]]:
    """The outputs of a step as (name, label), its error branch included when it has one."""
    known = node.kind in node_types
    ports = [(name, str(label)) for name, label in node_types[node.kind].ports(node.config)] if known else []
    return [*ports, ("error", _("error"))] if node.on_error == Node.OnError.BRANCH else ports


class Draft:
    """The steps by key and the connections of a workflow. `undo` holds what takes the changes back, in reverse."""

    def __init__(self, workflow: Workflow):
        self.workflow = workflow
        self.nodes = {node.key: node for node in workflow.nodes.order_by("created_at", "pk")}
        for node in self.nodes.values():
            node.workflow = workflow
        keys = {node.pk: key for key, node in self.nodes.items()}
        self.edges: dict[Way, Edge] = {
            (keys[edge.source_id], edge.port, keys[edge.target_id]): edge
            for edge in Edge.objects.filter(workflow=workflow).order_by("pk")
        }
        self.undo: list[Operation] = []
        self.ids_elsewhere: set[UUID] = set()  # of those that operations bring back: what other rows have
        self._new: dict[UUID, Node | Edge] = {}
        self._gone: dict[UUID, Node | Edge] = {}
        self._changed: dict[UUID, Node] = {}

    # --- What is asked of it

    def look_up(self, ids: Collection[str]) -> None:
        """Find out which ids that operations bring back are taken."""
        known = [pk for pk in map(_uuid, ids) if pk]
        for model in (Node, Edge) if known else ():
            self.ids_elsewhere.update(model.objects.filter(pk__in=known).values_list("pk", flat=True))

    def own_id(self, given: Any) -> UUID | None:
        """The id a row had that is brought back, unless another one has it."""
        pk = _uuid(given)
        is_taken = pk in self._new or (pk in self.ids_elsewhere and pk not in self._gone)
        return None if is_taken else pk

    def node(self, key: Any) -> Node:
        """The step of a key. Raises InvalidDraft."""
        if not isinstance(key, str) or key not in self.nodes:
            raise InvalidDraft(_("There is no step “%s”; it may have been deleted.") % key)
        return self.nodes[key]

    def ways(self, *, source: str | None = None, target: str | None = None) -> list[Way]:
        """The connections that leave a step, or enter one."""
        return [way for way in self.edges if source in (None, way[0]) and target in (None, way[2])]

    def behind(self, key: str, *, backwards: bool = False) -> set[str]:
        """A step and all that come after it, or before it."""
        neighbours = defaultdict(list)
        for source, _port, target in self.edges:
            here, there = (target, source) if backwards else (source, target)
            neighbours[here].append(there)
        found, todo = {key}, [key]
        while todo:
            new = [each for each in neighbours[todo.pop()] if each not in found]
            found.update(new)
            todo.extend(new)
        return found

    @property
    def graph(self) -> dict[str, Any]:
        """As a version would keep it, as far as it can be drawn."""
        names = ("key", "kind", *TYPED, *PLACE)
        return {
            "nodes": [{name: getattr(node, name) for name in names} for node in self.nodes.values()],
            "edges": [{"source": source, "port": port, "target": target} for source, port, target in self.edges],
        }

    @property
    def inverse(self) -> list[Operation]:
        """The operations that take everything back."""
        return self.undo[::-1]

    # --- The six changes

    def add(self, node: Node) -> None:
        """A new step, with a key that is free."""
        node.workflow = self.workflow
        self.nodes[node.key] = node
        self._new[node.pk] = node
        self.undo.append({"op": "remove", "steps": [node.key]})

    def remove(self, key: str) -> None:
        """A step goes, and its connections first."""
        for way in [way for way in self.edges if key in (way[0], way[2])]:
            self.disconnect(way)
        node = self.nodes.pop(key)
        self._drop(node)
        self.undo.append({"op": "add", "step": spelled(node)})

    def connect(self, way: Way, pk: UUID | None = None) -> None:
        """From an output to a step; nothing happens when they are connected."""
        if way in self.edges:
            return
        source, port, target = way
        edge = Edge(workflow=self.workflow, source=self.nodes[source], port=port, target=self.nodes[target])
        edge.pk = pk or edge.pk
        self.edges[way] = self._new[edge.pk] = edge
        self.undo.append({"op": "disconnect", "source": source, "port": port, "target": target})

    def disconnect(self, way: Way) -> None:
        """A connection goes."""
        edge = self.edges.pop(way)
        self._drop(edge)
        source, port, target = way
        self.undo.append({"op": "connect", "source": source, "port": port, "target": target, "id": str(edge.pk)})

    def place(self, key: str, x: int, y: int) -> None:
        """Write down where a step is drawn already: nothing to undo."""
        node = self.nodes[key]
        node.x, node.y = x, y
        self._changed[node.pk] = node

    def move(self, places: dict[str, tuple[int, int]]) -> None:
        """Steps go elsewhere on the canvas."""
        before = {}
        for key, (x, y) in places.items():
            node = self.nodes[key]
            if (node.x, node.y) != (x, y):
                before[key] = [node.x, node.y]
                node.x, node.y = x, y
                self._changed[node.pk] = node
        if before:
            self.undo.append({"op": "move", "places": before})

    def configure(self, key: str, /, **values: Any) -> None:
        """A step gets other settings, another name or another key; expressions and triggers follow a key."""
        node = self.nodes[key]
        new_key = values.pop("key", key)
        before = {name: getattr(node, name) for name, value in values.items() if getattr(node, name) != value}
        for name in before:
            setattr(node, name, values[name])
        if before:
            self._changed[node.pk] = node
        if new_key != key:
            self._rename(node, new_key)
            before["key"] = key
        if before:
            self.undo.append({"op": "configure", "step": new_key, **before})

    def _rename(self, node: Node, key: str) -> None:
        """At once in the database, after what is to be written before it: a key is only there once."""
        self.write()
        old, node.key = node.key, key
        if node.pk not in self._new:
            Node.objects.filter(pk=node.pk).update(key=key)
        Trigger.objects.filter(workflow=self.workflow, entry=old).update(entry=key, updated_at=timezone.now())
        self.nodes = {each.key: each for each in self.nodes.values()}
        self.edges = {
            (key if source == old else source, port, key if target == old else target): edge
            for (source, port, target), edge in self.edges.items()
        }
        for other in self.nodes.values():
            config = follow(other.config, {old: key})
            if config != other.config:
                self.undo.append({"op": "configure", "step": other.key, "config": other.config})
                other.config = config
                self._changed[other.pk] = other

    def _drop(self, row: Node | Edge) -> None:
        if row.pk in self._new:
            del self._new[row.pk]
        else:
            self._gone[row.pk] = row
        self._changed.pop(row.pk, None)

    # --- To the database

    def write(self) -> None:
        """Write what was changed so far, in few statements."""
        for model in (Edge, Node):
            gone = [pk for pk, row in self._gone.items() if isinstance(row, model)]
            if gone:
                model.objects.filter(pk__in=gone).delete()
        self._insert(Node)
        if self._changed:
            for node in self._changed.values():
                node.updated_at = timezone.now()
            changed = [node for node in self._changed.values() if node.pk not in self._new]
            Node.objects.bulk_update(changed, [*TYPED, *PLACE, "updated_at"])
        self._insert(Edge)
        self._new, self._gone, self._changed = {}, {}, {}

    def _insert(self, model: type[Node] | type[Edge]) -> None:
        model.objects.bulk_create([row for row in self._new.values() if isinstance(row, model)])


def spelled(node: Node) -> dict[str, Any]:
    """A step as an operation names it."""
    return {name: getattr(node, name) for name in ("key", "kind", *TYPED, *PLACE)} | {"id": str(node.pk)}


def _uuid(given: Any) -> UUID | None:
    try:
        return UUID(given) if isinstance(given, str) else None
    except ValueError:
        return None


def keys_of(draft: Draft, keys: Any) -> Collection[str]:
    """The keys an operation is about, each one of a step. Raises InvalidDraft."""
    if not isinstance(keys, list) or not keys:
        raise InvalidDraft(_("Name at least one step."))
    return [draft.node(key).key for key in dict.fromkeys(keys)]
