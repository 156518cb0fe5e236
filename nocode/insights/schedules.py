"""The periodic task of insights, as a row of django-q2's Schedule that people see in the console."""

from datetime import timedelta

from django.utils import timezone
from django_q.models import Schedule


def ensure_schedules() -> None:
    """Create the row when it is missing; what people changed in it stays."""
    next_minute = timezone.now().replace(second=0, microsecond=0) + timedelta(minutes=1)
    Schedule.objects.get_or_create(
        func="nocode.insights.tasks.roll_up_metrics",
        defaults={"name": "roll_up_metrics", "schedule_type": Schedule.HOURLY, "next_run": next_minute},
    )
