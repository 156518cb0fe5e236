"""Started by the clock: a cron expression or an interval, in a time zone."""

from collections.abc import Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from django import forms
from django.conf import settings as django_settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nocode.automation.triggers import timetable
from nocode.automation.triggers.base import TriggerType, trigger_types
from nocode.automation.triggers.phrases import describe

SKIP, ONCE, ALL = "skip", "once", "all"


class WallClockField(forms.CharField):
    """A date and time without a zone, kept as text: it is read in the time zone of the schedule."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"})

    def to_python(self, value: Any) -> str:
        text = super().to_python(value)
        if not text:
            return ""
        try:
            return datetime.fromisoformat(text).replace(tzinfo=None).isoformat(timespec="minutes")
        except ValueError:
            raise forms.ValidationError(_("Give a date and time like 2026-03-29T09:00.")) from None


class CheckedField(forms.CharField):
    """Text that a function puts in order, or refuses with a ValueError that says why."""

    def __init__(self, check, **options):
        self.check = check
        super().__init__(**options)

    def to_python(self, value: Any) -> str:
        text = super().to_python(value)
        try:
            return self.check(text) if text else text
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None


@trigger_types.register
class Schedule(TriggerType):
    kind, label, icon = "schedule", gettext_lazy("Schedule"), "schedule"
    summary = gettext_lazy("Runs at set times; `trigger.scheduled_for` is the time it was due.")

    class Config(forms.Form):
        """Which times, and what to do about missed ones."""

        conditional = {
            "cron": ("mode", {"cron"}),
            "every": ("mode", {"interval"}),
            "unit": ("mode", {"interval"}),
            "first_run": ("mode", {"interval"}),
        }

        mode = forms.ChoiceField(
            label=gettext_lazy("Repeat"),
            choices=[("cron", gettext_lazy("By a cron expression")), ("interval", gettext_lazy("At an interval"))],
            initial="cron",
        )
        cron = CheckedField(
            timetable.check_cron,
            label=gettext_lazy("Cron expression"),
            required=False,
            initial="0 9 * * MON-FRI",
            help_text=gettext_lazy("Minute, hour, day of the month, month, day of the week; or @hourly, @daily, …"),
        )
        every = forms.IntegerField(label=gettext_lazy("Every"), min_value=1, max_value=10_000, initial=1)
        unit = forms.ChoiceField(
            label=gettext_lazy("Unit"),
            choices=[
                ("minutes", gettext_lazy("Minutes")),
                ("hours", gettext_lazy("Hours")),
                ("days", gettext_lazy("Days")),
            ],
            initial="hours",
        )
        first_run = WallClockField(
            label=gettext_lazy("First run"),
            required=False,
            help_text=gettext_lazy("The interval is counted from here. Empty: from midnight."),
        )
        time_zone = CheckedField(
            timetable.check_time_zone,
            label=gettext_lazy("Time zone"),
            initial=lambda: django_settings.TIME_ZONE,
            widget=forms.Select,
        )
        missed = forms.ChoiceField(
            label=gettext_lazy("Missed runs"),
            choices=[
                (SKIP, gettext_lazy("Skip them")),
                (ONCE, gettext_lazy("Run once for all of them")),
                (ALL, gettext_lazy("Run each of them (at most 100)")),
            ],
            initial=ONCE,
            help_text=gettext_lazy("What to do when NoCode was not running at the time."),
        )

        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.fields["time_zone"].widget.choices = [(name, name) for name in timetable.time_zones()]

        def clean(self) -> dict[str, Any]:
            """It has an expression, and fires at least once."""
            data = super().clean()
            if data.get("mode") == "cron" and "cron" in data:
                if not data["cron"]:
                    self.add_error("cron", self.fields["cron"].default_error_messages["required"])
                elif not self.errors and not next(timetable.times(data, timezone.now()), None):
                    self.add_error("cron", _("These times never come."))
            return data

    def describe(self, trigger) -> str:
        """When it fires, in words."""
        return describe(self.clean(trigger.config))

    def next_run(self, settings: Mapping[str, Any], after: datetime) -> datetime | None:
        """The first time after `after`."""
        return next(timetable.times(settings, after), None)


def next_runs(config: Mapping[str, Any], after: datetime, n: int = 10) -> list[datetime]:
    """The next times of a schedule as it is stored, in UTC. Raises InvalidTrigger."""
    settings = trigger_types["schedule"].clean(config)
    return list(islice(timetable.times(settings, after), n))
