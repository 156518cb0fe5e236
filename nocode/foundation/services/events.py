"""What people do about events."""

from django.db import transaction
from django.db.models import QuerySet

from nocode.foundation.events import deliver_events
from nocode.foundation.models import OutboxEvent


@transaction.atomic
def retry(events: QuerySet[OutboxEvent]) -> int:
    """Deliver events again that were given up on; returns how many. Subscribers that were told are not told twice."""
    count = events.filter(gave_up=True, delivered_at=None).update(gave_up=False, attempts=0, retry_at=None)
    if count:
        deliver_events.enqueue()
    return count
