"""Days and hours as people write them, read the same way as in conversions.sql."""

import datetime as dt
import re
from zoneinfo import ZoneInfo

from django.utils import formats
from django.utils.dates import MONTHS_3, MONTHS_AP

_YEAR_FIRST = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})")
_YEAR_LAST = re.compile(r"([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{4})")
_TIME = re.compile(r"([0-9]{1,2})[:hH]([0-5][0-9])(?::([0-5][0-9])(?:[.,]([0-9]{1,9}))?)?(?: ?([AaPp])[Mm])?")
_MOMENT = re.compile(
    r"([0-9./-]{8,10})(?:[Tt ] ?([0-9:.,]{4,18}(?: ?[AaPp][Mm])?)"
    r"(?: ?(?:([Zz])|([+-])([01][0-9]|2[0-3])(?::?([0-5][0-9]))?))?)?"
)

DATE_ORDERS = ("dmy", "mdy")
_WRITTEN = {
    "j": lambda day: str(day.day),
    "d": lambda day: f"{day.day:02}",
    "m": lambda day: f"{day.month:02}",
    "M": lambda day: str(MONTHS_3[day.month]).title(),
    "N": lambda day: str(MONTHS_AP[day.month]),
    "Y": lambda day: f"{day.year:04}",
    "H": lambda day: f"{day.hour:02}",
    "i": lambda day: f"{day.minute:02}",
}
_PLAIN = re.compile(r"([jdmMNYHi]|[ .,:/-])+")


def read_day(text: str, order: str | None = None) -> dt.date:
    """Year-month-day; with an `order` also day/month/year (dmy) or month/day/year (mdy). Raises ValueError."""
    if found := _YEAR_FIRST.fullmatch(text):
        year, month, day = map(int, found.groups())
    elif order in DATE_ORDERS and (found := _YEAR_LAST.fullmatch(text)):
        first, second, year = map(int, found.groups())
        day, month = (first, second) if order == "dmy" else (second, first)
    else:
        raise ValueError(text)
    return dt.date(year, month, day)


def read_time(text: str) -> dt.time:
    """14:30, 14:30:05.25, 2:30 pm or 14h30. Raises ValueError."""
    found = _TIME.fullmatch(text)
    if not found:
        raise ValueError(text)
    hour, minute, second, fraction, half = found.groups()
    number = int(hour)
    if half:
        if not 1 <= number <= 12:
            raise ValueError(text)
        number = number % 12 + (12 if half in "pP" else 0)
    return dt.time(number, int(minute), int(second or 0), int((fraction or "0").ljust(6, "0")[:6]))


def read_moment(text: str, zone: ZoneInfo, order: str | None = None) -> dt.datetime:
    """A day, perhaps a time, perhaps how far from UTC; without that, by the clocks of `zone`. Raises ValueError.

    An hour that comes twice when clocks are set back is the second one, as PostgreSQL has it.
    """
    found = _MOMENT.fullmatch(text)
    if not found:
        raise ValueError(text)
    day, time, utc, sign, hours, minutes = found.groups()
    local = dt.datetime.combine(read_day(day, order), read_time(time) if time else dt.time())
    if utc:
        return local.replace(tzinfo=dt.UTC)
    if sign:
        ahead = dt.timedelta(hours=int(hours), minutes=int(minutes or 0))
        return (local - ahead if sign == "+" else local + ahead).replace(tzinfo=dt.UTC)
    return in_zone(local, zone)


def in_zone(local: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """A moment by the clocks of a zone. Raises OverflowError when it is before or after all we can count."""
    ahead = min(local.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    return (local - ahead).replace(tzinfo=dt.UTC)


def written(day: dt.date, name: str) -> str:
    """What `formats.date_format` says, in a fifth of the time where the format has nothing unusual: a grid has many."""
    pattern = formats.get_format(name)
    if not _PLAIN.fullmatch(pattern):
        return formats.date_format(day, name)
    return "".join(_WRITTEN[code](day) if code in _WRITTEN else code for code in pattern)
