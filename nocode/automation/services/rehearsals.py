"""Tries a step of the draft outside of any execution: with values from the last one, leaving nothing behind.

What people pinned to a step stands for its output; what they did not is taken from the newest execution. Writes to our
database are rolled back; calls to the outside are made.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any

from django.db import connection, transaction
from django.db.models import TextField
from django.db.models.functions import Cast, Length
from django.utils import timezone
from django.utils.translation import gettext as _

from nocode.automation.engine.attempt import Attempt
from nocode.automation.engine.context import roots_of
from nocode.automation.engine.graph import EACH_PORT, Graph, GraphEdge
from nocode.automation.engine.prepared import PreparedGraph
from nocode.automation.engine.progress import Progress, Spot
from nocode.automation.engine.store import Leased
from nocode.automation.errors import WorkflowNotRunnable
from nocode.automation.models import Node, StepRun, Trigger, WorkflowExecution
from nocode.automation.nodes import Effect
from nocode.automation.services.workflows import draft_graph
from nocode.automation.triggers import InvalidTrigger, settings_of
from nocode.foundation.ids import uuid7

LARGEST = 100_000  # characters of an output that is worth reading here
SECONDS = 20  # what a statement may take


@dataclass
class Samples:
    """What the expressions of a step may see, as far as it is known."""

    trigger: Any
    outputs: dict[str, Any] = field(default_factory=dict)
    item: Any = None
    input: Any = None
    execution: WorkflowExecution | None = None  # where the values come from


class Stage:
    """One step of a draft, and what surrounds it."""

    def __init__(self, node: Node):
        self.node, self.workflow = node, node.workflow

    @cached_property
    def graph(self) -> Graph:
        return Graph.from_json(draft_graph(self.workflow))

    @cached_property
    def loop(self) -> str:
        """The loop the step stands in."""
        return next((loop for loop, body in self.graph.bodies.items() if self.node.key in {*body.nodes} - {loop}), "")

    @cached_property
    def samples(self) -> Samples:
        """Values for the step: pinned ones, those of the newest execution, and the webhook's sample."""
        newest = self.workflow.executions.exclude(status=WorkflowExecution.Status.PENDING).defer("output", "response")
        execution = newest.order_by("-id").first()
        found = Samples(execution.input if execution else self._sample_of_trigger(), execution=execution)
        if execution:
            found.outputs = self._outputs(execution)
            found.item = self._item(execution)
        pinned = self.workflow.nodes.exclude(pinned=None).values_list("key", "pinned")
        found.outputs |= {key: value for key, value in pinned if key != self.node.key}
        if self.loop:
            found.outputs[self.loop] = found.item
        found.input = self._input(found)
        return found

    @property
    def values(self) -> dict[str, Any]:
        """What expressions of the step can read, by root."""
        progress = self.progress()
        roots = roots_of(progress.leased, self.graph)
        known = {name: roots[name] for name in ("trigger", "vars", "workflow", "execution")}
        inside = {"item": self.samples.item, "index": 0} if self.loop else {}
        return known | inside | {"input": self.samples.input, "steps": self.samples.outputs}

    def progress(self) -> "_Rehearsed":
        """What the engine needs to run the step, and expressions to be evaluated."""
        return _Rehearsed(self, PreparedGraph(self.graph))

    def _outputs(self, execution: WorkflowExecution) -> dict[str, Any]:
        done = execution.steps.filter(status=StepRun.Status.COMPLETED).exclude(node_key=self.node.key)
        small = done.alias(size=Length(Cast("output", TextField()))).filter(size__lte=LARGEST)
        latest = small.order_by("node_key", "-iteration", "-attempt").distinct("node_key")
        return dict(latest.values_list("node_key", "output"))

    def _item(self, execution: WorkflowExecution) -> Any:
        turns = execution.steps.filter(node_key=self.loop, iteration__gt=0).order_by("-iteration")
        settings = turns.values_list("settings", flat=True).first() if self.loop else None
        return (settings or {}).get("item")

    def _input(self, found: Samples) -> Any:
        edges = self.graph.incoming[self.node.key]
        known = [self._through(edge, found) for edge in edges if edge.source in found.outputs]
        if PreparedGraph(self.graph).is_join(self.node.key) or len(known) > 1:
            return known
        return known[0] if known else (None if edges else found.trigger)

    def _through(self, edge: GraphEdge, found: Samples) -> Any:
        return found.item if edge.source == self.loop and edge.port == EACH_PORT else found.outputs[edge.source]

    def _sample_of_trigger(self) -> dict[str, Any]:
        webhook = self.workflow.triggers.filter(kind=Trigger.Kind.WEBHOOK).order_by("pk").first()
        try:
            return {"body": settings_of(webhook)["sample"]} if webhook else {}
        except InvalidTrigger:  # its own page says what is wrong with it
            return {}


class _Rehearsed(Progress):
    """As if an execution had come to this step."""

    def __init__(self, stage: Stage, prepared: PreparedGraph):
        self.samples = stage.samples
        super().__init__(_pretended(stage), prepared, lambda *_later: None)
        self.root.item, self.root.index = self.samples.item, 0 if stage.loop else None
        self.sandbox.set("steps", self.samples.outputs)
        self.sandbox.set("input", self.samples.input)
        self.show_item(self.root)

    def input_of(self, spot: Spot) -> Any:
        return self.samples.input


def rehearse(node: Node) -> Attempt:
    """How the step would end. Raises WorkflowNotRunnable for loops, which only an execution can run."""
    stage = Stage(node)
    if stage.graph.nodes[node.key].is_loop:
        raise WorkflowNotRunnable(_("A loop cannot be tried alone; run the workflow."))
    progress = stage.progress()
    attempt = Attempt(progress, Spot(progress.root, node.key))
    if progress.prepared.effect_of(node.key) is Effect.OUTSIDE:  # no transaction waits for a call
        return attempt.perform()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [f"{SECONDS}s"])
        attempt.perform()
        transaction.set_rollback(True)
    return attempt


def pin(node: Node, output: Any) -> None:
    """Let a value stand for the output of the step wherever steps are tried; None forgets it."""
    Node.objects.filter(pk=node.pk).update(pinned=output)
    node.pinned = output


def _pretended(stage: Stage) -> Leased:
    """An execution that does not exist."""
    now, workflow = timezone.now(), stage.workflow
    return Leased(
        token=uuid7(),
        id=uuid7(),
        organization_id=workflow.organization_id,
        workflow_id=workflow.pk,
        workflow_name=workflow.name,
        version_id=uuid7(),
        project_id=workflow.project_id,
        entry="",
        input=stage.samples.trigger,
        timeout=SECONDS,
        created_at=now,
        parent_id=None,
        parent_node="",
        parent_iteration=0,
        parent_attempt=None,
        depth=0,
        idle=timedelta(),
        started_at=now,
        deadline_at=now + timedelta(seconds=SECONDS),
        crashes=0,
        is_begun=True,
        lost_worker=False,
        taken_at=now,
    )
