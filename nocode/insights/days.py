"""Days of the installation's time zone, which have 23 or 25 hours when the clock changes."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils import timezone

DAY = timedelta(days=1)


def today() -> date:
    """The day it is now."""
    return day_of(timezone.now())


def day_of(moment: datetime) -> date:
    """The day a moment belongs to."""
    return moment.astimezone(timezone.get_default_timezone()).date()


def start_of(day: date) -> datetime:
    """The moment a day begins. Where the clock jumps over midnight, that is the moment of the jump."""
    return datetime.combine(day, time.min, timezone.get_default_timezone())


def bounds(day: date) -> tuple[datetime, datetime]:
    """The moments a day begins and the next one does."""
    return start_of(day), start_of(day + DAY)


def days_between(first: date, last: date) -> list[date]:
    """All days from first to last, both included."""
    return [first + DAY * number for number in range((last - first).days + 1)]


@dataclass(frozen=True)
class Period:
    """From one day to another, both included."""

    first: date
    last: date

    @property
    def length(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def days(self) -> list[date]:
        return days_between(self.first, self.last)

    @property
    def before(self) -> "Period":
        """As many days, just before."""
        return Period(self.first - DAY * self.length, self.first - DAY)


def last_days(length: int) -> Period:
    """The days up to today."""
    return Period(today() - timedelta(days=length - 1), today())
