"""Two executions side by side: how long each step took, how it ended, and whether it gave the same."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from django.db.models import F, QuerySet, TextField
from django.db.models.functions import MD5, Cast

from nocode.automation.models import StepRun, WorkflowExecution
from nocode.automation.queries import shown, size

LINES_COMPARED = 1000


@dataclass(frozen=True)
class Pair:
    """What one step did in each of two executions; `same_output` is None where only one of them has an output."""

    key: str
    before: StepRun | None
    after: StepRun | None

    @property
    def same_output(self) -> bool | None:
        if not (self.before and self.after):
            return None
        return self.before.digest == self.after.digest

    @property
    def has_outputs(self) -> bool:
        return any(run and run.digest for run in (self.before, self.after))


@dataclass(frozen=True)
class Line:
    """A line of one text beside its counterpart of the other; `how` is "same", "changed", "added" or "removed"."""

    how: str
    before: str
    after: str


def pairs(before: WorkflowExecution, after: WorkflowExecution) -> list[Pair]:
    """The steps of both graphs, in the order of the later one; in one query, without the values of the runs."""
    runs = (
        StepRun.objects.filter(execution__in=[before.pk, after.pk], iteration=0)
        .defer("settings", "output")
        .annotate(digest=MD5(Cast("output", TextField())))
        .order_by("execution_id", "node_key", "-attempt")
        .distinct("execution_id", "node_key")
    )
    found = {(run.execution_id, run.node_key): run for run in runs}
    keys = dict.fromkeys(node["key"] for graph in (after, before) for node in graph.version.graph["nodes"])
    return [Pair(key, found.get((before.pk, key)), found.get((after.pk, key))) for key in keys]


def output_of(execution: WorkflowExecution, key: str) -> dict[str, Any]:
    """The output of a step, or without a key what the trigger brought, as text cut to what is shown."""
    if key:
        rows: QuerySet = execution.steps.filter(node_key=key, iteration=0).order_by("-attempt")
        value = "output"
    else:
        rows, value = WorkflowExecution.objects.filter(pk=execution.pk), "input"
    return rows.annotate(text=shown(F(value)), length=size(F(value))).values("text", "length").first() or {}


def lines(before: str, after: str) -> Iterator[Line]:
    """Two texts line by line; what both have alike stands side by side."""
    old, new = before.splitlines()[:LINES_COMPARED], after.splitlines()[:LINES_COMPARED]
    for what, a, b, c, d in SequenceMatcher(None, old, new).get_opcodes():
        for place in range(max(b - a, d - c)):
            left = old[a + place] if a + place < b else None
            right = new[c + place] if c + place < d else None
            how = "same" if what == "equal" else "added" if left is None else "removed" if right is None else "changed"
            yield Line(how, left or "", right or "")
