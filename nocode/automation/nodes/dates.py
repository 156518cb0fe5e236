"""Steps that work on dates. A moment leaves them as ISO text with its offset, so that every other step reads it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from nocode.automation.nodes import dateformat
from nocode.automation.nodes.base import Example, Family, NodeType, Step, node_types
from nocode.automation.nodes.config import ConfigForm, TextField
from nocode.automation.nodes.moments import beginning, between, moment_of, moved
from nocode.automation.nodes.values import given, refuse, source_field

DATE, ZONE = _("Date"), _("Time zone")
UNITS = {
    "years": _("years"),
    "months": _("months"),
    "weeks": _("weeks"),
    "days": _("days"),
    "hours": _("hours"),
    "minutes": _("minutes"),
    "seconds": _("seconds"),
}


class ZoneField(TextField):
    """A name of the time zone database."""

    def __init__(self, **options: Any):
        help_text = _("Such as Europe/Paris. Empty: the time zone of this installation.")
        super().__init__(label=ZONE, required=False, max_length=64, help_text=help_text, **options)

    def clean(self, value: Any) -> str:
        name = super().clean(value)
        if name and name not in available_timezones():
            raise ValidationError(gettext("There is no time zone “%s”; write one such as Europe/Paris.") % name)
        return name


def zone_aware(settings: dict, name: str, step: Step, label: Any = DATE, written: str = "") -> datetime:
    """The moment a setting means, in the setting's zone. Raises the failure that names the setting."""
    try:
        return moment_of(given(settings, name, step), settings["zone"], written)
    except (ValueError, OverflowError) as error:
        raise refuse(label, str(error)) from None


class DateNode(NodeType):
    """Shared by the date steps."""

    family = Family.TEXT
    gives = _("A date as ISO text, such as 2026-03-29T14:30:00+02:00.")


def date_field(label: Any = DATE) -> forms.Field:
    return source_field(
        label, help_text=_("ISO text, a timestamp, now, today, tomorrow or yesterday. Empty: the input.")
    )


@node_types.register
class FormatDate(DateNode):
    kind, label, icon = "date.format", _("Read and write a date"), "calendar_month"
    summary = _("Understand a date in any form and write it in another one, in the time zone that you choose.")
    gives = _("A text; without a format, ISO text.")
    example = Example(
        {"format": "dd.MM.yyyy HH:mm", "zone": "Europe/Paris"}, "2026-07-01T10:00:00Z", "01.07.2026 12:00"
    )

    class Config(ConfigForm):
        date = date_field()
        written = TextField(
            label=_("How it is written"),
            required=False,
            max_length=100,
            help_text=_("Such as dd/MM/yyyy HH:mm. Empty: ISO text or a timestamp."),
        )
        format = TextField(
            label=_("Write it as"),
            required=False,
            max_length=100,
            help_text=_("yyyy MM dd HH mm ss, MMMM for the month's name, EEEE for the day's. Empty: ISO."),
        )
        zone = ZoneField()

    def run(self, settings: dict, step: Step) -> str:
        moment = zone_aware(settings, "date", step, written=settings["written"])
        return dateformat.write(moment, settings["format"]) if settings["format"] else moment.isoformat()


@node_types.register
class AddToDate(DateNode):
    kind, label, icon = "date.add", _("Add to a date"), "more_time"
    summary = _("Move a date forwards or back; a month after 31 January is the last day of February.")
    example = Example(
        {"amount": 1, "unit": "months", "zone": "Europe/Paris"}, "2026-01-31", "2026-02-28T00:00:00+01:00"
    )

    class Config(ConfigForm):
        date = date_field()
        amount = forms.IntegerField(
            label=_("How many"),
            min_value=-1_000_000_000,
            max_value=1_000_000_000,
            help_text=_("Negative: back in time."),
        )
        unit = forms.ChoiceField(label=_("Unit"), choices=list(UNITS.items()), initial="days")
        zone = ZoneField()

    def run(self, settings: dict, step: Step) -> str:
        moment = zone_aware(settings, "date", step)
        try:
            return moved(moment, settings["amount"], settings["unit"]).isoformat()
        except (ValueError, OverflowError):
            raise refuse(self.Config.base_fields["amount"].label, gettext("that is too far away for a date.")) from None


@node_types.register
class DateDifference(DateNode):
    kind, label, icon = "date.difference", _("Time between two dates"), "timelapse"
    summary = _("How long it is from one date to another.")
    gives = _("A number, negative when the second date is before the first.")
    example = Example({"start": "2026-01-01", "end": "2026-01-15T12:00", "unit": "days"}, None, 14.5)

    class Config(ConfigForm):
        start = date_field(_("From date"))
        end = date_field(_("To date"))
        unit = forms.ChoiceField(label=_("Unit"), choices=list(UNITS.items()), initial="days")
        whole = forms.BooleanField(label=_("Only whole ones"), required=False, help_text=_("Rounded towards zero."))
        zone = ZoneField()

    def run(self, settings: dict, step: Step) -> int | float:
        fields = self.Config.base_fields
        start = zone_aware(settings, "start", step, fields["start"].label)
        end = zone_aware(settings, "end", step, fields["end"].label)
        found = between(start, end, settings["unit"])
        return int(found) if settings["whole"] or found == int(found) else found


@node_types.register
class RoundDate(DateNode):
    kind, label, icon = "date.round", _("Round a date"), "event_repeat"
    summary = _("The beginning or the end of the day, week, month or year that a date is in.")
    example = Example(
        {"unit": "weeks", "to": "start", "zone": "Europe/Paris"}, "2026-07-01T10:00", "2026-06-29T00:00:00+02:00"
    )

    class Config(ConfigForm):
        date = date_field()
        to = forms.ChoiceField(
            label=_("Go to"), choices=[("start", _("the beginning")), ("end", _("the end"))], initial="start"
        )
        unit = forms.ChoiceField(
            label=_("Of the"),
            initial="days",
            choices=[
                ("years", _("year")),
                ("months", _("month")),
                ("weeks", _("week")),
                ("days", _("day")),
                ("hours", _("hour")),
                ("minutes", _("minute")),
            ],
            help_text=_("Weeks begin on Monday."),
        )
        zone = ZoneField()

    def run(self, settings: dict, step: Step) -> str:
        start = beginning(zone_aware(settings, "date", step), settings["unit"])
        if settings["to"] == "start":
            return start.isoformat()
        following = moved(start, 1, settings["unit"])
        return (
            (following.astimezone(UTC) - timedelta(milliseconds=1))
            .astimezone(start.tzinfo)
            .isoformat(timespec="milliseconds")
        )


@node_types.register
class DateParts(DateNode):
    kind, label, icon = "date.parts", _("Parts of a date"), "calendar_view_day"
    summary = _("Take a date apart: year, month, day, hour, day of the week, number of the week, and so on.")
    gives = _(
        "An object: year, quarter, month, week, day, weekday (1: Monday), day_of_year, hour, minute, second, timestamp."
    )
    example = Example(
        {"zone": "UTC"},
        "2026-07-01T10:05:06Z",
        {
            "year": 2026,
            "quarter": 3,
            "month": 7,
            "week": 27,
            "day": 1,
            "weekday": 3,
            "day_of_year": 182,
            "hour": 10,
            "minute": 5,
            "second": 6,
            "timestamp": 1782900306,
        },
    )

    class Config(ConfigForm):
        date = date_field()
        zone = ZoneField()

    def run(self, settings: dict, step: Step) -> dict:
        moment = zone_aware(settings, "date", step)
        return {
            "year": moment.year,
            "quarter": (moment.month + 2) // 3,
            "month": moment.month,
            "week": moment.isocalendar().week,
            "day": moment.day,
            "weekday": moment.isoweekday(),
            "day_of_year": moment.timetuple().tm_yday,
            "hour": moment.hour,
            "minute": moment.minute,
            "second": moment.second,
            "timestamp": int(moment.timestamp()),
        }
