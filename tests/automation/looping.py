"""Workflows with a loop, and a step that fails for the items it is told, for the tests of executions."""

from collections.abc import Iterator
from contextlib import contextmanager

from nocode.automation.errors import PermanentFailure
from nocode.automation.models import Workflow
from nocode.automation.nodes import NodeType, node_types
from nocode.automation.nodes.base import Effect, Family
from nocode.automation.services import workflows
from tests.factories import make_edge, make_node, make_workflow, set_values

KIND = "test.picky"


def make_loop(*body: tuple[str, str, dict], config: dict | None = None, **fields) -> Workflow:
    """A published workflow: a loop over `trigger.items`, its body, and a step that keeps what the loop gave."""
    workflow = make_workflow(**fields)
    settings = {"list": "{{ trigger.items }}", "concurrency": 1, "on_failure": "stop", "collect": True}
    before, port = make_node(workflow, "loop", "loop", config=settings | (config or {})), "each"
    end = make_node(workflow, "end", config=set_values(all="{{ input }}"))
    make_edge(before, end, "done")
    for key, kind, values in body:
        node = make_node(workflow, key, kind, config=values)
        make_edge(before, node, port)
        before, port = node, "main"
    workflows.publish(workflow)
    workflow.refresh_from_db()
    return workflow


@contextmanager
def picky_step() -> Iterator[NodeType]:
    """A step type that refuses the inputs in `refused`; `seen` are those it got."""

    class Picky(NodeType):
        kind, label, summary, icon, family = KIND, "Picky", "", "bug_report", Family.OUTSIDE
        effect = Effect.OUTSIDE
        refused: set = set()
        seen: list = []

        def run(self, settings, step):
            self.seen.append(step.input)
            if step.input in self.refused:
                raise PermanentFailure(f"{step.input} is refused")
            return {"took": step.input}

    Picky.refused, Picky.seen = set(), []
    node_types.register(Picky)
    try:
        yield node_types[KIND]
    finally:
        del node_types._entries[KIND]
