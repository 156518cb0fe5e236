from nocode.automation.models.execution import ExecutionLog, StepRun, WorkflowExecution
from nocode.automation.models.export import ExecutionExport
from nocode.automation.models.integration import Integration, IntegrationCall, IntegrationStats
from nocode.automation.models.notification import NotificationDelivery, NotificationRule
from nocode.automation.models.trigger import Trigger, WebhookDelivery
from nocode.automation.models.workflow import DraftChange, Edge, Node, Workflow, WorkflowVersion

__all__ = [
    "DraftChange",
    "Edge",
    "ExecutionExport",
    "ExecutionLog",
    "Integration",
    "IntegrationCall",
    "IntegrationStats",
    "Node",
    "NotificationDelivery",
    "NotificationRule",
    "StepRun",
    "Trigger",
    "WebhookDelivery",
    "Workflow",
    "WorkflowExecution",
    "WorkflowVersion",
]
