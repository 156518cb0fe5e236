"""Console pages of workflows, triggers and executions."""

from nocode.automation.admin import execution, execution_job, integration, notification, transfer, trigger, workflow  # noqa: F401
