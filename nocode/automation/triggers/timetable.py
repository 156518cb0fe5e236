"""When a schedule fires: pure calendar arithmetic on checked settings.

A cron expression follows the wall clock of its time zone: in autumn 02:30 comes once, in spring a time that does not
exist fires when the clock has jumped. An interval in minutes or hours is true elapsed time; in days it keeps the hour.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError
from django.utils.translation import gettext as _

MACROS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
UNITS = {"minutes": timedelta(minutes=1), "hours": timedelta(hours=1), "days": timedelta(days=1)}
# Intervals without a first run are counted from this local midnight.
ORIGIN = "2000-01-01T00:00"


def check_time_zone(name: str) -> str:
    """The name of a time zone. Raises ValueError."""
    if name not in time_zones():
        raise ValueError(_("There is no time zone “%s”. Use a name like Europe/Paris.") % name)
    return name


def check_cron(expression: str) -> str:
    """The expression with single spaces. Raises ValueError, which names the field that is wrong."""
    text = " ".join(expression.split())
    fields = _expand(text).split()
    if len(fields) != 5:
        raise ValueError(
            _(
                "A cron expression has five fields (minute, hour, day of the month, month, day of the week); "
                "“%(text)s” has %(count)d."
            )
            % {"text": text, "count": len(fields)}
        )
    try:
        CronSim(" ".join(fields), datetime(2000, 1, 1, tzinfo=UTC))
    except CronSimError as error:
        raise ValueError(_never_comes(fields) or _wrong_field(fields, str(error))) from None
    return text


def times(settings: Mapping[str, Any], after: datetime) -> Iterator[datetime]:
    """The moments after `after`, in UTC."""
    zone = ZoneInfo(settings["time_zone"])
    if settings["mode"] == "cron":
        moments: Iterator[datetime] = CronSim(_expand(settings["cron"]), after.astimezone(zone))
    elif settings["unit"] == "days":
        moments = _days(settings, zone, after)
    else:
        moments = _elapsed(settings, zone, after)
    return (moment.astimezone(UTC) for moment in moments)


def _expand(expression: str) -> str:
    """The expression in the dialect of cronsim: without macros, `?`, and ranges over the turn of the week."""
    fields = MACROS.get(expression.lower(), expression).upper().split()
    if len(fields) == 5:
        fields[2:] = ["*" if field == "?" else field for field in fields[2:]]
        fields[3] = ",".join(_unroll(term, MONTHS, first=1) for term in fields[3].split(","))
        fields[4] = ",".join(_unroll(term, WEEKDAYS, first=0) for term in fields[4].split(","))
    return " ".join(fields)


def _unroll(term: str, names: list[str], first: int) -> str:
    """A range that runs over the turn, such as FRI-MON or NOV-FEB, as a list; anything else as it is."""
    start, dash, end = term.partition("-")
    known = names + [str(number) for number in range(first, first + len(names))]
    start = "SUN" if start == "7" and names is WEEKDAYS else start
    if not dash or start not in known or end not in known:
        return term
    places = [known.index(name) % len(names) for name in (start, end)]
    length = (places[1] - places[0]) % len(names) + 1
    return ",".join(str((places[0] + step) % len(names) + first) for step in range(length))


def _never_comes(fields: list[str]) -> str:
    """What to say of a day that its months do not have, which the parser takes for a mistake in the day; else ""."""
    try:
        CronSim(" ".join([*fields[:3], "*", *fields[4:]]), datetime(2000, 1, 1, tzinfo=UTC))
        CronSim(" ".join([*fields[:2], "*", *fields[3:]]), datetime(2000, 1, 1, tzinfo=UTC))
    except CronSimError:
        return ""
    return _("Day %(day)s of month %(month)s never comes.") % {"day": fields[2], "month": fields[3]}


def _wrong_field(fields: list[str], problem: str) -> str:
    names = {
        "minute": (0, _("the minute (0–59)")),
        "hour": (1, _("the hour (0–23)")),
        "day-of-month": (2, _("the day of the month (1–31, L, LW)")),
        "month": (3, _("the month (1–12 or JAN–DEC)")),
        "day-of-week": (4, _("the day of the week (0–7 or SUN–SAT)")),
    }
    position, name = names.get(problem.removeprefix("Bad "), (None, ""))
    if position is None:
        return _("“%s” is not a cron expression.") % " ".join(fields)
    return _("“%(part)s” is not valid for %(field)s.") % {"part": fields[position], "field": name}


def _first(settings: Mapping[str, Any], zone: ZoneInfo) -> datetime:
    return datetime.fromisoformat(settings["first_run"] or ORIGIN).replace(tzinfo=zone)


def _elapsed(settings: Mapping[str, Any], zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    first, step = _first(settings, zone).astimezone(UTC), settings["every"] * UNITS[settings["unit"]]
    number = max(0, (after - first) // step + 1)
    while True:
        yield first + number * step
        number += 1


def _days(settings: Mapping[str, Any], zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    first, step = _first(settings, zone), timedelta(days=settings["every"])
    number = max(0, (after.astimezone(zone).replace(tzinfo=None) - first.replace(tzinfo=None)) // step)
    while True:
        moment = first + number * step  # wall-clock arithmetic: the hour stays
        if moment.astimezone(UTC) > after:
            yield moment
        number += 1


@lru_cache(maxsize=1)
def time_zones() -> list[str]:
    """Every name, in alphabetical order."""
    return sorted(available_timezones())
