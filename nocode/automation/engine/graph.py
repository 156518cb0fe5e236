"""The graph of a version as the engine sees it, and what is wrong with one. Pure: no database."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

from django.utils.translation import gettext as _

ERROR_PORT = "error"
NOTE = "note"  # the kind of what stands on the drawing and does nothing
EACH_PORT = "each"  # of a loop: what is behind it runs once for each item


@dataclass(frozen=True)
class Problem:
    """Why a graph cannot be published: which node, which of its settings, what to do."""

    message: str
    node: str = ""
    field: str = ""

    def __str__(self) -> str:
        return ": ".join(filter(None, [self.node, self.field, self.message]))


@dataclass(frozen=True)
class GraphNode:
    """One step as published."""

    key: str
    kind: str
    label: str = ""
    config: dict = field(default_factory=dict)
    on_error: str = "stop"
    max_retries: int = 3
    is_disabled: bool = False
    x: int = 0
    y: int = 0

    @property
    def is_loop(self) -> bool:
        """Whether what is behind its port "each" runs several times."""
        return self.kind.partition(".")[0] == "loop" and not self.is_disabled

    @property
    def gives_parts(self) -> bool:
        """Whether each of its ports carries a part of its own: its output is an object of them, by port."""
        return self.kind.partition(".")[0] == "route"


@dataclass(frozen=True)
class GraphEdge:
    """What leaves `source` through `port` enters `target`."""

    source: str
    port: str
    target: str


@dataclass(frozen=True)
class Graph:
    """Nodes by key, edges in the order they were drawn."""

    nodes: dict[str, GraphNode]
    edges: tuple[GraphEdge, ...]
    settings: dict = field(default_factory=dict)

    @classmethod
    def from_json(cls, data: dict) -> "Graph":
        """Read {"nodes": [...], "edges": [...], "settings": {...}} as versions have it; notes are for people only."""
        notes = {node["key"] for node in data["nodes"] if node["kind"] == NOTE}
        return cls(
            nodes={node["key"]: GraphNode(**node) for node in data["nodes"] if node["key"] not in notes},
            edges=tuple(GraphEdge(**edge) for edge in data["edges"] if not notes & {edge["source"], edge["target"]}),
            settings=data.get("settings", {}),
        )

    @cached_property
    def outgoing(self) -> dict[str, list[GraphEdge]]:
        return {key: [edge for edge in self.edges if edge.source == key] for key in self.nodes}

    @cached_property
    def incoming(self) -> dict[str, list[GraphEdge]]:
        return {key: [edge for edge in self.edges if edge.target == key] for key in self.nodes}

    @cached_property
    def roots(self) -> list[str]:
        """Nodes without a predecessor."""
        return [key for key in self.nodes if not self.incoming[key]]

    @cached_property
    def leaves(self) -> list[str]:
        """Nodes without a successor."""
        return [key for key in self.nodes if not self.outgoing[key]]

    @cached_property
    def bodies(self) -> dict[str, "Graph"]:
        """The part that each loop repeats: what its port "each" leads to, with the loop itself as where it begins."""
        loops = [key for key, node in self.nodes.items() if node.is_loop]
        return {key: self._part(self._behind(key, EACH_PORT) | {key}, loop=key) for key in loops}

    @cached_property
    def outer(self) -> "Graph":
        """The graph without what loops repeat."""
        inside = {key for loop, body in self.bodies.items() for key in body.nodes if key != loop}
        return self._part(self.nodes.keys() - inside) if inside else self

    def _behind(self, key: str, port: str) -> set[str]:
        """Every step that can be reached through one port."""
        found: set[str] = set()
        reached = [edge.target for edge in self.outgoing[key] if edge.port == port]
        while reached:
            if (key := reached.pop()) not in found:
                found.add(key)
                reached.extend(edge.target for edge in self.outgoing[key])
        return found

    def _enters_body(self, edge: GraphEdge) -> bool:
        return edge.port == EACH_PORT and self.nodes[edge.source].is_loop

    def _part(self, keys: Collection[str], loop: str = "") -> "Graph":
        """Some nodes and the edges between them: of `loop` those that enter its body, of other loops the rest."""
        return Graph(
            nodes={key: node for key, node in self.nodes.items() if key in keys},
            edges=tuple(
                edge
                for edge in self.edges
                if edge.source in keys
                and edge.target in keys
                and edge.target != loop
                and self._enters_body(edge) == (edge.source == loop)
            ),
        )

    def problems(self, entries: list[str], ports: dict[str, list[str]]) -> list[Problem]:
        """What is structurally wrong. `entries`: where triggers start; `ports`: each node's outputs."""
        if not self.nodes:
            return [Problem(_("The workflow has no step yet; add one."))]
        return [
            *self._cycle(),
            *self._loose_edges(ports),
            *self._unknown_entries(entries),
            *self._tangled_loops(entries),
        ]

    def _cycle(self) -> list[Problem]:
        predecessors = {key: {edge.source for edge in edges} for key, edges in self.incoming.items()}
        try:
            TopologicalSorter(predecessors).prepare()
        except CycleError as error:
            path = " → ".join(error.args[1])
            return [
                Problem(_("The steps run in a circle: %s. Remove one of these connections.") % path, error.args[1][0])
            ]
        return []

    def _loose_edges(self, ports: dict[str, list[str]]) -> list[Problem]:
        found = []
        for edge in self.edges:
            allowed = [*ports.get(edge.source, []), *([ERROR_PORT] if self._has_error_branch(edge.source) else [])]
            if edge.port not in allowed:
                message = _("Nothing leaves through “%(port)s” any more; remove the connection to “%(target)s”.")
                found.append(Problem(message % {"port": edge.port, "target": edge.target}, edge.source))
        return found

    def _tangled_loops(self, entries: list[str]) -> Iterator[Problem]:
        """What is inside a loop is reached through it only, and holds no loop of its own."""
        for loop, body in self.bodies.items():
            inside = [key for key in body.nodes if key != loop]
            if not inside:
                yield Problem(_("Connect what is to run for each item to the output “each”."), loop)
            for key in inside:
                if key in self.bodies:
                    yield Problem(
                        _("A loop cannot stand inside the loop “%s”; call another workflow there.") % loop, key
                    )
                if any(edge.source not in inside and edge not in body.outgoing[loop] for edge in self.incoming[key]):
                    message = _("This step belongs to the loop “%s” and is reached from outside of it, too.")
                    yield Problem(f"{message % loop} {_('Connect what comes after the loop to “done”.')}", key)
                if key in entries:
                    yield Problem(_("A trigger cannot start inside the loop “%s”.") % loop, key)

    def _has_error_branch(self, key: str) -> bool:
        return self.nodes[key].on_error == "branch"

    def _unknown_entries(self, entries: list[str]) -> list[Problem]:
        return [
            Problem(_("A trigger starts at “%s”, which does not exist.") % entry, entry)
            for entry in entries
            if entry and entry not in self.nodes
        ]
