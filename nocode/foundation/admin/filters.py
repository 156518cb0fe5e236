"""Filters of lists: only what the user can see is offered, and periods are read as people write them."""

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Field, QuerySet
from django.forms.utils import from_current_timezone
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import RangeDateTimeFilter, RelatedDropdownFilter

from nocode.foundation.ids import first_id_at


class VisibleRelatedFilter(RelatedDropdownFilter):
    """A dropdown of related objects, such as `("workflow", VisibleRelatedFilter)`.

    Django's own related filters list every row of the table, other organizations' names included.
    """

    def field_choices(self, field: Field, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[Any, str]]:
        visible = field.remote_field.model.objects.visible_to(request.user)
        return [(each.pk, str(each)) for each in visible]


class MomentFilter(RangeDateTimeFilter):
    """From one moment to another, both included; a day without a time is the whole day.

    Unfold's own reads days as they are written in English, and asks for the time as well.
    """

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        first, last = self._moment("from", time.min), self._moment("to", time.max)
        if first:
            queryset = self.since(queryset, first)
        return self.until(queryset, last) if last else queryset

    def since(self, queryset: QuerySet, first: datetime) -> QuerySet:
        """The rows of that moment and later."""
        return queryset.filter(**{f"{self.field_path}__gte": first})

    def until(self, queryset: QuerySet, last: datetime) -> QuerySet:
        """The rows of that moment and earlier."""
        return queryset.filter(**{f"{self.field_path}__lte": last})

    def _moment(self, end: str, otherwise: time) -> datetime | None:
        """What was typed for one end; None when it is no moment."""
        day, hour = (self.used_parameters.get(f"{self.parameter_name}_{end}_{part}") for part in (0, 1))
        try:
            day, hour = forms.DateField(required=False).clean(day), forms.TimeField(required=False).clean(hour)
            return from_current_timezone(datetime.combine(day, hour or otherwise)) if day else None
        except (ValidationError, OverflowError):
            return None


class CreatedFilter(MomentFilter):
    """When rows were created: found by their ids, which grow with time and are indexed."""

    def since(self, queryset: QuerySet, first: datetime) -> QuerySet:
        return queryset.filter(pk__gte=first_id_at(first))

    def until(self, queryset: QuerySet, last: datetime) -> QuerySet:
        return queryset.filter(pk__lt=first_id_at(last + timedelta(milliseconds=1)))
