"""What the caller of a webhook is told: that it was accepted, or what came out of it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from nocode.automation.engine.deliveries import start_execution
from nocode.automation.models import WorkflowExecution
from nocode.automation.services import executions
from nocode.automation.services.deliveries import Accepted
from nocode.automation.triggers.webhook import RESPOND

LOOK_EVERY = 0.2  # seconds between two looks at an execution that a worker goes on with


@dataclass
class Reply:
    """Status, headers and body of an answer; a body that is not text is sent as JSON."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)


def started(accepted: Accepted, **more: Any) -> Reply:
    """It will run, under this id."""
    body = {"execution_id": str(accepted.execution_id), **more}
    if accepted.delivery_id is None:
        body["duplicate"] = True
    return Reply(HTTPStatus.ACCEPTED, body)


def result(accepted: Accepted) -> Reply:
    """Run the execution here, or follow it where it runs, and tell what came out within the time limit."""
    until_response = accepted.settings["answer"] == RESPOND
    budget = accepted.settings["wait_seconds"]
    ends = time.monotonic() + budget
    rows = WorkflowExecution.objects.filter(pk=accepted.execution_id)
    if accepted.delivery_id is None:
        execution = rows.first()
    elif start_execution(accepted.delivery_id):
        execution = executions.run_now(accepted.execution_id, budget=budget, until_response=until_response)
    else:
        return Reply(HTTPStatus.CONFLICT, {"error": _("The workflow was stopped meanwhile; activate it first.")})
    while not _is_answered(execution, until_response) and _may_wait_for(execution, ends):
        time.sleep(LOOK_EVERY)
        execution = rows.first()
    if not _is_answered(execution, until_response):
        return started(accepted, status=execution.status if execution else WorkflowExecution.Status.PENDING)
    if until_response and execution.response:
        return Reply(**execution.response)
    return _outcome(execution)


def _is_answered(execution: WorkflowExecution | None, until_response: bool) -> bool:
    return execution is not None and (execution.is_finished or bool(until_response and execution.response))


def _may_wait_for(execution: WorkflowExecution | None, ends: float) -> bool:
    """Whether there is time left, and the execution does not sleep for longer."""
    left = ends - time.monotonic()
    sleeps = execution and execution.wake_at and execution.wake_at > timezone.now() + timedelta(seconds=left)
    return left > LOOK_EVERY and not sleeps


def _outcome(execution: WorkflowExecution) -> Reply:
    answer = {"execution_id": str(execution.pk), "status": execution.status}
    if execution.status == WorkflowExecution.Status.COMPLETED:
        return Reply(HTTPStatus.OK, {**answer, "output": execution.output})
    return Reply(HTTPStatus.INTERNAL_SERVER_ERROR, {"error": _public_error(execution), **answer})


def _public_error(execution: WorkflowExecution) -> str:
    """The author's own words of a "stop" step; any other error may tell about the inside of the workflow."""
    kinds = {node["key"]: node["kind"] for node in execution.version.graph["nodes"]}
    if kinds.get(execution.error_step) == "stop":
        return execution.error_message
    return _("The workflow did not complete.")
