"""Console pages of workflows, triggers and executions."""

from nocode.automation.admin import execution, integration, notification, transfer, trigger, workflow  # noqa: F401
