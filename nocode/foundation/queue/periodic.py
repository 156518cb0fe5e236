"""The periodic tasks of all modules: what each is for, and how often it runs unless people decide otherwise."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.utils import timezone
from django.utils.functional import Promise
from django_q.models import Schedule

from nocode.foundation.queue.tasks import TaskFunction


@dataclass(frozen=True)
class Periodic:
    """A task, and when it runs: every so many minutes, or daily at a time."""

    task: TaskFunction
    purpose: str | Promise
    minutes: int = 0
    at: time | None = None

    @property
    def name(self) -> str:
        return self.task.path.rpartition(".")[2]

    def plan(self) -> dict:
        """The columns of its Schedule row."""
        now = timezone.localtime()
        if self.at is not None:
            return {"schedule_type": Schedule.DAILY, "next_run": _next(self.at, now)}
        next_minute = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
        if self.minutes == 60:
            return {"schedule_type": Schedule.HOURLY, "next_run": next_minute}
        return {"schedule_type": Schedule.MINUTES, "minutes": self.minutes, "next_run": next_minute}


PERIODIC: dict[str, Periodic] = {}


def periodic(task: TaskFunction, purpose: str | Promise, *, minutes: int = 0, at: time | None = None) -> None:
    """Have a task called every so many minutes, or daily `at` a time; `purpose` tells people what for."""
    PERIODIC[task.path] = Periodic(task, purpose, minutes, at)


def ensure_schedules() -> None:
    """Create the rows of django-q2's Schedule that are missing; what people changed in the others stays."""
    known = set(Schedule.objects.filter(func__in=PERIODIC).values_list("func", flat=True))
    for path, each in PERIODIC.items():
        if path not in known:
            Schedule.objects.get_or_create(func=path, defaults={"name": each.name, **each.plan()})


def _next(at: time, now: datetime) -> datetime:
    """When the clock of the installation shows `at` next."""
    today = now.replace(hour=at.hour, minute=at.minute, second=0, microsecond=0)
    return today if today > now else today + timedelta(days=1)
