"""Slices of time: PostgreSQL's date_bin() as a Django function."""

from datetime import datetime, timedelta

from django.db.models import DateTimeField, Func, Value
from django.db.models.fields import DurationField


class DateBin(Func):
    """The start of the slice, `step` long and counted from `origin`, that a time falls into."""

    function = "date_bin"
    output_field = DateTimeField()

    def __init__(self, expression: str, step: timedelta, origin: datetime):
        super().__init__(
            Value(step, output_field=DurationField()), expression, Value(origin, output_field=DateTimeField())
        )
