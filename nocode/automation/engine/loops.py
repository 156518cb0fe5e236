"""Loops on their way: which turns run, which are over, what comes next.

A turn is one row of StepRun with the loop's key and the number of the turn; the steps of its body carry the same
number. A worker that takes over goes on with the turns that are not over, and with the items behind the last one.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from django.utils import timezone

from nocode.automation.engine import store
from nocode.automation.engine.graph import EACH_PORT, Graph
from nocode.automation.engine.prepared import PreparedGraph
from nocode.automation.engine.scopes import Turn
from nocode.automation.engine.store import StepRow
from nocode.automation.models import StepRun

_NONE_LEFT = object()


class Loop:
    """One loop of an execution, from its first item to its last."""

    def __init__(self, row: StepRow, prepared: PreparedGraph, settings: dict[str, Any], body: Graph):
        self.row, self.body, self._prepared = row, body, prepared
        self.key = row.node_key
        self.concurrency: int = settings["concurrency"]
        self.goes_on = settings["on_failure"] != "stop"
        self.collects: bool = settings["collect"]
        self.turns: dict[int, Turn] = {}  # those that run
        self.begun = self.failed = 0
        self.last: Any = None  # the item of the turn that began last
        self._items: Iterator[Any] = iter(())
        self._results: dict[int, Any] = {}
        self._is_exhausted = False

    def resume(self, execution_id: UUID, unfinished: Iterable[StepRow]) -> None:
        """Take in what earlier workers did: how far they came, and the rows of turns that are not over."""
        self.begun, self.failed, self.last = store.turns_so_far(execution_id, self.key)
        if self.collects:
            self._results = store.results_so_far(execution_id, self.key)
        for row in sorted(unfinished, key=lambda each: each.node_key != self.key):
            if row.node_key == self.key:
                row.status, row.error, row.finished_at = StepRun.Status.RUNNING, "", None
                self._begin(row, json.loads(row.settings)["item"])
            elif row.status == StepRun.Status.CANCELLED:
                self.turns[row.iteration].call_off(row.node_key)
            elif row.is_left:
                output = json.loads(row.output) if row.output else None
                self.turns[row.iteration].complete(row.node_key, row.ports, output)
            else:
                self.turns[row.iteration].begun[row.node_key] = row

    def follow(self, items: Iterator[Any]) -> None:
        """Take the items that have had no turn from here."""
        self._items = items

    def fill(self) -> Iterator[StepRow]:
        """Begin as many turns as may run side by side; the rows that tell it.

        Turns that are over end first: a worker may have died between the last step of one and the row that says so.
        """
        for turn in [turn for turn in self.turns.values() if turn.is_over]:
            yield from self.end(turn)
        while len(self.turns) < self.concurrency and not self._is_exhausted:
            item = next(self._items, _NONE_LEFT)
            if item is _NONE_LEFT:
                self._is_exhausted = True
                return
            self.begun += 1
            row = StepRow(
                node_key=self.key,
                iteration=self.begun,
                attempt=1,
                status=StepRun.Status.RUNNING,
                settings=store.to_json({"item": item}),
                started_at=timezone.now(),
            )
            yield row
            turn = self._begin(row, item)
            if turn.is_over:  # a loop around nothing
                yield from self.end(turn)

    def unfinished(self) -> Iterator[StepRow]:
        """The rows of the turns that are not over, and of what they have begun."""
        for turn in self.turns.values():
            yield from turn.begun.values()
            yield turn.row

    def end(self, turn: Turn) -> Iterator[StepRow]:
        """A turn is over: the rows that tell it. After a failure, what else it had begun is given up."""
        if self.turns.pop(turn.iteration, None) is None:
            return
        now, row = timezone.now(), turn.row
        row.finished_at, row.ports, row.error = now, [EACH_PORT], turn.error
        row.status = StepRun.Status.FAILED if turn.error else StepRun.Status.COMPLETED
        output = {"error": turn.error, "item": turn.item} if turn.error else turn.result()
        row.output = store.to_json(output)
        yield row
        for step in turn.begun.values():
            if step.status != StepRun.Status.FAILED or step.wake_at:
                step.status, step.wake_at, step.finished_at = StepRun.Status.CANCELLED, None, now
                yield step
        self.failed += bool(turn.error)
        if self.collects:
            self._results[turn.iteration] = output

    @property
    def is_over(self) -> bool:
        return self._is_exhausted and not self.turns

    def output(self) -> Any:
        """What the loop brought: the results in the order of the items, or only how many there were."""
        if self.collects:
            return [self._results[number] for number in sorted(self._results)]
        return {"count": self.begun, "failed": self.failed}

    def _begin(self, row: StepRow, item: Any) -> Turn:
        turn = Turn(self.key, self.body, self._prepared.suffices, row, item)
        self.turns[row.iteration] = turn
        return turn
