"""Invoices: written once, with the next number; then paid or cancelled."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from nocode.foundation.events import bus
from nocode.foundation.models import Invoice, Organization, Role, User
from nocode.foundation.services.billing import payment
from nocode.foundation.services.billing.events import invoice_event
from nocode.foundation.services.billing.money import tax_on
from nocode.foundation.services.billing.periods import Period

# The row stays locked until the transaction ends: whoever wants the next number waits, and a rollback gives it back.
_NEXT_NUMBER = """
    INSERT INTO foundation_invoicecounter (year, last) VALUES (%s, 1)
    ON CONFLICT (year) DO UPDATE SET last = foundation_invoicecounter.last + 1
    RETURNING last
"""


@dataclass(frozen=True)
class Line:
    """One line of an invoice; cents without tax, below zero for what is given back."""

    text: str
    amount: int


@transaction.atomic
def issue_invoice(
    organization: Organization,
    lines: Sequence[Line],
    *,
    currency: str,
    period: Period,
    address: str = "",
    today: date | None = None,
) -> Invoice:
    """Write an invoice with the next number of the year. One that asks for nothing is paid at once."""
    net = sum(line.amount for line in lines)
    tax = tax_on(net, settings.BILLING_TAX_RATE)
    issued_on = today or timezone.localdate()
    is_settled = net + tax == 0
    invoice = Invoice.objects.create(
        organization=organization,
        number=_next_number(issued_on.year),
        status=Invoice.Status.PAID if is_settled else Invoice.Status.OPEN,
        paid_at=timezone.now() if is_settled else None,
        seller=dict(settings.BILLING_SELLER),
        customer=_customer(organization, address),
        lines=[asdict(line) for line in lines],
        currency=currency,
        tax_rate=settings.BILLING_TAX_RATE,
        tax=tax,
        total=net + tax,
        period_start=period.start,
        period_end=period.end,
        issued_on=issued_on,
        due_on=issued_on + timedelta(days=settings.BILLING_DUE_DAYS),
    )
    bus.publish(invoice_event(invoice, "issued"))
    if not is_settled:
        payment.provider().collect(invoice)
    return invoice


@transaction.atomic
def mark_paid(invoice: Invoice, reference: str = "", by: User | None = None) -> Invoice:
    """The money has come. Raises IllegalTransition unless the invoice is open."""
    invoice = Invoice.objects.select_for_update(no_key=True).get(pk=invoice.pk)
    invoice.move_to(Invoice.Status.PAID)
    invoice.paid_at, invoice.payment_reference = timezone.now(), reference
    invoice.save(update_fields=["status", "paid_at", "payment_reference", "updated_at"])
    bus.publish(invoice_event(invoice, "paid", by))
    return invoice


@transaction.atomic
def void(invoice: Invoice, by: User | None = None) -> Invoice:
    """Cancel an open invoice; its number stays used. Raises IllegalTransition."""
    invoice = Invoice.objects.select_for_update(no_key=True).get(pk=invoice.pk)
    invoice.move_to(Invoice.Status.VOID)
    invoice.save(update_fields=["status", "updated_at"])
    bus.publish(invoice_event(invoice, "voided", by))
    return invoice


def _next_number(year: int) -> str:
    with connection.cursor() as cursor:
        cursor.execute(_NEXT_NUMBER, [year])
        return f"{year}-{cursor.fetchone()[0]:05d}"


def _customer(organization: Organization, address: str) -> dict[str, str]:
    owners = organization.memberships.filter(role=Role.OWNER).order_by("pk")
    email = owners.values_list("user__email", flat=True).first() or ""
    return {"name": organization.name, "email": email, "address": address}
