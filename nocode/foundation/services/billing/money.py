"""How amounts of money are rounded and shown."""

from decimal import ROUND_HALF_UP, Decimal

from django.utils.formats import number_format


def tax_on(net: int, rate: Decimal) -> int:
    """The tax on an amount, in whole cents, halves upwards."""
    return int((net * rate / 100).to_integral_value(ROUND_HALF_UP))


def shown(cents: int, currency: str) -> str:
    """1,234.50 EUR, in the reader's way of writing numbers; the space does not break."""
    return f"{number_format(Decimal(cents) / 100, 2, force_grouping=True)}\u00a0{currency}"
