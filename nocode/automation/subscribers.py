"""The events automation listens to."""

from nocode.automation.engine import eventstarts, eventwaits, rowevents, subworkflows
from nocode.automation.notifying import somebody_to_tell
from nocode.automation.services import executions
from nocode.automation.tasks import continue_later, send_workflow_notification
from nocode.foundation.events import bus
from nocode.foundation.models import OutboxEvent


@bus.subscribe("automation.execution.[cf]*", sieve=somebody_to_tell)  # completed, cancelled, failed
def notify_of_end(event: OutboxEvent) -> None:
    """Tell those who want to know how an execution ended; where nobody does, one query for many of them is all."""
    send_workflow_notification.enqueue(event.payload["execution_id"], event.name.rpartition(".")[2], event.event_id)


@bus.subscribe("studio.record.*", sieve=rowevents.awaited)
def start_on_row_event(event: OutboxEvent) -> None:
    """Start the workflows that wait for this; where none does, one query for many events is all."""
    rowevents.start_on(event, continue_later)


@bus.subscribe("*", sieve=eventstarts.awaited)
def start_on_event(event: OutboxEvent) -> None:
    """Start the workflows that begin with this; where none does, one query for many events is all."""
    eventstarts.start_on(event, continue_later)


@bus.subscribe("*", sieve=eventwaits.awaited)
def wake_on_event(event: OutboxEvent) -> None:
    """Go on with the executions that wait for this; where none does, one query for many events is all."""
    eventwaits.wake_on(event, continue_later)


@bus.subscribe("automation.execution.failed", sieve=subworkflows.failures_with_a_workflow)
def start_for_failure(event: OutboxEvent) -> None:
    """Run the workflow for failures, where there is one."""
    subworkflows.start_for_failure(event, continue_later)


@bus.subscribe("automation.*.cancelled")  # an execution, or steps of one
def clear_up_after_cancel(event: OutboxEvent) -> None:
    """End what the steps that were called off waited for."""
    executions.clear_up(event.payload["execution_id"])
