"""The events insights listens to."""

from nocode.foundation.events import bus
from nocode.foundation.models import OutboxEvent
from nocode.insights.tracker import LOST, ActivityTracker


@bus.subscribe(LOST)
def write_lost_activity(event: OutboxEvent) -> None:
    """Write an activity that could not be written when it happened."""
    ActivityTracker.recover(event.payload)
