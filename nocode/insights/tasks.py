"""The entry point of the queue."""

from nocode.foundation.queue import task
from nocode.insights.services import metrics


@task(timeout=600)
def roll_up_metrics() -> int:
    """Count today and every day that is not final yet; returns how many days that were."""
    days = metrics.open_days()
    for day in days:
        metrics.roll_up(day)
    return len(days)
