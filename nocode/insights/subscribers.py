"""The events insights listens to: those of the studio, decisions, and activities that could not be written at once."""

from nocode.foundation.events import bus
from nocode.foundation.models import OutboxEvent
from nocode.insights.tracker import LOST, ActivityTracker

# What the studio calls it → what it is to people. What is not named here is no activity, or is told by another event.
PROJECTS = {"trashed": "trashed", "restored": "restored", "deleted": "deleted"}
TABLES = {
    "created": "created",
    "renamed": "updated",
    "trashed": "trashed",
    "restored": "restored",
    "purged": "deleted",
}
FIELDS = {
    "created": "created",
    "changed": "updated",
    "retyped": "updated",
    "trashed": "trashed",
    "restored": "restored",
    "purged": "deleted",
}
PAGES = {"created": "created", "updated": "updated", "deleted": "deleted"}


@bus.subscribe(LOST)
def write_lost_activity(event: OutboxEvent) -> None:
    """Write an activity that could not be written when it happened."""
    ActivityTracker.recover(event.payload)


@bus.subscribe("studio.project.*")
def remember_project(event: OutboxEvent) -> None:
    """A project was thrown away or brought back; that it is new or changed is heard from its model."""
    _remember(event, "project", "studio.project", PROJECTS)


@bus.subscribe("studio.table.*")
def remember_table(event: OutboxEvent) -> None:
    """A table is new, renamed, thrown away, brought back or gone."""
    _remember(event, "table", "studio.datatable", TABLES)


@bus.subscribe("studio.field.*")
def remember_field(event: OutboxEvent) -> None:
    """A field of a table is new, changed, thrown away, brought back or gone."""
    _remember(event, "field", "studio.field", FIELDS)


@bus.subscribe("studio.page.*")
def remember_page(event: OutboxEvent) -> None:
    """A page is new, changed or gone. Whoever designs one changes it again and again: that is told now and then."""
    _remember(event, "page", "studio.page", PAGES, is_repeated=event.name.endswith(".updated"))


@bus.subscribe("automation.approval.*")
def remember_approval(event: OutboxEvent) -> None:
    """Somebody decided what a workflow asked."""
    target = "automation.workflowexecution", event.payload["execution_id"], event.payload["title"]
    ActivityTracker.track_event(event, f"approval.{event.name.rpartition('.')[2]}", target)


def _remember(event: OutboxEvent, kind: str, model: str, verbs: dict[str, str], is_repeated: bool = False) -> None:
    verb = verbs.get(event.name.rpartition(".")[2])
    if verb:
        target = model, event.payload[f"{kind}_id"], event.payload["name"]
        ActivityTracker.track_event(event, f"{kind}.{verb}", target, is_repeated=is_repeated)
