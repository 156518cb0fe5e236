from nocode.automation.models.execution import ExecutionLog, StepRun, WorkflowExecution
from nocode.automation.models.integration import Integration
from nocode.automation.models.trigger import Trigger, WebhookDelivery
from nocode.automation.models.workflow import Edge, Node, Workflow, WorkflowVersion

__all__ = [
    "Edge",
    "ExecutionLog",
    "Integration",
    "Node",
    "StepRun",
    "Trigger",
    "WebhookDelivery",
    "Workflow",
    "WorkflowExecution",
    "WorkflowVersion",
]
