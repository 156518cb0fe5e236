"""Says in words when a schedule fires. Expressions without a simple sentence are shown as they are."""

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any

from django.utils.dates import WEEKDAYS
from django.utils.formats import time_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from nocode.automation.triggers.timetable import MACROS, ORIGIN
from nocode.automation.triggers.timetable import WEEKDAYS as CRON_WEEKDAYS


def describe(settings: Mapping[str, Any]) -> str:
    """For example "Every weekday at 09:00 (Europe/Paris)"."""
    sentence = _cron(settings["cron"]) if settings["mode"] == "cron" else _interval(settings)
    return _("%(sentence)s (%(time_zone)s)") % {"sentence": sentence, "time_zone": settings["time_zone"]}


def _interval(settings: Mapping[str, Any]) -> str:
    every, unit = settings["every"], settings["unit"]
    if unit == "minutes":
        return _minutes(every)
    if unit == "hours":
        return _hours(every)
    first = datetime.fromisoformat(settings["first_run"] or ORIGIN)
    days = ngettext("Every day at %(time)s", "Every %(count)d days at %(time)s", every)
    return days % {"count": every, "time": time_format(first.time())}


def _minutes(count: int) -> str:
    return ngettext("Every minute", "Every %(count)d minutes", count) % {"count": count}


def _hours(count: int) -> str:
    return ngettext("Every hour", "Every %(count)d hours", count) % {"count": count}


def _cron(expression: str) -> str:
    minute, hour, day, month, weekday = MACROS.get(expression.lower(), expression).upper().replace("?", "*").split()
    if month == "*" and (day == "*" or weekday == "*"):
        phrase = _within_day(minute, hour) if day == weekday == "*" else _on_days(minute, hour, day, weekday)
        if phrase:
            return phrase
    return _("At the times of “%s”") % expression


def _within_day(minute: str, hour: str) -> str:
    if hour == "*" and minute == "*":
        return _minutes(1)
    if hour == "*" and minute.startswith("*/") and minute[2:].isdigit() and 60 % int(minute[2:]) == 0:
        return _minutes(int(minute[2:]))
    if hour == "*" and minute.isdigit():
        return _("Every hour at minute %d") % int(minute)
    if hour.startswith("*/") and hour[2:].isdigit() and 24 % int(hour[2:]) == 0 and minute == "0":
        return _hours(int(hour[2:]))
    at = _clock(minute, hour)
    return at and _("Every day at %s") % at


def _on_days(minute: str, hour: str, day: str, weekday: str) -> str:
    at = _clock(minute, hour)
    if not at:
        return ""
    if day == "L":
        return _("On the last day of every month at %s") % at
    if day.isdigit():
        return _("On day %(day)d of every month at %(time)s") % {"day": int(day), "time": at}
    if weekday in ("1-5", "MON-FRI"):
        return _("Every weekday at %s") % at
    days = [_weekday(name) for name in weekday.split(",")]
    return _("Every %(days)s at %(time)s") % {"days": ", ".join(days), "time": at} if all(days) else ""


def _clock(minute: str, hour: str) -> str:
    return time_format(time(int(hour), int(minute))) if minute.isdigit() and hour.isdigit() else ""


def _weekday(name: str) -> str:
    """The name of a cron weekday (0 and 7 are Sunday; Django counts from Monday); empty for a range or a special."""
    if name in CRON_WEEKDAYS:
        name = str(CRON_WEEKDAYS.index(name))
    return str(WEEKDAYS[(int(name) + 6) % 7]) if name.isdigit() else ""
