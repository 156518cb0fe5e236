"""Moments: what people mean by a date, and how the calendar goes on from there."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext

from nocode.automation.nodes import dateformat
from nocode.automation.nodes.values import shown

_SECONDS = {"weeks": 604_800, "days": 86_400, "hours": 3600, "minutes": 60, "seconds": 1}
NOW = {"now", "today", "tomorrow", "yesterday"}


def zone_of(name: str) -> ZoneInfo:
    """The time zone of a name, or this installation's."""
    return ZoneInfo(name or timezone.get_current_timezone_name())


def moment_of(value: Any, zone: str, written: str = "") -> datetime:
    """The moment that is meant: ISO text, seconds since 1970 (or milliseconds), `now`, `today`, or text in a format.

    What names no offset is a time in the zone. Raises ValueError.
    """
    where = zone_of(zone)
    if isinstance(value, datetime):
        moment: datetime | None = value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        moment = _of_timestamp(value)
    elif not isinstance(value, str):
        moment = None
    elif value.strip().lower() in NOW:
        moment = _of_word(value.strip().lower(), where)
    else:
        moment = dateformat.parse(value, written) if written else _of_iso(value.strip())
    if moment is None:
        raise ValueError(gettext("%s is not a date.") % shown(value))
    return moment.replace(tzinfo=where) if moment.tzinfo is None else moment.astimezone(where)


def _of_timestamp(value: float) -> datetime:
    try:
        return datetime.fromtimestamp(value / 1000 if abs(value) >= 1e11 else value, UTC)
    except (ValueError, OverflowError, OSError):
        raise ValueError(gettext("%s is too far away for a date.") % shown(value)) from None


def _of_word(word: str, where: ZoneInfo) -> datetime:
    now = timezone.now().astimezone(where)
    if word == "now":
        return now
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(days={"today": 0, "tomorrow": 1, "yesterday": -1}[word])


def _of_iso(text: str) -> datetime | None:
    try:
        if found := parse_datetime(text):
            return found
        day = parse_date(text)
    except ValueError:
        return None
    return datetime(day.year, day.month, day.day) if day else None


def moved(moment: datetime, amount: int, unit: str) -> datetime:
    """A moment so much later: by the calendar for days and more, by the clock for hours and less."""
    if unit in ("years", "months"):
        months = moment.year * 12 + moment.month - 1 + amount * (12 if unit == "years" else 1)
        year, month = divmod(months, 12)
        return moment.replace(year=year, month=month + 1, day=min(moment.day, dateformat.last_day(year, month + 1)))
    if unit in ("weeks", "days"):
        return moment + timedelta(**{unit: amount})  # of one zone, so the wall clock stays
    return (moment.astimezone(UTC) + timedelta(**{unit: amount})).astimezone(moment.tzinfo)


def between(start: datetime, end: datetime, unit: str) -> float:
    """How many of the unit from one moment to another of the same zone: days by the calendar, hours by the clock."""
    if unit in ("hours", "minutes", "seconds"):
        return (end.astimezone(UTC) - start.astimezone(UTC)).total_seconds() / _SECONDS[unit]
    if unit in ("weeks", "days"):
        return (end - start).total_seconds() / _SECONDS[unit]  # of one zone: a day of 23 hours is a day
    months = (end.year - start.year) * 12 + end.month - start.month
    if moved(start, months, "months") > end:
        months -= 1
    reached, following = moved(start, months, "months"), moved(start, months + 1, "months")
    found = months + (end - reached) / (following - reached)
    return found / 12 if unit == "years" else found


def beginning(moment: datetime, unit: str) -> datetime:
    """The first moment of the year, month, week, day, hour or minute."""
    zeros = {"second": 0, "microsecond": 0}
    if unit != "minutes":
        zeros["minute"] = 0
    if unit not in ("minutes", "hours"):
        zeros["hour"] = 0
    if unit in ("months", "years"):
        zeros["day"] = 1
    if unit == "years":
        zeros["month"] = 1
    start = moment.replace(**zeros)
    return start - timedelta(days=start.weekday()) if unit == "weeks" else start
