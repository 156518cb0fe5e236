"""Amounts and invoices in templates."""

from django import template
from django.utils.safestring import SafeString

from nocode.foundation.displays import status_pill
from nocode.foundation.models import Invoice
from nocode.foundation.services.billing.money import shown

register = template.Library()


@register.simple_tag
def money(cents: int, currency: str) -> str:
    """An amount as people read it."""
    return shown(cents, currency)


@register.simple_tag
def invoice_pill(invoice: Invoice) -> SafeString:
    """The status of an invoice."""
    return status_pill(invoice)
