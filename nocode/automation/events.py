"""What automation announces: names and payloads, in one place."""

from datetime import datetime
from typing import Any

from nocode.foundation.events import Event


def workflow_event(workflow, what: str) -> Event:
    """`automation.workflow.created`, `.updated` or `.deleted`."""
    payload = {
        "workflow_id": str(workflow.pk),
        "name": workflow.name,
        "organization_id": str(workflow.organization_id),
        "status": workflow.status,
    }
    return Event(f"automation.workflow.{what}", payload, f"workflow:{workflow.pk}", workflow.organization_id)


def integration_created(integration) -> Event:
    """`automation.integration.created`."""
    payload = {
        "integration_id": str(integration.pk),
        "name": integration.name,
        "type": integration.type,
        "organization_id": str(integration.organization_id),
    }
    return Event(
        "automation.integration.created", payload, f"integration:{integration.pk}", integration.organization_id
    )


def transition_payload(execution, status: str, completed_at: datetime | None, error_message: str) -> dict[str, Any]:
    """The payload of an execution event. `execution`: a WorkflowExecution, or the engine's view of one."""
    duration = None
    if completed_at and execution.started_at:
        duration = (completed_at - execution.started_at - execution.idle).total_seconds()
    return {
        "execution_id": str(execution.id),
        "workflow_id": str(execution.workflow_id) if execution.workflow_id else None,
        "workflow_name": execution.workflow_name,
        "organization_id": str(execution.organization_id),
        "status": status,
        "duration": duration,
        "error_message": error_message,
    }


ANNOUNCED = {"running": "started", "completed": "completed", "failed": "failed", "cancelled": "cancelled"}


def execution_event(execution) -> Event:
    """`automation.execution.started`, `.completed`, `.failed` or `.cancelled`, after the status it has now."""
    payload = transition_payload(execution, execution.status, execution.completed_at, execution.error_message)
    name = f"automation.execution.{ANNOUNCED[execution.status]}"
    return Event(name, payload, f"execution:{execution.pk}", execution.organization_id)


def approval_event(approval) -> Event:
    """`automation.approval.approved` or `.rejected`: somebody has decided."""
    payload = {
        "approval_id": str(approval.pk),
        "title": approval.title,
        "execution_id": str(approval.execution_id),
        "step": approval.node_key,
        "comment": approval.comment,
        "values": approval.values,
        "user_id": approval.answered_by_id,
    }
    name, key = f"automation.approval.{approval.state}", f"approval:{approval.pk}"
    return Event(name, payload, key, approval.organization_id, approval.answered_by_id)


def notification_event(execution, type: str, user_id: int) -> Event:
    """`automation.notification.<type>`: one person is told of an execution. `type` is usually the status it came to."""
    payload = {
        "execution_id": str(execution.pk),
        "workflow_name": execution.workflow_name,
        "status": type if type in ANNOUNCED.values() else execution.status,
        "user_id": user_id,
    }
    return Event(f"automation.notification.{type}", payload, f"execution:{execution.pk}", execution.organization_id)
