"""Invoices: numbers, what can still happen to them, and how they look."""

import re
import zlib
from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import translation

from nocode.foundation.errors import IllegalTransition
from nocode.foundation.models import Invoice, InvoiceCounter, OutboxEvent
from nocode.foundation.services import billing
from nocode.foundation.services.billing.document import document
from nocode.foundation.services.billing.invoices import Line
from nocode.foundation.services.billing.pdf import invoice_pdf
from nocode.foundation.services.billing.periods import Period
from tests import factories

pytestmark = pytest.mark.django_db

JANUARY = Period(date(2026, 1, 1), date(2026, 2, 1))


def issue(organization=None, amount=1000, today=date(2026, 1, 1), text="January"):
    organization = organization or factories.make_organization("Acme")
    return billing.issue_invoice(organization, [Line(text, amount)], currency="EUR", period=JANUARY, today=today)


def test_numbers_follow_each_other_and_begin_anew_each_year():
    numbers = [issue(today=day).number for day in (date(2026, 5, 1), date(2026, 12, 31), date(2027, 1, 1))]

    assert numbers == ["2026-00001", "2026-00002", "2027-00001"]


def test_a_rollback_gives_the_number_back():
    issue()
    with transaction.atomic():
        issue()
        transaction.set_rollback(True)

    assert issue().number == "2026-00002"
    assert InvoiceCounter.objects.get().last == Invoice.objects.count() == 2


def test_tax_comes_on_top(settings):
    settings.BILLING_TAX_RATE = Decimal("7.7")

    invoice = issue(amount=1050)

    assert (invoice.net, invoice.tax, invoice.total) == (1050, 81, 1131)


def test_seller_and_terms_are_those_of_the_day(settings):
    settings.BILLING_SELLER = {"name": "Seller", "address": "Road 1", "tax_id": "T1"}
    settings.BILLING_DUE_DAYS = 30
    invoice = issue()
    settings.BILLING_SELLER = {"name": "Other", "address": "", "tax_id": ""}

    invoice.refresh_from_db()

    assert (invoice.seller["name"], invoice.due_on) == ("Seller", date(2026, 1, 31))


def test_paying_is_told_once():
    invoice = issue()

    paid = billing.mark_paid(invoice, "wire 42")

    assert (paid.status, paid.payment_reference, paid.paid_at is None) == ("paid", "wire 42", False)
    with pytest.raises(IllegalTransition, match="is paid; it cannot become paid"):
        billing.mark_paid(invoice)
    names = OutboxEvent.objects.order_by("id").values_list("name", flat=True)
    assert list(names) == ["foundation.invoice.issued", "foundation.invoice.paid"]


def test_an_open_invoice_can_be_cancelled_and_a_paid_one_cannot():
    assert billing.void(issue()).status == "void"
    paid = billing.mark_paid(issue())

    with pytest.raises(IllegalTransition, match="cannot become cancelled"):
        billing.void(paid)


@pytest.mark.parametrize(
    "change",
    [
        {"total": 1},
        {"number": "2026-00099"},
        {"lines": []},
        {"customer": {}},
        {"seller": {}},
        {"tax": 5},
        {"currency": "CHF"},
        {"issued_on": date(2025, 1, 1)},
        {"due_on": date(2027, 1, 1)},
        {"period_end": date(2027, 1, 1)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_nobody_can_change_an_invoice(change):
    invoice = issue()

    with pytest.raises(IntegrityError, match="cannot be changed"), transaction.atomic():
        Invoice.objects.filter(pk=invoice.pk).update(**change)


@pytest.mark.parametrize(
    "change", [{"status": "open"}, {"status": "void"}, {"paid_at": None}, {"payment_reference": "x"}]
)
def test_a_settled_invoice_stays_settled(change):
    invoice = billing.mark_paid(issue())

    with pytest.raises(IntegrityError, match="is settled"), transaction.atomic():
        Invoice.objects.filter(pk=invoice.pk).update(**change)


def test_nobody_can_delete_an_invoice_or_give_it_to_another():
    invoice = issue()

    with pytest.raises(IntegrityError, match="cannot be deleted"), transaction.atomic():
        invoice.delete()
    with pytest.raises(IntegrityError, match="belongs to its customer"), transaction.atomic():
        Invoice.objects.filter(pk=invoice.pk).update(organization=factories.make_organization())


def test_an_invoice_outlives_its_organization():
    organization = factories.make_organization("Gone Ltd")
    billing.subscribe(organization, factories.make_plan(price=1000))

    organization.delete()

    invoice = Invoice.objects.get()
    assert (invoice.organization, invoice.customer["name"], invoice.total) == (None, "Gone Ltd", 1000)
    assert billing.mark_paid(invoice).status == "paid"


def test_the_document_says_what_is_owed(settings):
    settings.BILLING_TAX_RATE = Decimal("20")
    settings.BILLING_PAYMENT_TEXT = "Pay to\nDE00 1234"

    shown = document(issue(amount=123456))

    assert shown.title == "Invoice 2026-00001"
    assert shown.lines == [("January", "1,234.56\u00a0EUR")]
    assert shown.sums == [("Net", "1,234.56\u00a0EUR"), ("Tax (20 %)", "246.91\u00a0EUR")]
    assert shown.total == ("Total", "1,481.47\u00a0EUR")
    assert (shown.note, shown.stamp) == (["Pay to", "DE00 1234"], "")


def test_a_paid_document_says_so(settings):
    settings.BILLING_PAYMENT_TEXT = "Pay to DE00"

    shown = document(billing.mark_paid(issue(), "wire 42"))

    assert (shown.stamp, shown.note) == ("Paid", ["Payment reference: wire 42"])


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize(
    "name", ["Acme", "Žluťoučký kůň, s. r. o.", "Ελλάδα Москва", "漢字 עברית 🦊", "a" * 150, "<b>&amp;</b>"]
)
def test_a_pdf_takes_every_name(name, language):
    invoice = issue(factories.make_organization(name), text=name * 3)

    with translation.override(language):
        file = invoice_pdf(invoice)

    assert file.startswith(b"%PDF-")
    assert file.rstrip().endswith(b"%%EOF")


def test_a_pdf_shows_a_square_for_letters_its_font_lacks():
    file = invoice_pdf(issue(factories.make_organization("Ω漢")))

    assert letters_of(file) >= {"Ω", "□"}
    assert "漢" not in letters_of(file)


def test_many_lines_go_on_on_the_next_page():
    organization = factories.make_organization()
    lines = [Line(f"Line {number} " + "of many words " * 12, 100) for number in range(30)]
    invoice = billing.issue_invoice(organization, lines, currency="EUR", period=JANUARY)

    file = invoice_pdf(invoice)

    assert len(re.findall(rb"/Type /Page\b(?!s)", file)) > 1


def letters_of(file: bytes) -> set[str]:
    """The letters the fonts of a PDF say they draw."""
    letters = set()
    for raw in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", file, re.DOTALL):
        try:
            text = zlib.decompress(raw)
        except zlib.error:
            text = raw
        if b"beginbf" in text:
            letters |= {chr(int(code, 16)) for code in re.findall(rb"<[0-9A-Fa-f]+> <([0-9A-Fa-f]{4})>", text)}
    return letters


def test_the_rules_are_installed_again_without_harm():
    from nocode.foundation.services.billing.setup import set_up

    set_up()

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_trigger WHERE tgname = 'keep_invoice'")
        assert cursor.fetchone() == (1,)
