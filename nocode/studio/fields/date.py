"""Days and moments. A moment written without a time zone is one of this installation's time zone."""

import datetime as dt
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextInputWidget

from nocode.studio.fields.base import ORDER, FieldType, field_types, quoted


def _input(kind: str, **attrs: str) -> forms.Widget:
    widget = UnfoldAdminTextInputWidget(attrs=attrs)
    widget.input_type = kind
    return widget


@field_types.register
class Date(FieldType):
    """A day, without time and without time zone."""

    kind, label, column = "date", gettext_lazy("Date"), "date"
    operators, is_range = ORDER, True

    def parse(self, value: Any) -> dt.date | None:
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
            return value
        try:
            return dt.date.fromisoformat(value.strip())
        except (ValueError, AttributeError):
            raise ValidationError(
                _("%(value)s is not a date; write year-month-day, for example 2026-11-23") % {"value": quoted(value)}
            ) from None

    def to_json(self, value: dt.date) -> str:
        return value.isoformat()

    def display(self, value: str) -> str:
        return formats.date_format(dt.date.fromisoformat(value), "SHORT_DATE_FORMAT")

    def form_field(self, settings: dict, **options: Any) -> forms.Field:
        return forms.CharField(widget=_input("date"), **options)


@field_types.register
class DateTime(FieldType):
    """A moment."""

    kind, label, column = "datetime", gettext_lazy("Date and time"), "timestamptz"
    operators, is_range = ORDER, True

    def parse(self, value: Any) -> dt.datetime | None:
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        try:
            moment = value if isinstance(value, dt.datetime) else dt.datetime.fromisoformat(value.strip())
            if timezone.is_naive(moment):
                moment = timezone.make_aware(moment, timezone.get_default_timezone())
            moment.astimezone(timezone.get_default_timezone())  # where it is shown it must be a date as well
            return moment.astimezone(dt.UTC)
        except (ValueError, AttributeError, TypeError, OverflowError):
            raise ValidationError(
                _("%(value)s is not a date and time; write for example 2026-11-23T14:30:00Z") % {"value": quoted(value)}
            ) from None

    def to_json(self, value: dt.datetime) -> str:
        return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")

    def display(self, value: str) -> str:
        return formats.date_format(timezone.localtime(dt.datetime.fromisoformat(value)), "SHORT_DATETIME_FORMAT")

    def to_form(self, value: str) -> str:
        moment = dt.datetime.fromisoformat(value).astimezone(timezone.get_default_timezone())
        return moment.strftime("%Y-%m-%dT%H:%M:%S")

    def form_field(self, settings: dict, **options: Any) -> forms.Field:
        zone = _("Time zone: %(zone)s") % {"zone": timezone.get_default_timezone_name()}
        return forms.CharField(widget=_input("datetime-local", step="1"), help_text=zone, **options)
