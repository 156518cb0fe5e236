"""The graph of a version as the engine sees it, and what is wrong with one. Pure: no database."""

from dataclasses import dataclass, field
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

from django.utils.translation import gettext as _

ERROR_PORT = "error"


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
    x: int = 0
    y: int = 0


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
        """Read {"nodes": [...], "edges": [...], "settings": {...}} as stored in a version."""
        return cls(
            nodes={node["key"]: GraphNode(**node) for node in data["nodes"]},
            edges=tuple(GraphEdge(**edge) for edge in data["edges"]),
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

    def problems(self, entries: list[str], ports: dict[str, list[str]]) -> list[Problem]:
        """What is structurally wrong. `entries`: where triggers start; `ports`: each node's outputs."""
        if not self.nodes:
            return [Problem(_("The workflow has no step yet; add one."))]
        return [*self._cycle(), *self._loose_edges(ports), *self._unknown_entries(entries)]

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

    def _has_error_branch(self, key: str) -> bool:
        return self.nodes[key].on_error == "branch"

    def _unknown_entries(self, entries: list[str]) -> list[Problem]:
        return [
            Problem(_("A trigger starts at “%s”, which does not exist.") % entry, entry)
            for entry in entries
            if entry and entry not in self.nodes
        ]
