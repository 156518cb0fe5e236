"""Numbers: whole and decimal, exact."""

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from nocode.studio.fields.base import ORDER, FieldType, field_types, quoted

_NUMBER = re.compile(r"[+-]?(\d{1,40}(\.\d{0,40})?|\.\d{1,40})(e[+-]?\d{1,3})?", re.ASCII | re.IGNORECASE)
_EXACT_DIGITS = 15  # what a JSON number keeps in every language
_BIGINT = 2**63


def _number(value: Any) -> Decimal | None:
    """The exact number meant by a JSON value or a typed text."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    text = value.strip() if isinstance(value, str) else str(value)
    if isinstance(value, (bool, dict, list)) or not _NUMBER.fullmatch(text):
        raise ValidationError(_("%(value)s is not a number; write for example 12.5") % {"value": quoted(value)})
    return Decimal(text)


@field_types.register
class Integer(FieldType):
    """A whole number."""

    kind, label, column = "integer", gettext_lazy("Whole number"), "bigint"
    operators, is_number, is_range = ORDER, True, True

    def parse(self, value: Any) -> int | None:
        number = _number(value)
        if number is None:
            return None
        if number and number.adjusted() > 19 or not -_BIGINT <= number < _BIGINT:
            raise ValidationError(_("%(value)s is too large") % {"value": quoted(value)})
        if number != int(number):
            raise ValidationError(
                _("%(value)s is not a whole number; round it, or use a decimal field") % {"value": quoted(value)}
            )
        return int(number)

    def form_field(self, settings: dict, **options: Any) -> forms.Field:
        widget = UnfoldAdminIntegerFieldWidget(attrs={"step": "1"})
        return forms.CharField(widget=widget, **options)


@field_types.register
class DecimalNumber(FieldType):
    """A number with decimals, kept exactly as written."""

    kind, label, column = "decimal", gettext_lazy("Decimal number"), "numeric"
    operators, is_number, is_range = ORDER, True, True

    class Config(forms.Form):
        decimals = forms.IntegerField(
            label=gettext_lazy("Decimals"),
            min_value=0,
            max_value=15,
            required=False,
            widget=UnfoldAdminIntegerFieldWidget(),
            help_text=gettext_lazy("The most a value may have; empty: up to 15."),
        )

    def parse(self, value: Any) -> Decimal | None:
        if isinstance(value, float):  # 0.1 + 0.2 is 0.30000000000000004: what was meant has 15 digits
            value = format(value, f".{_EXACT_DIGITS}g")
        return _number(value)

    def check(self, value: Decimal, settings: dict) -> Decimal:
        if value and value.adjusted() >= 30:
            raise ValidationError(_("%(value)s is too large") % {"value": quoted(value)})
        most = settings.get("decimals")
        most = _EXACT_DIGITS if most is None else most
        if value and -value.normalize().as_tuple().exponent > most:
            raise ValidationError(
                _("%(value)s has more than %(max)d decimals; round it") % {"value": quoted(value), "max": most}
            )
        return value

    def to_json(self, value: Decimal) -> int | float | str:
        """A number while a JSON number is exact, else its digits as text."""
        if not value.is_finite() or len(value.normalize().as_tuple().digits) > _EXACT_DIGITS:
            return format(value, "f")
        return int(value) if value == value.to_integral_value() and value.adjusted() < _EXACT_DIGITS else float(value)

    def display(self, value: int | float | str) -> str:
        return formats.number_format(Decimal(str(value)), use_l10n=True)

    def to_form(self, value: int | float | str) -> str:
        return format(Decimal(str(value)), "f")

    def form_field(self, settings: dict, **options: Any) -> forms.Field:
        return forms.CharField(widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"}), **options)
