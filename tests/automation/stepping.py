"""Runs one step for real, for the tests of step types."""

from typing import Any

from nocode.automation.engine import runner
from nocode.automation.models import Workflow, WorkflowExecution
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
