"""Where an execution is: which steps have ended with which output, which have begun, and which may run next.

In memory only. A worker that takes over gets the same by replaying the steps that were committed.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from django.utils import timezone

from nocode.automation.engine.answers import Queue
from nocode.automation.engine.context import roots_of
from nocode.automation.engine.expressions import Sandbox
from nocode.automation.engine.loops import Loop
from nocode.automation.engine.prepared import PreparedGraph
from nocode.automation.engine.scopes import Scope, Turn
from nocode.automation.engine.store import Leased, StepRow, to_json
from nocode.automation.models import StepRun
from nocode.automation.nodes import Effect

PARALLEL_CALLS = 20


class Spot(NamedTuple):
    """A step in the scope it runs in."""

    scope: Scope
    key: str


class Progress:
    """One execution on its way through its graph."""

    def __init__(self, leased: Leased, prepared: PreparedGraph, queue: Queue):
        self.leased, self.queue = leased, queue
        self.prepared = prepared
        self.graph = prepared.graph
        self.sandbox = Sandbox(roots_of(leased, self.graph))
        self.root = Scope(self.graph.outer, leased.entry, prepared.suffices, leased.input)
        self.loops: dict[str, Loop] = {}  # those that have begun and are not over
        self._replayed: dict[str, list[StepRow]] = defaultdict(list)  # turns and their steps, by loop
        self._seen_by_sandbox: Scope = self.root

    # --- What is over

    def replay(self, rows: Iterable[StepRow]) -> None:
        """Take in the latest attempt of each step that ran before, in the order they began."""
        for row in rows:
            if row.node_key not in self.graph.nodes:
                continue
            if row.iteration:
                self._replayed[self.prepared.loops[row.node_key]].append(row)
            elif row.status == StepRun.Status.CANCELLED:
                self.root.call_off(row.node_key)
            elif row.is_left:
                self.complete(Spot(self.root, row.node_key), row, json.loads(row.output) if row.output else None)
            else:
                self.root.begun[row.node_key] = row

    def complete(self, spot: Spot, row: StepRow, output: Any) -> None:
        """A step was left through its ports: what is behind them may run, and expressions see its output."""
        spot.scope.complete(spot.key, row.ports, output)
        if spot.scope in (self.root, self._seen_by_sandbox):
            self.sandbox.set_step(spot.key, output)

    def call_off_others(self, spot: Spot) -> Iterator[StepRow]:
        """Every other step whose turn it is, in the same scope, is not to be done any more; the rows that tell it."""
        for key in [key for key in spot.scope.ready if key != spot.key]:
            row = spot.scope.begun.get(key) or StepRow(key, 1, "", timezone.now(), spot.scope.iteration)
            loop = self.loops.pop(key, None) if spot.scope is self.root else None
            inner = [*loop.unfinished()] if loop else []
            for each in (*inner, row):
                each.status, each.ports, each.wake_at = StepRun.Status.CANCELLED, [], None
                each.finished_at = timezone.now()
                yield each
            spot.scope.call_off(key)

    def cut_off(self) -> Iterator[StepRow]:
        """The rows of all that has begun and is not over."""
        yield from self.root.begun.values()
        for loop in self.loops.values():
            yield from loop.unfinished()

    # --- Loops

    def entered_loops(self) -> list[Spot]:
        """The loops that another worker, or an earlier slice, has entered."""
        return [Spot(self.root, key) for key in self.root.begun if self.prepared.is_loop(key)]

    def begin_loop(self, row: StepRow, settings: dict[str, Any], again: bool) -> Loop:
        """A loop is entered: for the first time, or by a worker that goes on with it."""
        loop = self.loops[row.node_key] = Loop(row, self.prepared, settings, self.graph.bodies[row.node_key])
        self.root.begun[row.node_key] = row
        if again:
            loop.resume(self.leased.id, self._replayed.pop(row.node_key, []))
        return loop

    def turn(self, loop: Loop) -> Iterator[StepRow]:
        """Begin the turns of a loop that may run now, or leave it when it is over; the rows that tell it."""
        yield from loop.fill()
        if loop.is_over:
            yield self._leave(loop)

    def _leave(self, loop: Loop) -> StepRow:
        del self.loops[loop.key]
        row, output = loop.row, loop.output()
        row.status, row.ports, row.finished_at = StepRun.Status.COMPLETED, ["done"], timezone.now()
        row.output = to_json(output)
        self.complete(Spot(self.root, loop.key), row, output)
        return row

    # --- What comes next

    @property
    def is_over(self) -> bool:
        """Whether no step is left to run."""
        return not self.root.ready

    @property
    def wake_at(self) -> datetime | None:
        """When the first of the steps that all wait is due; None when all wait for answers, however long it takes."""
        return min((time for scope in self._scopes() for time in scope.wake_times()), default=None)

    def next_batch(self) -> list[Spot]:
        """The next step, or all outside calls that may run side by side; steps that must wait are left out."""
        # What was due by the database's clock is awake, even if ours is behind.
        now = max(timezone.now(), self.leased.taken_at)
        due = [
            Spot(scope, key)
            for scope in self._scopes()
            for key in scope.awake(now)
            if not (scope is self.root and key in self.loops)
        ]
        inner = next((spot for spot in due if self.prepared.effect_of(spot.key) is not Effect.OUTSIDE), None)
        return [inner] if inner else due[:PARALLEL_CALLS]

    def _scopes(self) -> Iterator[Scope]:
        yield self.root
        for loop in self.loops.values():
            yield from loop.turns.values()

    # --- What a step sees

    def input_of(self, spot: Spot) -> Any:
        """What enters a step: the trigger's data, the output before it, or a list of several outputs."""
        values = spot.scope.input_of(spot.key)
        return values if self.prepared.is_join(spot.key) or len(values) > 1 else values[0]

    def show(self, scope: Scope) -> None:
        """Let expressions see a scope: the item of a turn and what its own steps gave, or nothing of any turn."""
        if scope is self._seen_by_sandbox:
            return
        seen, self._seen_by_sandbox = self._seen_by_sandbox, scope
        for key in {key for turn in (seen, scope) if isinstance(turn, Turn) for key in turn.graph.nodes}:
            self.sandbox.set_step(key, scope.outputs.get(key))
        self.show_item(scope)

    def show_item(self, scope: Scope) -> None:
        """Let `item` and `index` be those of the scope."""
        self.sandbox.set("item", scope.item)
        self.sandbox.set("index", scope.index)

    def result(self) -> Any:
        """The output of the last step; of several last steps, an object by their keys."""
        return self.root.result()
