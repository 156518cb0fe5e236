"""Filters of the list of activities."""

from datetime import date

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter, RangeDateFilter

from nocode.foundation.ids import first_id_at
from nocode.insights.actions import GROUPS, actions_of
from nocode.insights.days import DAY, start_of


class GroupFilter(DropdownFilter):
    """What it was about."""

    title = _("kind of activity")
    parameter_name = "group"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [(key, label) for key, (label, _actions) in GROUPS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() not in GROUPS:
            return queryset
        return queryset.filter(action__in=actions_of(self.value()))


class PeriodFilter(RangeDateFilter):
    """From one day to another, both included; found by ids, which grow with time and are indexed."""

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        first, last = self._day("from"), self._day("to")
        if first:
            queryset = queryset.filter(pk__gte=first_id_at(start_of(first)))
        if last and last < date.max:
            queryset = queryset.filter(pk__lt=first_id_at(start_of(last + DAY)))
        return queryset

    def _day(self, end: str) -> date | None:
        """The day as people of this language write it; None when it is none."""
        try:
            return forms.DateField(required=False).clean(self.used_parameters.get(f"{self.parameter_name}_{end}"))
        except ValidationError:
            return None
