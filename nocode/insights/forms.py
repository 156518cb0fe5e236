"""What the analytics page is about: an organization and a period."""

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from nocode.insights.days import Period, last_days

LENGTHS = [(7, _("7 days")), (30, _("30 days")), (90, _("90 days"))]
USUAL = 30
LONGEST = 366


class PeriodForm(forms.Form):
    """A usual length up to today, or a range of one's own."""

    days = forms.TypedChoiceField(choices=LENGTHS, coerce=int, required=False, empty_value=None)
    first = forms.DateField(label=pgettext_lazy("days", "from"), required=False)
    last = forms.DateField(label=pgettext_lazy("days", "to"), required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        first, last = data.get("first"), data.get("last")
        if bool(first) != bool(last):
            raise ValidationError(_("Give both days, the first and the last."))
        if first and first > last:
            raise ValidationError(_("The first day comes after the last."))
        if first and (last - first).days >= LONGEST:
            raise ValidationError(_("At most %(days)d days can be looked at together."), params={"days": LONGEST})
        if first and first < date(2000, 1, 1):
            raise ValidationError(_("There are no figures of that time."))
        return data

    @property
    def period(self) -> Period:
        """What was asked for; the usual length when that makes no sense."""
        if self.is_valid() and self.cleaned_data["first"]:
            return Period(self.cleaned_data["first"], self.cleaned_data["last"])
        length = self.cleaned_data.get("days")
        return last_days(length or USUAL)

    @property
    def problems(self) -> list[str]:
        """What was wrong with it, for people."""
        return [problem for problems in self.errors.values() for problem in problems]
