"""The events the studio listens to."""

from nocode.foundation.events import bus
from nocode.foundation.models import OutboxEvent, User
from nocode.studio.models import TableIndex
from nocode.studio.services import jobs


@bus.subscribe("studio.index.requested")
def build_index(event: OutboxEvent) -> None:
    """Have an index built that a change of structure asked for, unless it was dropped since."""
    index = TableIndex.objects.select_related("table__project").filter(pk=event.payload["index_id"]).first()
    if index is not None:
        user = User.objects.filter(pk=event.actor_id).first()
        jobs.start("index", project=index.table.project, table=index.table, user=user, options={"index": str(index.pk)})
