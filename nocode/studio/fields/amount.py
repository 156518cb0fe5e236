"""Numbers with a unit: money, percents, durations."""

import datetime as dt
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import formats
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg2 import sql
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from nocode.studio.fields.base import NO_SETTINGS, ORDER, FieldType, field_types, quoted
from nocode.studio.fields.conversions import MINUS, call
from nocode.studio.fields.number import (
    EXACT,
    MOST_DECIMALS,
    BoundField,
    ExactNumber,
    NumberConfig,
    bounds,
    is_number,
    read_number,
)

# How people mark amounts of a currency, the way it is shown first; the code itself is always understood.
MARKS: dict[str, tuple[str, ...]] = {
    "EUR": ("€",), "USD": ("$", "US$"), "GBP": ("£",), "CHF": ("CHF", "Fr."), "JPY": ("¥", "円"),
    "CNY": ("¥", "元"), "CAD": ("$", "CA$"), "AUD": ("$", "A$"), "NZD": ("$", "NZ$"), "INR": ("₹",), "BRL": ("R$",),
    "MXN": ("$", "MX$"), "PLN": ("zł",), "CZK": ("Kč",), "SEK": ("kr",), "NOK": ("kr",), "DKK": ("kr",),
    "HUF": ("Ft",), "RON": ("lei",), "TRY": ("₺",), "ILS": ("₪",), "KRW": ("₩",), "XOF": ("FCFA", "CFA"),
    "XAF": ("FCFA", "CFA"), "MAD": ("DH",), "TND": ("DT",), "DZD": ("DA",), "ZAR": ("R",), "SGD": ("$", "S$"),
    "HKD": ("$", "HK$"),
}  # fmt: skip
_DECIMALS = {"JPY": 0, "KRW": 0, "XOF": 0, "XAF": 0, "TND": 3}
_LONGEST = 100


def _marks(code: str) -> list[str]:
    """Longest first: CA$ before $."""
    return sorted({code, *MARKS[code]}, key=lambda mark: (-len(mark), mark))


_ALL_MARKS = sorted({mark for code in MARKS for mark in _marks(code)}, key=lambda mark: (-len(mark), mark))


def read_amount(value: Any, marks: list[str]) -> Decimal | None:
    """A number, with or without one of these marks before or after it. Raises ValidationError."""
    if not isinstance(value, str) or len(value) > _LONGEST or is_number(value):
        return read_number(value)
    text, sign = value.strip(), ""
    if text[:1] in ("-", "+", MINUS):
        sign, text = text[0], text[1:].strip()
    for mark in marks:
        if text.startswith(mark):
            text = text[len(mark) :]
            break
        if text.endswith(mark):
            text = text[: -len(mark)]
            break
    if not is_number(sign + text.strip()):
        return read_number(value)  # refuses it as it was written
    return read_number(sign + text.strip())


@field_types.register
class Currency(ExactNumber):
    """An amount of money of one currency."""

    kind, label = "currency", gettext_lazy("Currency")

    class Config(NumberConfig):
        currency = forms.ChoiceField(
            label=gettext_lazy("Currency"),
            choices=[(code, f"{code} {marks[0]}" if marks[0] != code else code) for code, marks in MARKS.items()],
            initial="EUR",
            required=False,
            widget=UnfoldAdminSelectWidget(),
        )
        decimals = forms.IntegerField(
            label=gettext_lazy("Decimals"),
            min_value=0,
            max_value=MOST_DECIMALS,
            required=False,
            widget=UnfoldAdminIntegerFieldWidget(),
            help_text=gettext_lazy("Empty: as many as the currency has."),
        )

        def clean_currency(self) -> str:
            return self.cleaned_data["currency"] or self.fields["currency"].initial

    def code(self, settings: Mapping) -> str:
        """The currency, by its ISO 4217 code."""
        return settings.get("currency") or self.Config.base_fields["currency"].initial

    def decimals(self, settings: Mapping) -> int:
        most = settings.get("decimals")
        return _DECIMALS.get(self.code(settings), 2) if most is None else most

    def from_text(self, text: sql.Composable, settings: dict) -> sql.Composable:
        return call("try_amount", text, _marks(self.code(settings)), self.decimals(settings), *bounds(settings))

    def parse(self, value: Any) -> Decimal | None:
        return super().parse(value) if isinstance(value, float) else read_amount(value, _ALL_MARKS)

    def clean(self, value: Any, settings: dict) -> Decimal | None:
        """An amount of another currency is refused: nobody knows the rate."""
        if isinstance(value, str):
            value = read_amount(value, _marks(self.code(settings)))
        return super().clean(value, settings)

    def display(self, value: int | float | str, settings: Mapping = NO_SETTINGS) -> str:
        amount, mark = Decimal(str(value)), MARKS[self.code(settings)][0]
        digits = formats.number_format(abs(amount), self.decimals(settings), use_l10n=True, force_grouping=True)
        mark = f"{mark}\u00a0" if mark[-1].isalpha() else mark
        shown = _("%(currency)s%(amount)s") % {"currency": mark, "amount": digits}
        return f"-{shown}" if amount < 0 else shown


def _read_percent(value: Any) -> Decimal | None:
    if isinstance(value, str) and value.strip().endswith("%"):
        text = value.strip()[:-1]
        return EXACT.multiply(read_number(text if is_number(text) else value), Decimal("0.01"))
    return read_number(value)


@field_types.register
class Percent(ExactNumber):
    """A share of a whole: 25 % is stored as 0.25, which means the same when it is written without the sign."""

    kind, label = "percent", gettext_lazy("Percent")

    class Config(NumberConfig):
        min = BoundField(_read_percent, label=gettext_lazy("Smallest value"), max_length=40, required=False)
        max = BoundField(_read_percent, label=gettext_lazy("Largest value"), max_length=40, required=False)
        decimals = forms.IntegerField(
            label=gettext_lazy("Decimals of the percents"),
            min_value=0,
            max_value=MOST_DECIMALS - 2,
            required=False,
            widget=UnfoldAdminIntegerFieldWidget(),
            help_text=gettext_lazy("The most a value may have; empty: up to 13."),
        )

    def decimals(self, settings: Mapping) -> int:
        most = settings.get("decimals")
        return MOST_DECIMALS if most is None else most + 2

    def from_text(self, text: sql.Composable, settings: dict) -> sql.Composable:
        return call("try_percent", text, self.decimals(settings), *bounds(settings))

    def to_text(self, value: sql.Composable, settings: dict) -> sql.Composable:
        return sql.SQL("trim_scale({} * 100)::text || ' %'").format(value)

    def parse(self, value: Any) -> Decimal | None:
        return _read_percent(value) if isinstance(value, str) else super().parse(value)

    def display(self, value: int | float | str, settings: Mapping = NO_SETTINGS) -> str:
        return _("%(number)s %%") % {"number": formats.number_format(_hundredfold(value), use_l10n=True)}

    def cell(self, value: int | float | str, settings: Mapping = NO_SETTINGS) -> SafeString:
        bar = '<span class="c-share"><progress max="1" value="{}" aria-hidden="true"></progress>{}</span>'
        return format_html(bar, min(max(float(value), 0), 1), self.display(value, settings))

    def to_form(self, value: int | float | str) -> str:
        return f"{_hundredfold(value):f} %"

    def form_field(self, settings: dict, **options: Any) -> forms.Field:
        widget = UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal", "placeholder": "25 %"})
        return _PercentField(widget=widget, **options)


def _hundredfold(value: int | float | str) -> Decimal:
    return EXACT.multiply(Decimal(str(value)), Decimal(100)).normalize(EXACT) + 0


class _PercentField(forms.CharField):
    """In a form a number alone is one of percents."""

    def to_python(self, value: Any) -> str:
        text = super().to_python(value)
        return f"{text.rstrip('%').rstrip()} %" if text else text


_CLOCK = re.compile(r"()([0-9]{1,9}):([0-5]?[0-9])(?::([0-5]?[0-9]))?")
_FRENCH = re.compile(r"()([0-9]{1,7}) ?h ?([0-5]?[0-9])()")
_UNITS = re.compile(
    r"(?=[0-9])(?:([0-9]{1,6}) ?(?:d|days?|j|jours?) ?)?(?:([0-9]{1,7}) ?(?:h|hrs?|hours?|heures?) ?)?"
    r"(?:([0-9]{1,9}) ?(?:m|min|mins|minutes?) ?)?(?:([0-9]{1,9}) ?(?:s|secs?|seconds?|secondes?))?"
)
_ASCII_LOWER = str.maketrans({chr(code): chr(code + 32) for code in range(ord("A"), ord("Z") + 1)} | {MINUS: "-"})
_SECONDS = re.compile(r"[0-9]{1,12}")


def read_duration(text: str) -> int | None:
    """The seconds in 1:30 (hours and minutes), 1:30:05, 1h30, 2 d 3 h, 90 min, 90; None for anything else."""
    text = text.strip().translate(_ASCII_LOWER)
    sign, text = (-1, text[1:].lstrip(" ")) if text.startswith("-") else (1, text)
    if _SECONDS.fullmatch(text):
        return sign * int(text)
    found = _CLOCK.fullmatch(text) or _FRENCH.fullmatch(text) or _UNITS.fullmatch(text)
    if not found:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return sign * (days * 86400 + hours * 3600 + minutes * 60 + seconds)


@field_types.register
class Duration(FieldType):
    """How long something takes, in whole seconds."""

    kind, label, column = "duration", gettext_lazy("Duration"), "bigint"
    operators, is_number, is_range = ORDER, True, True

    def to_text(self, value: sql.Composable, settings: dict) -> sql.Composable:
        return call("duration_text", value)

    def from_text(self, text: sql.Composable, settings: dict) -> sql.Composable:
        return call("try_duration", text, None, None)

    def parse(self, value: Any) -> int | None:
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        seconds = None if isinstance(value, (bool, dict, list)) else read_duration(str(value))
        if seconds is None:
            raise ValidationError(
                _("%(value)s is not a duration; write hours:minutes, for example 1:30, or 90 min")
                % {"value": quoted(value)}
            )
        return seconds

    def display(self, value: int, settings: Mapping = NO_SETTINGS) -> str:
        minutes, seconds = divmod(abs(value), 60)
        text = f"{minutes // 60}:{minutes % 60:02}" + (f":{seconds:02}" if seconds else "")
        return f"-{text}" if value < 0 else text

    def export(self, value: int, settings: Mapping = NO_SETTINGS) -> dt.timedelta:
        return dt.timedelta(seconds=value)

    def to_form(self, value: int) -> str:
        return self.display(value)

    def form_field(self, settings: dict, **options: Any) -> forms.Field:
        return forms.CharField(widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "1:30"}), **options)
