"""The events insights listens to."""

from nocode.foundation.events import bus
from nocode.foundation.models import OutboxEvent
from nocode.insights.tracker import LOST, ActivityTracker
from nocode.runtime.models import GeneratedApp


@bus.subscribe(LOST)
def write_lost_activity(event: OutboxEvent) -> None:
    """Write an activity that could not be written when it happened."""
    ActivityTracker.recover(event.payload)


@bus.subscribe("runtime.deployment.rolled_back")
def remember_roll_back(event: OutboxEvent) -> None:
    """An application went back to an earlier deployment: most times its status stays what it was."""
    app = GeneratedApp.objects.filter(pk=event.payload["app_id"]).first()
    if app:
        ActivityTracker.track_app_action(app, "rolled_back", deployment=event.payload["number"])
