"""Arithmetic of periods and cents: dates and whole numbers, no clock, no database."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Period:
    """Days that are paid for together; `end` is the first day that is not."""

    start: date
    end: date

    @property
    def last_day(self) -> date:
        return date.fromordinal(self.end.toordinal() - 1)


def period_from(start: date, anchor: date, months: int) -> Period:
    """The period of so many months that begins on `start`.

    It ends on the day of the month of `anchor`, on the month's last day where there is no such day: what began on
    31 January goes on on 28 February, and on 31 March again.
    """
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    day = min(anchor.day, monthrange(year, month + 1)[1])
    return Period(start, date(year, month + 1, day))


def share(price: int, period: Period, first: date) -> int:
    """What the days from `first` to the end of a period cost, when the whole of it costs `price`."""
    return half_up(price * (period.end - first).days, (period.end - period.start).days)


def half_up(numerator: int, denominator: int) -> int:
    """A fraction to the nearest whole number, halves upwards."""
    return (2 * numerator + denominator) // (2 * denominator)
