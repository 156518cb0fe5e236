"""Runs one step for real, for the tests of step types."""

import json
from dataclasses import replace
from typing import Any
from uuid import uuid4

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
    nothing = uuid4()
    step = Step(
        key="step",
        execution_id=nothing,
        organization_id=nothing,
        project_id=None,
        workflow_name="",
        iteration=0,
        attempt=1,
        depth=0,
        input=data,
        idempotency_key="",
        resolve=lambda value, item: sandbox.resolve(value),
        script=sandbox.run_script,
        log=lambda *args, **details: None,
        count_call=lambda *args: None,
    )
    result = prepared.type.run(prepared.settings(sandbox), step)
    result = result if isinstance(result, Outcome) else Outcome(result)
    return replace(result, output=json.loads(to_json(result.output)))
