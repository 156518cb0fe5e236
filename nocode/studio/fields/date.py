"""Days, moments, times of the day. A moment written without a time zone is one of this installation's time zone."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg2 import sql
from unfold.widgets import UnfoldAdminTextInputWidget

from nocode.studio.fields.base import NO_SETTINGS, ORDER, FieldType, Settings, field_types, quoted
from nocode.studio.fields.clock import in_zone, read_day, read_moment, read_time, written
from nocode.studio.fields.conversions import between, call


def _input(kind: str, **attrs: str) -> forms.Widget:
    widget = UnfoldAdminTextInputWidget(attrs=attrs)
    widget.input_type = kind
    return widget


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


class _BoundField(forms.CharField):
    """A day or a moment as a setting: kept as it is written in JSON."""

    def __init__(self, read: Callable[[str], dt.date], **kwargs: Any):
        super().__init__(**kwargs)
        self.read = read

    def clean(self, value: Any) -> str | None:
        text = super().clean(value)
        try:
            return self.read(text).isoformat() if text else None
        except (ValueError, OverflowError):
            raise ValidationError(_("%(value)s is not a date.") % {"value": quoted(text)}) from None


class _PeriodConfig(Settings):
    """The first and the last day or moment a value may be."""

    def clean(self) -> dict[str, Any]:
        low, high = self.cleaned_data.get("min"), self.cleaned_data.get("max")
        if low and high and low > high:
            self.add_error("max", _("The latest value is before the earliest one."))
        return super().clean()


def _moment(text: str) -> dt.datetime:
    return read_moment(text.strip(), timezone.get_default_timezone())


class _Dated(FieldType):
    """What days and moments have in common: how they follow each other, and the bounds they may have."""

    operators, is_range = ORDER, True

    def bounds(self, settings: Mapping) -> tuple[Any, Any]:
        """The earliest and the latest value a field with these settings takes."""
        low, high = settings.get("min"), settings.get("max")
        return low and self.parse(low), high and self.parse(high)

    def constraint(self, column: sql.Composable, settings: dict) -> sql.Composable | None:
        return between(column, *self.bounds(settings))

    def check(self, value: Any, settings: dict) -> Any:
        low, high = self.bounds(settings)
        if low and value < low:
            raise ValidationError(_("it is before %(min)s") % {"min": self.display(self.to_json(low))})
        if high and value > high:
            raise ValidationError(_("it is after %(max)s") % {"max": self.display(self.to_json(high))})
        return value


@field_types.register
class Date(_Dated):
    """A day, without time and without time zone.

    It is written year-month-day. Only where the settings have a `date_order` (an import's do, a field's do not), dmy or
    mdy, 03/04/2026 is understood as well.
    """

    kind, label, column = "date", gettext_lazy("Date"), "date"

    class Config(_PeriodConfig):
        min = _BoundField(read_day, label=gettext_lazy("Earliest"), required=False, widget=_input("date"))
        max = _BoundField(read_day, label=gettext_lazy("Latest"), required=False, widget=_input("date"))

    def to_text(self, value: sql.Composable, settings: dict) -> sql.Composable:
        return sql.SQL("to_char({}, 'YYYY-MM-DD')").format(value)

    def from_text(self, text: sql.Composable, settings: dict) -> sql.Composable:
        return call("try_date", text, settings.get("date_order"), *self.bounds(settings))

    def converted(
        self, value: sql.Composable, source: FieldType, source_settings: dict, settings: dict
    ) -> sql.Composable:
        """A moment becomes its day in this installation's time zone."""
        if source.column == "timestamptz":
            zone = sql.Literal(timezone.get_default_timezone_name())
            return self.from_text(sql.SQL("to_char({} AT TIME ZONE {}, 'YYYY-MM-DD')").format(value, zone), settings)
        return super().converted(value, source, source_settings, settings)

    def parse(self, value: Any, order: str | None = None) -> dt.date | None:
        if _is_empty(value):
            return None
        if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
            return value
        try:
            return read_day(value.strip(), order)
        except (ValueError, AttributeError):
            raise ValidationError(
                _("%(value)s is not a date; write year-month-day, for example 2026-11-23") % {"value": quoted(value)}
            ) from None

    def clean(self, value: Any, settings: dict) -> dt.date | None:
        day = self.parse(value, settings.get("date_order"))
        return None if day is None else self.check(day, settings)

    def to_json(self, value: dt.date) -> str:
        return value.isoformat()

    def display(self, value: str, settings: Mapping = NO_SETTINGS) -> str:
        return written(dt.date.fromisoformat(value), "SHORT_DATE_FORMAT")

    def export(self, value: str, settings: Mapping = NO_SETTINGS) -> dt.date:
        return dt.date.fromisoformat(value)

    def form_field(self, settings: dict, **options: Any) -> forms.Field:
        limits = {name: settings[name] for name in ("min", "max") if settings.get(name)}
        return forms.CharField(widget=_input("date", **limits), **options)


@field_types.register
class DateTime(_Dated):
    """A moment. `date_order` is understood as for days."""

    kind, label, column = "datetime", gettext_lazy("Date and time"), "timestamptz"

    class Config(_PeriodConfig):
        min = _BoundField(_moment, label=gettext_lazy("Earliest"), required=False, widget=_input("datetime-local"))
        max = _BoundField(_moment, label=gettext_lazy("Latest"), required=False, widget=_input("datetime-local"))

    def to_text(self, value: sql.Composable, settings: dict) -> sql.Composable:
        return call("moment_text", value)

    def from_text(self, text: sql.Composable, settings: dict) -> sql.Composable:
        zone = timezone.get_default_timezone_name()
        return call("try_moment", text, zone, settings.get("date_order"), *self.bounds(settings))

    def parse(self, value: Any, order: str | None = None) -> dt.datetime | None:
        if _is_empty(value):
            return None
        zone = timezone.get_default_timezone()
        try:
            moment = value if isinstance(value, dt.datetime) else read_moment(value.strip(), zone, order)
            if timezone.is_naive(moment):
                moment = in_zone(moment, zone)
            moment.astimezone(zone)  # where it is shown it must be a date as well
            return moment.astimezone(dt.UTC)
        except (ValueError, AttributeError, TypeError, OverflowError):
            raise ValidationError(
                _("%(value)s is not a date and time; write for example 2026-11-23T14:30:00Z") % {"value": quoted(value)}
            ) from None

    def clean(self, value: Any, settings: dict) -> dt.datetime | None:
        moment = self.parse(value, settings.get("date_order"))
        return None if moment is None else self.check(moment, settings)

    def to_json(self, value: dt.datetime) -> str:
        return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")

    def display(self, value: str, settings: Mapping = NO_SETTINGS) -> str:
        return written(timezone.localtime(dt.datetime.fromisoformat(value)), "SHORT_DATETIME_FORMAT")

    def export(self, value: str, settings: Mapping = NO_SETTINGS) -> dt.datetime:
        """By the clocks of this installation: cells of a spreadsheet know no time zone."""
        return timezone.make_naive(dt.datetime.fromisoformat(value), timezone.get_default_timezone())

    def to_form(self, value: str) -> str:
        moment = dt.datetime.fromisoformat(value).astimezone(timezone.get_default_timezone())
        return moment.strftime("%Y-%m-%dT%H:%M:%S")

    def form_field(self, settings: dict, **options: Any) -> forms.Field:
        zone = _("Time zone: %(zone)s") % {"zone": timezone.get_default_timezone_name()}
        options["help_text"] = " · ".join(filter(None, [options.get("help_text"), zone]))
        return forms.CharField(widget=_input("datetime-local", step="1"), **options)


@field_types.register
class Time(FieldType):
    """A time of the day, the same everywhere."""

    kind, label, column = "time", gettext_lazy("Time"), "time"
    operators, is_range = ORDER, True

    def from_text(self, text: sql.Composable, settings: dict) -> sql.Composable:
        return call("try_time", text)

    def converted(
        self, value: sql.Composable, source: FieldType, source_settings: dict, settings: dict
    ) -> sql.Composable:
        """A moment becomes its time by the clocks of this installation."""
        if source.column == "timestamptz":
            zone = sql.Literal(timezone.get_default_timezone_name())
            return sql.SQL("({} AT TIME ZONE {})::time").format(value, zone)
        return super().converted(value, source, source_settings, settings)

    def parse(self, value: Any) -> dt.time | None:
        if _is_empty(value):
            return None
        if isinstance(value, dt.time):
            return value.replace(tzinfo=None)
        try:
            return read_time(value.strip())
        except (ValueError, AttributeError):
            raise ValidationError(
                _("%(value)s is not a time; write hours:minutes, for example 14:30") % {"value": quoted(value)}
            ) from None

    def to_json(self, value: dt.time) -> str:
        return value.isoformat()

    def display(self, value: str, settings: Mapping = NO_SETTINGS) -> str:
        time = dt.time.fromisoformat(value)
        return time.isoformat("minutes") if not time.second and not time.microsecond else value

    def export(self, value: str, settings: Mapping = NO_SETTINGS) -> dt.time:
        return dt.time.fromisoformat(value)

    def form_field(self, settings: dict, **options: Any) -> forms.Field:
        return forms.CharField(widget=_input("time", step="1"), **options)
