from nocode.automation.models.execution import CalledBy, ExecutionLog, StepRun, WorkflowExecution
from nocode.automation.models.export import ExecutionExport
from nocode.automation.models.integration import Integration, IntegrationCall, IntegrationStats
from nocode.automation.models.job import ExecutionJob
from nocode.automation.models.notification import NotificationDelivery, NotificationRule
from nocode.automation.models.transfer import WorkflowImport
from nocode.automation.models.trigger import Trigger, WebhookDelivery
from nocode.automation.models.waiting import Approval, EventWait, StepSignal
from nocode.automation.models.workflow import DraftChange, Edge, Node, Workflow, WorkflowVersion

__all__ = [
    "Approval",
    "CalledBy",
    "DraftChange",
    "Edge",
    "EventWait",
    "ExecutionExport",
    "ExecutionJob",
    "ExecutionLog",
    "Integration",
    "IntegrationCall",
    "IntegrationStats",
    "Node",
    "NotificationDelivery",
    "NotificationRule",
    "StepRun",
    "StepSignal",
    "Trigger",
    "WebhookDelivery",
    "Workflow",
    "WorkflowExecution",
    "WorkflowImport",
    "WorkflowVersion",
]
