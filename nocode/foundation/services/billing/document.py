"""What stands on an invoice, as text: the page and the PDF print the same."""

from dataclasses import dataclass

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from nocode.foundation.models import Invoice
from nocode.foundation.services.billing import payment
from nocode.foundation.services.billing.money import shown
from nocode.foundation.services.billing.periods import Period

Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class Document:
    """An invoice for people to read; `stamp` is what has become of it."""

    title: str
    stamp: str
    seller: list[str]
    customer: list[str]
    facts: Pairs
    lines: Pairs
    sums: Pairs
    total: tuple[str, str]
    note: list[str]


def document(invoice: Invoice) -> Document:
    """The texts of an invoice, in the reader's language; names and lines stay as they were written."""
    period = Period(invoice.period_start, invoice.period_end)
    return Document(
        title=_("Invoice %s") % invoice.number,
        stamp=str(invoice.get_status_display()) if invoice.status != Invoice.Status.OPEN else "",
        seller=_party(invoice.seller, "tax_id"),
        customer=_party(invoice.customer, "email"),
        facts=[
            (pgettext("invoice", "Number"), invoice.number),
            (_("Date"), date_format(invoice.issued_on)),
            (_("Due"), date_format(invoice.due_on)),
            (_("Period"), f"{date_format(period.start)} – {date_format(period.last_day)}"),
        ],
        lines=[(line["text"], shown(line["amount"], invoice.currency)) for line in invoice.lines],
        sums=_sums(invoice),
        total=(_("Total"), shown(invoice.total, invoice.currency)),
        note=_note(invoice),
    )


def _party(party: dict[str, str], last: str) -> list[str]:
    """A name, the lines of the address, and one thing more."""
    parts = [party.get("name", ""), *party.get("address", "").splitlines(), party.get(last, "")]
    return [part for part in parts if part.strip()]


def _sums(invoice: Invoice) -> Pairs:
    if not invoice.tax_rate:
        return []
    rate = number_format(invoice.tax_rate.normalize())
    return [
        (_("Net"), shown(invoice.net, invoice.currency)),
        (_("Tax (%s %%)") % rate, shown(invoice.tax, invoice.currency)),
    ]


def _note(invoice: Invoice) -> list[str]:
    if invoice.status == Invoice.Status.OPEN:
        return payment.provider().instructions(invoice).splitlines()
    if invoice.status == Invoice.Status.PAID and invoice.payment_reference:
        return [_("Payment reference: %s") % invoice.payment_reference]
    return []
