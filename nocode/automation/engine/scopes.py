"""What runs through a graph once: the execution itself, and each turn of a loop."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from nocode.automation.engine.frontier import Frontier
from nocode.automation.engine.graph import Graph, GraphEdge
from nocode.automation.engine.store import StepRow


class Scope:
    """One way through a graph: which steps ended with which output, which have begun, which may run next."""

    iteration = 0
    item: Any = None
    index: int | None = None  # from 0

    def __init__(self, graph: Graph, entry: str, suffices: Callable[[str], int], entering: Any):
        self.graph = graph
        self.outputs: dict[str, Any] = {}
        self.begun: dict[str, StepRow] = {}  # steps that began and have not ended: waiting, to retry, cut off
        self._entering = entering
        self._frontier = Frontier(graph, entry, suffices)

    @property
    def ready(self) -> list[str]:
        """The steps whose turn it is, in order."""
        return self._frontier.ready

    def complete(self, key: str, ports: list[str], output: Any) -> None:
        """A step was left through its ports: what is behind them may run."""
        self.begun.pop(key, None)
        self.outputs[key] = output
        self._frontier.complete(key, ports)

    def call_off(self, key: str) -> None:
        """A ready step is not to be done any more: its branch ends here."""
        self.begun.pop(key, None)
        self._frontier.complete(key, ())

    def input_of(self, key: str) -> list[Any]:
        """What enters a step: what the scope began with, or the outputs before it in the order of the edges."""
        edges = self._frontier.taken(key)
        return [self._carried(edge) for edge in edges] if edges else [self._entering]

    def _carried(self, edge: GraphEdge) -> Any:
        """What an edge brings: the output of the step before it, or the part of it that left through this port."""
        output = self.outputs[edge.source]
        is_part = self.graph.nodes[edge.source].gives_parts and isinstance(output, dict) and edge.port in output
        return output[edge.port] if is_part else output

    def awake(self, now: datetime) -> Iterator[str]:
        """The ready steps that need not wait for a time to come."""
        for key in self.ready:
            row = self.begun.get(key)
            if row is None or row.is_due(now):
                yield key

    def wake_times(self) -> Iterator[datetime]:
        """When the ready steps that wait are due."""
        return (row.wake_at for key in self.ready if (row := self.begun.get(key)) and row.wake_at)

    def result(self) -> Any:
        """The output of the last step; of several last steps, an object by their keys."""
        ends = {key: self.outputs[key] for key in self.graph.leaves if key in self.outputs}
        return next(iter(ends.values())) if len(ends) == 1 else ends


class Turn(Scope):
    """One turn of a loop: its body, for one item. `row` is the turn's own StepRun, with the item as its settings."""

    def __init__(self, loop: str, body: Graph, suffices: Callable[[str], int], row: StepRow, item: Any):
        super().__init__(body, loop, suffices, item)
        self.loop, self.row, self.item, self.error = loop, row, item, ""
        self.iteration, self.index = row.iteration, row.iteration - 1
        self.complete(loop, ["each"], item)

    @property
    def is_over(self) -> bool:
        """Whether all its steps were done, or one failed and the loop goes on without this turn."""
        return bool(self.error) or not self.ready
