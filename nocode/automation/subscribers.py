"""The events automation listens to."""

from nocode.automation.notifying import anybody_to_tell
from nocode.automation.tasks import send_workflow_notification
from nocode.foundation.events import bus
from nocode.foundation.models import OutboxEvent


@bus.subscribe("automation.execution.[cf]*")  # completed, cancelled, failed
def notify_of_end(event: OutboxEvent) -> None:
    """Tell those who want to know how an execution ended; where nobody may want to, one query is all it costs."""
    type = event.name.rpartition(".")[2]
    told = event.payload
    if anybody_to_tell(type, event.organization_id, told["workflow_id"]):
        send_workflow_notification.enqueue(told["execution_id"], type, event.event_id)
