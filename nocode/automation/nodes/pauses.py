"""How long a step waits, as people write it."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

UNITS = {"seconds": _("seconds"), "minutes": _("minutes"), "hours": _("hours"), "days": _("days")}


def amount_field(label: str, **options: Any) -> forms.FloatField:
    """How many of the units."""
    return forms.FloatField(label=label, required=False, min_value=0, max_value=1_000_000, **options)


def unit_field(initial: str = "hours") -> forms.ChoiceField:
    """Which unit."""
    return forms.ChoiceField(label=_("Unit"), choices=list(UNITS.items()), initial=initial)


def length(amount: float | None, unit: str) -> timedelta | None:
    """How long that is; None where nothing was said."""
    return timedelta(**{unit: amount}) if amount is not None else None


def moment_in(pause: timedelta | None) -> datetime | None:
    """The moment after a pause from now."""
    return timezone.now() + pause if pause is not None else None
