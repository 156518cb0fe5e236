"""Console pages of workflows, triggers and executions."""

from nocode.automation.admin import execution, integration, notification, trigger, workflow  # noqa: F401
