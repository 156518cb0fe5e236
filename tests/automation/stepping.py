"""Runs one step for real, for the tests of step types."""

import json
from dataclasses import MISSING, fields, replace
from typing import Any

from nocode.automation.engine import runner
from nocode.automation.engine.expressions import Sandbox
from nocode.automation.engine.graph import GraphNode
from nocode.automation.engine.prepared import PreparedNode
from nocode.automation.engine.store import to_json
from nocode.automation.models import Workflow, WorkflowExecution
from nocode.automation.nodes import Effect, Outcome, Step
from nocode.automation.services import executions
from tests.factories import make_published


def run(workflow: Workflow, data: Any = None) -> WorkflowExecution:
    """An execution of the workflow, as far as it goes now."""
    execution = executions.start(workflow, input=data)
    runner.run(execution.pk, continue_later=lambda *args: None)
    execution.refresh_from_db()
    return execution


def run_step(kind: str, config: dict | None = None, data: Any = None, **fields: Any) -> WorkflowExecution:
    """An execution of a workflow with one step, on the data."""
    return run(make_published(("step", kind, config or {}), **fields), data)


def compute(kind: str, config: dict, data: Any, **more: Any) -> Outcome:
    """What a step that only computes makes of the data: as the engine does it, without a database."""
    prepared = PreparedNode.of(GraphNode("step", kind, config=config))
    assert prepared.type.effect is not Effect.TRANSACTION
    sandbox = Sandbox({"input": data, "trigger": data, "steps": {}} | more)
    known = {
        "key": "step",
        "input": data,
        "idempotency_key": "key",
        "resolve": lambda value, item: sandbox.set("item", item) or sandbox.resolve(value),
        "script": sandbox.run_script,
        "log": lambda *args, **details: None,
        "count_call": lambda *args: None,
    }
    step = Step(**dict.fromkeys((field.name for field in fields(Step) if field.default is MISSING), None) | known)
    result = prepared.type.run(prepared.settings(sandbox), step)
    result = result if isinstance(result, Outcome) else Outcome(result)
    return replace(result, output=json.loads(to_json(result.output)))
