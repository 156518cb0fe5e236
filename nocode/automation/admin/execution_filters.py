"""What the list of executions can be narrowed to beside its columns: version, trigger, duration, labels, data."""

from datetime import timedelta
from typing import Any

from django.db.models import F, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import DropdownFilter, TextFilter

from nocode.automation.models import Trigger

LONGEST = 200  # characters that are looked for


class TypedFilter(TextFilter):
    """A filter that people type; what makes no sense to it is ignored."""

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        condition = self.condition((self.value() or "").strip()[:LONGEST])
        return queryset if condition is None else queryset.filter(condition)

    def condition(self, text: str) -> Q | None:
        """What is looked for; None for all."""
        raise NotImplementedError


class VersionFilter(TypedFilter):
    """The number of the version that ran."""

    title, parameter_name = _("version"), "version"

    def condition(self, text: str) -> Q | None:
        number = text.removeprefix("v")
        return Q(version__number=int(number)) if number.isdecimal() and len(number) < 9 else None


class TriggerFilter(DropdownFilter):
    """What started it."""

    title, parameter_name = _("trigger"), "trigger"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, Any]]:
        return Trigger.Kind.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        kind = self.value()
        return queryset.filter(trigger_kind=kind) if kind in Trigger.Kind.values else queryset


class DurationFilter(TypedFilter):
    """How many seconds it took at least."""

    title, parameter_name = _("duration, seconds at least"), "seconds"

    def condition(self, text: str) -> Q | None:
        try:
            least = timedelta(seconds=float(text.replace(",", ".")))
        except (ValueError, OverflowError):
            return None
        return Q(completed_at__gte=F("started_at") + F("idle") + least)


class LabelFilter(TypedFilter):
    """A label that a step gave it: "customer=42", or only "customer"; found through an index."""

    title, parameter_name = _("label (name=value)"), "label"

    def condition(self, text: str) -> Q | None:
        name, is_named, value = (part.strip() for part in text.partition("="))
        if not name:
            return None
        return Q(labels__contains={name: value}) if is_named else Q(labels__has_key=name)


class DataFilter(TypedFilter):
    """Text in what came in or went out. No index: it would cost each run a fifth of its time; the newest come first."""

    title, parameter_name = _("text in input or output"), "data"

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        texts = {f"{name}_text": Cast(name, TextField()) for name in ("input", "output")}
        return super().queryset(request, queryset.alias(**texts))

    def condition(self, text: str) -> Q | None:
        return Q(input_text__icontains=text) | Q(output_text__icontains=text) if text else None
