"""The periodic tasks of automation, as rows of django-q2's Schedule that people see in the console."""

from datetime import timedelta

from django.utils import timezone
from django_q.models import Schedule

EVERY_MINUTE = ("process_scheduled_triggers", "cleanup_stale_executions")


def ensure_schedules() -> None:
    """Create the rows that are missing; what people changed in the others stays."""
    next_minute = timezone.now().replace(second=0, microsecond=0) + timedelta(minutes=1)
    for name in EVERY_MINUTE:
        Schedule.objects.get_or_create(
            func=f"nocode.automation.tasks.{name}",
            defaults={"name": name, "schedule_type": Schedule.MINUTES, "minutes": 1, "next_run": next_minute},
        )
