"""Exports of n8n, imported and run: what their nodes gave, next to what n8n asserts for them."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nocode.automation import arrivals
from nocode.automation.models import Node, Workflow
from nocode.automation.nodes import Effect, node_types
from nocode.automation.services import executions, workflows
from nocode.foundation.models import Organization

OURS = Path(__file__).parents[1] / "data" / "n8n"


@dataclass
class Trial:
    """One sample: how it came over, and where it differs."""

    name: str
    workflow: Workflow
    placeholders: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    error: str = ""
    wrong: dict[str, tuple[Any, Any]] = field(default_factory=dict)  # by node: expected, given
    outputs: dict[str, Any] = field(default_factory=dict)

    @property
    def passes(self) -> bool:
        """Whether all of it came over, ran, and gave what n8n gives."""
        return not (self.placeholders or self.problems or self.error or self.wrong)


def tried(file: Path, organization: Organization, trigger_data: dict | None = None) -> Trial:
    """Import, publish and run a file. Placeholders are left out, calls to the outside answer with the sample."""
    made = arrivals.receive(file.read_bytes(), organization)
    trial = Trial(file.name, made)
    trial.placeholders = [each["label"] for each in made.origin.remarks if each["verdict"] == "placeholder"]
    _quieten(made)
    made = trial.workflow = Workflow.objects.get(pk=made.pk)
    trial.problems = [str(problem) for problem in workflows.validate(made)]
    if trial.problems:
        return trial
    workflows.publish(made)
    made.refresh_from_db()
    execution = executions.run_now(executions.start(made, input=trigger_data or {}).pk, budget=30)
    trial.error = execution.error_message
    steps = execution.steps.filter(status="completed", iteration=0)
    trial.outputs = dict(steps.values_list("node_key", "output"))
    for key, wanted in made.nodes.exclude(pinned=None).values_list("key", "pinned"):
        given = trial.outputs.get(key)
        given = given if isinstance(given, list) else [] if given is None else [given]
        if _plain(wanted) != _plain(given):
            trial.wrong[key] = wanted, given
    return trial


def _quieten(workflow: Workflow) -> None:
    """Nothing is called: what would call gives what the step behind it is to hand on."""
    for node in workflow.nodes.all():
        if node.kind == "placeholder":
            node.config["skip"] = True
        elif node_types[node.kind].effect is Effect.OUTSIDE:
            after = Node.objects.get(edges_in__source=node)
            answers = [{"body": each} for each in after.pinned]
            node.kind, node.config = "code", {"code": f"return {json.dumps(answers)};", "mode": "all"}
        node.save()


def _plain(value: Any) -> str:
    return json.dumps(_without_points(value), sort_keys=True)


def _without_points(value: Any) -> Any:
    """1.0 is 1, as in JavaScript."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _without_points(each) for key, each in value.items()}
    return [_without_points(each) for each in value] if isinstance(value, list) else value
