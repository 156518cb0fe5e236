"""Which steps may run next. Pure: replaying the finished steps of an execution gives its frontier again.

Every edge ends up taken or dead. A node is ready when all its edges are decided and one at least was taken (a merge
"first": as soon as one was taken); when all are dead the node is dead too, and so are the edges behind it. A join
therefore never waits for a branch that cannot come.
"""

from collections.abc import Callable, Iterable

from nocode.automation.engine.graph import Graph, GraphEdge


class Frontier:
    """Progress through a graph, in memory."""

    def __init__(self, graph: Graph, entry: str = "", suffices: Callable[[str], int] = lambda key: 0):
        self.graph = graph
        self.entry = entry
        self._suffices = suffices
        self._undecided = {key: len(edges) for key, edges in graph.incoming.items()}
        self._taken: dict[str, list[GraphEdge]] = {key: [] for key in graph.nodes}
        self._settled: set[str] = set()  # ready once, or dead
        self.ready: list[str] = []
        starts = [entry] if entry else graph.roots
        self._advance([(key, True) for key in starts] + [(key, False) for key in graph.roots if key not in starts])

    def complete(self, key: str, ports: Iterable[str]) -> None:
        """A ready step ended; it left through these ports (none: its branch ends here)."""
        if key in self.ready:
            self.ready.remove(key)
        self._advance(self._leave(key, set(ports)))

    def sources(self, key: str) -> list[str]:
        """Predecessors whose edge was taken, in the order of the edges."""
        return [edge.source for edge in self.taken(key)]

    def taken(self, key: str) -> list[GraphEdge]:
        """The edges by which a step was reached, in their order."""
        order = {edge: place for place, edge in enumerate(self.graph.incoming[key])}
        return sorted(self._taken[key], key=order.__getitem__)

    def _advance(self, decided: list[tuple[str, bool]]) -> None:
        """Settle nodes as (key, alive), and whatever their death decides; a worklist, so that long graphs are fine."""
        while decided:
            key, alive = decided.pop(0)
            if key in self._settled:
                continue
            self._settled.add(key)
            if alive:
                self.ready.append(key)
            else:
                decided.extend(self._leave(key, set()))

    def _leave(self, key: str, ports: set[str]) -> list[tuple[str, bool]]:
        """Decide the edges out of a node; returns the nodes this settles."""
        return [settled for edge in self.graph.outgoing[key] for settled in self._decide(edge, edge.port in ports)]

    def _decide(self, edge: GraphEdge, taken: bool) -> list[tuple[str, bool]]:
        target = edge.target
        self._undecided[target] -= 1
        if taken:
            self._taken[target].append(edge)
        if self._undecided[target] == 0:
            return [(target, bool(self._taken[target]))]
        enough = self._suffices(target)
        return [(target, True)] if taken and enough and len(self._taken[target]) >= enough else []
