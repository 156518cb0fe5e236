"""Where an execution is: which steps have ended with which output, which have begun, and which may run next.

In memory only. A worker that takes over gets the same by replaying the steps that were committed.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils import timezone

from nocode.automation.engine.context import roots_of
from nocode.automation.engine.expressions import Sandbox
from nocode.automation.engine.frontier import Frontier
from nocode.automation.engine.prepared import PreparedGraph
from nocode.automation.engine.store import Leased, StepRow
from nocode.automation.nodes import Effect

PARALLEL_CALLS = 8


class Progress:
    """One execution on its way through its graph."""

    def __init__(self, leased: Leased, prepared: PreparedGraph):
        self.leased = leased
        self.prepared = prepared
        self.graph = prepared.graph
        self.sandbox = Sandbox(roots_of(leased, self.graph))
        self.begun: dict[str, StepRow] = {}  # steps that began and have not ended: waiting, to retry, cut off
        self._frontier = Frontier(self.graph, leased.entry, prepared.joins_any)
        self._outputs: dict[str, Any] = {}

    def replay(self, rows: Iterable[StepRow]) -> None:
        """Take in the latest attempt of each step that ran before, in the order they began."""
        for row in rows:
            if row.node_key not in self.graph.nodes:
                continue
            if row.is_left:
                self.complete(row, json.loads(row.output) if row.output else None)
            else:
                self.begun[row.node_key] = row

    def complete(self, row: StepRow, output: Any) -> None:
        """A step was left through its ports: what is behind them may run, and expressions see its output."""
        self.begun.pop(row.node_key, None)
        self._outputs[row.node_key] = output
        self.sandbox.set_step(row.node_key, output)
        self._frontier.complete(row.node_key, row.ports)

    @property
    def is_over(self) -> bool:
        """Whether no step is left to run."""
        return not self._frontier.ready

    @property
    def wake_at(self) -> datetime:
        """When the first of the steps that all wait is due."""
        return min(self.begun[key].wake_at for key in self._frontier.ready)

    def next_batch(self) -> list[str]:
        """The next step, or all outside calls that may run side by side; steps that must wait are left out."""
        due = [key for key in self._frontier.ready if not self._sleeps(key)]
        inner = next((key for key in due if self.prepared.effect_of(key) is not Effect.OUTSIDE), None)
        return [inner] if inner else due[:PARALLEL_CALLS]

    def _sleeps(self, key: str) -> bool:
        row = self.begun.get(key)
        # What was due by the database's clock is awake, even if ours is behind.
        return row is not None and row.wake_at is not None and row.wake_at > max(timezone.now(), self.leased.taken_at)

    def input_of(self, key: str) -> Any:
        """What enters a step: the trigger's data, the output before it, or a list of several outputs."""
        sources = self._frontier.sources(key)
        if not sources:
            return self.leased.input
        values = [self._outputs[source] for source in sources]
        return values if self.prepared.is_join(key) or len(values) > 1 else values[0]

    def result(self) -> Any:
        """The output of the last step; of several last steps, an object by their keys."""
        ends = {key: self._outputs[key] for key in self.graph.leaves if key in self._outputs}
        return next(iter(ends.values())) if len(ends) == 1 else ends
