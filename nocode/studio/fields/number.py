"""Numbers: whole and decimal, exact. Money and percents are in `amount.py`."""

import re
from collections.abc import Callable, Mapping
from decimal import Context, Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg2 import sql
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from nocode.studio.fields.base import NO_SETTINGS, ORDER, FieldType, Settings, field_types, quoted
from nocode.studio.fields.conversions import MINUS, all_of, between, call

MOST_DECIMALS = 15  # what a JSON number keeps in every language
EXACT = Context(prec=400)
_BIGINT = 2**63

# As people and other programs write them: a group of digits is parted by a space, an apostrophe, a comma or a point,
# as long as there is one way to read it. `1,234` has two and is refused. The same is in conversions.sql.
_PLAIN = re.compile(r"[+-]?([0-9]{1,40}(\.[0-9]{0,40})?|\.[0-9]{1,40})(e[+-]?[0-9]{1,3})?", re.IGNORECASE)
_SPACED = re.compile(r"[+-]?[0-9]{1,3}( [0-9]{3})+([.,][0-9]+)?")
_COMMAS = re.compile(r"[+-]?[1-9][0-9]{0,2}((,[0-9]{3})+\.[0-9]+|(,[0-9]{3}){2,})")
_POINTS = re.compile(r"[+-]?[1-9][0-9]{0,2}((\.[0-9]{3})+,[0-9]+|(\.[0-9]{3}){2,})")
_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+")
_EITHER = re.compile(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}")
_MINUS = re.compile(r"-[0-9]+(\.[0-9]+)?")
_LONGEST = 60
_SPACES = str.maketrans(dict.fromkeys("\u00a0\u202f\u2009\u2019'", " ") | {MINUS: "-"})


def read_number(value: Any) -> Decimal | None:
    """The exact number meant by a JSON value or a typed text. Raises ValidationError."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, (bool, dict, list)) or (digits := _plain(str(value).strip())) is None:
        raise ValidationError(_("%(value)s is not a number; write for example 1234.56") % {"value": quoted(value)})
    return Decimal(digits)


def is_number(text: str) -> bool:
    """Whether a text is a number that `read_number` understands."""
    return _plain(text.strip()) is not None


def _plain(text: str) -> str | None:
    """A number as Python writes it; None for what is none or can be read in two ways."""
    if _PLAIN.fullmatch(text):
        return text
    if len(text) > _LONGEST:
        return None
    text = text.translate(_SPACES)
    if _SPACED.fullmatch(text):
        return text.replace(" ", "").replace(",", ".")
    if _COMMAS.fullmatch(text):
        return text.replace(",", "")
    if _POINTS.fullmatch(text):
        return text.replace(".", "").replace(",", ".")
    if _COMMA.fullmatch(text) and not _EITHER.fullmatch(text):
        return text.replace(",", ".")
    return text if _MINUS.fullmatch(text) else None


class BoundField(forms.CharField):
    """A number as a setting: kept as its digits, which JSON does not round."""

    widget = UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"})

    def __init__(self, read: Callable[[str], Decimal | None] = read_number, **kwargs: Any):
        super().__init__(**kwargs)
        self.read = read

    def clean(self, value: Any) -> str | None:
        try:
            number = self.read(super().clean(value))
        except ValidationError as error:
            raise ValidationError(_("This cannot be used: %(why)s.") % {"why": error.messages[0]}) from None
        return None if number is None else format(number, "f")


class NumberConfig(Settings):
    """The bounds every number may have."""

    min = BoundField(label=gettext_lazy("Smallest value"), max_length=40, required=False)
    max = BoundField(label=gettext_lazy("Largest value"), max_length=40, required=False)

    def clean(self) -> dict[str, Any]:
        low, high = bounds(self.cleaned_data)
        if low is not None and high is not None and low > high:
            self.add_error("max", _("The largest value is smaller than the smallest one."))
        return super().clean()


def bounds(settings: Mapping) -> tuple[Decimal | None, Decimal | None]:
    """The smallest and the largest value a field with these settings takes."""
    low, high = settings.get("min"), settings.get("max")
    return None if low is None else Decimal(low), None if high is None else Decimal(high)


class Number(FieldType):
    """What all numbers have in common."""

    operators, is_number, is_range = ORDER, True, True
    Config = NumberConfig

    def constraint(self, column: sql.Composable, settings: dict) -> sql.Composable | None:
        return between(column, *bounds(settings))

    def check(self, value: Any, settings: dict) -> Any:
        low, high = bounds(settings)
        if low is not None and value < low:
            raise ValidationError(_("it is %(value)s; at least %(min)s is needed") % self._told(value, "min", low))
        if high is not None and value > high:
            raise ValidationError(_("it is %(value)s; at most %(max)s is allowed") % self._told(value, "max", high))
        return value

    def _told(self, value: Any, name: str, bound: Decimal) -> dict[str, str]:
        return {"value": format(value, "f" if isinstance(value, Decimal) else "d"), name: format(bound, "f")}


class WholeNumber(Number):
    """What whole numbers have in common, the ones people type and the ones that count by themselves."""

    column = "bigint"

    def from_text(self, text: sql.Composable, settings: dict) -> sql.Composable:
        return call("try_integer", text, *bounds(settings))

    def converted(
        self, value: sql.Composable, source: FieldType, source_settings: dict, settings: dict
    ) -> sql.Composable:
        """Decimals are rounded to whole numbers: a change that is told, but no loss of the whole value."""
        if source.column == "numeric":
            return self.from_text(sql.SQL("round({})::text").format(value), settings)
        return super().converted(value, source, source_settings, settings)

    def parse(self, value: Any) -> int | None:
        number = read_number(value)
        if number is None:
            return None
        if number and number.adjusted() > 19 or not -_BIGINT <= number < _BIGINT:
            raise ValidationError(_("%(value)s is too large") % {"value": quoted(value)})
        if number != int(number):
            raise ValidationError(
                _("%(value)s is not a whole number; round it, or use a decimal field") % {"value": quoted(value)}
            )
        return int(number)

    def export(self, value: int, settings: Mapping = NO_SETTINGS) -> int:
        return value

    def to_form(self, value: int) -> str:
        return str(value)


@field_types.register
class Integer(WholeNumber):
    """A whole number."""

    kind, label = "integer", gettext_lazy("Whole number")

    def form_field(self, settings: dict, **options: Any) -> forms.Field:
        # Not a number input: browsers send nothing at all for "12 000", and the value would be lost.
        return forms.CharField(widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric"}), **options)


class ExactNumber(Number):
    """What numbers with decimals have in common."""

    column = "numeric"

    def from_text(self, text: sql.Composable, settings: dict) -> sql.Composable:
        return call("try_decimal", text, self.decimals(settings), *bounds(settings))

    def converted(
        self, value: sql.Composable, source: FieldType, source_settings: dict, settings: dict
    ) -> sql.Composable:
        """Numbers stay numbers: decimals that are too many are rounded."""
        if source.is_number:
            rounded = sql.SQL("round({}::numeric, {})").format(value, sql.Literal(self.decimals(settings)))
            return call("fits", rounded, self.decimals(settings), *bounds(settings))
        return super().converted(value, source, source_settings, settings)

    def constraint(self, column: sql.Composable, settings: dict) -> sql.Composable | None:
        few = sql.SQL("scale(trim_scale({})) <= {}").format(column, sql.Literal(self.decimals(settings)))
        return all_of(few, super().constraint(column, settings))

    def decimals(self, settings: Mapping) -> int:
        """The most decimals a stored value may have."""
        most = settings.get("decimals")
        return MOST_DECIMALS if most is None else most

    def parse(self, value: Any) -> Decimal | None:
        if isinstance(value, float):  # 0.1 + 0.2 is 0.30000000000000004: what was meant has 15 digits
            value = format(value, f".{MOST_DECIMALS}g")
        return read_number(value)

    def check(self, value: Decimal, settings: dict) -> Decimal:
        if value and value.adjusted() >= 30:
            raise ValidationError(_("%(value)s is too large") % {"value": quoted(value)})
        most = self.decimals(settings)
        if value and -value.normalize(EXACT).as_tuple().exponent > most:
            raise ValidationError(
                _("%(value)s has more than %(max)d decimals; round it") % {"value": quoted(value), "max": most}
            )
        return super().check(value, settings)

    def to_json(self, value: Decimal) -> int | float | str:
        """A number while a JSON number is exact, else its digits as text."""
        if not value.is_finite() or len(value.normalize(EXACT).as_tuple().digits) > MOST_DECIMALS:
            return format(value, "f")
        return int(value) if value == value.to_integral_value() and value.adjusted() < MOST_DECIMALS else float(value)

    def display(self, value: int | float | str, settings: Mapping = NO_SETTINGS) -> str:
        return formats.number_format(Decimal(str(value)), use_l10n=True)

    def export(self, value: int | float | str, settings: Mapping = NO_SETTINGS) -> Decimal:
        return Decimal(str(value))

    def to_form(self, value: int | float | str) -> str:
        return format(Decimal(str(value)), "f")

    def form_field(self, settings: dict, **options: Any) -> forms.Field:
        return forms.CharField(widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"}), **options)


@field_types.register
class DecimalNumber(ExactNumber):
    """A number with decimals, kept exactly as written."""

    kind, label = "decimal", gettext_lazy("Decimal number")

    class Config(NumberConfig):
        decimals = forms.IntegerField(
            label=gettext_lazy("Decimals"),
            min_value=0,
            max_value=MOST_DECIMALS,
            required=False,
            widget=UnfoldAdminIntegerFieldWidget(),
            help_text=gettext_lazy("The most a value may have; empty: up to 15."),
        )
