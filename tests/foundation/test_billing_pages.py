"""The pages of billing: what each person may see and do, and what they cost."""

from datetime import date, timedelta

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from nocode.foundation.models import Invoice, Plan, Role, Subscription
from nocode.foundation.services import billing
from tests import factories

pytestmark = pytest.mark.django_db

CONFIRMED = {"interval": "month", "address": ""}


@pytest.fixture
def organization():
    return factories.make_organization("Acme")


@pytest.fixture
def small():
    return factories.make_plan("Small", price=1000, projects=3)


@pytest.fixture
def as_role(organization):
    """A client logged in as somebody with a role in the organization, or as a stranger (None)."""

    def log_in(role: str | None) -> Client:
        home = organization if role else factories.make_organization("Elsewhere")
        client = Client()
        client.force_login(factories.make_user(organization=home, role=role or Role.OWNER))
        return client

    return log_in


@pytest.fixture
def root():
    client = Client()
    client.force_login(factories.make_user(is_superuser=True))
    return client


def url(name: str, *args) -> str:
    return reverse(f"admin:{name}", args=args)


def text(response) -> str:
    return response.content.decode()


@pytest.mark.parametrize(
    ("role", "page", "change", "document"),
    [
        (Role.OWNER, 200, 200, 200),
        (Role.ADMIN, 200, 200, 200),
        (Role.EDITOR, 200, 403, 403),
        (Role.VIEWER, 200, 403, 403),
        (None, 404, 404, 404),
    ],
)
def test_who_opens_what(as_role, organization, small, role, page, change, document):
    billing.subscribe(organization, small)
    invoice = Invoice.objects.get()
    client = as_role(role)

    statuses = {
        name: client.get(url(name, key)).status_code
        for name, key in [
            ("billing_organization", organization.pk),
            ("billing_change", organization.pk),
            ("billing_cancel", organization.pk),
            ("invoice_document", invoice.pk),
            ("invoice_download", invoice.pk),
        ]
    }

    assert statuses == {
        "billing_organization": page,
        "billing_change": change,
        "billing_cancel": change,
        "invoice_document": document,
        "invoice_download": document,
    }


@pytest.mark.parametrize(("role", "status"), [(Role.EDITOR, 403), (Role.VIEWER, 403), (None, 404)])
def test_who_changes_nothing(as_role, organization, small, role, status):
    billing.subscribe(organization, small)
    client = as_role(role)

    for name in ("billing_change", "billing_cancel", "billing_resume"):
        data = {**CONFIRMED, "plan": small.pk, "expected": 0}
        assert client.post(url(name, organization.pk), data).status_code == status

    subscription = billing.subscription_of(organization)
    assert (subscription.plan, subscription.status) == (small, "active")


def test_readers_see_the_usage_and_neither_buttons_nor_invoices(as_role, organization, small):
    billing.subscribe(organization, small)

    seen = text(as_role(Role.VIEWER).get(url("billing_organization", organization.pk)))

    assert "0 of 3" in seen
    assert "Change the plan" not in seen
    assert Invoice.objects.get().number not in seen


def test_whoever_has_one_organization_is_taken_to_it(as_role, organization):
    response = as_role(Role.VIEWER).get(url("billing"))

    assert response.url == url("billing_organization", organization.pk)


def test_the_overview_of_a_superuser_costs_the_same(root, small):
    factories.make_subscription(plan=small)
    with CaptureQueriesContext(connection) as few:
        root.get(url("billing"))
    for _ in range(30):
        factories.make_subscription(plan=small)

    with CaptureQueriesContext(connection) as many:
        assert "Small" in text(root.get(url("billing")))

    assert len(many) == len(few) <= 10


def test_nothing_happens_before_the_amount_is_confirmed(as_role, organization, small):
    client = as_role(Role.OWNER)

    shown = client.post(url("billing_change", organization.pk), {**CONFIRMED, "plan": small.pk})
    other = client.post(url("billing_change", organization.pk), {**CONFIRMED, "plan": small.pk, "expected": 900})

    assert (shown.status_code, other.status_code) == (200, 200)
    assert 'name="expected" value="1000"' in text(shown)
    assert not Subscription.objects.exists()


def test_confirming_takes_the_plan(as_role, organization, small):
    data = {**CONFIRMED, "plan": small.pk, "expected": 1000, "address": "1 Main Street"}

    response = as_role(Role.OWNER).post(url("billing_change", organization.pk), data)

    assert response.url == url("billing_organization", organization.pk)
    assert [str(message) for message in get_messages(response.wsgi_request)] == ["Your choice is saved."]
    assert Subscription.objects.get().billing_address == "1 Main Street"


def test_htmx_gets_the_offer_alone(as_role, organization, small):
    response = as_role(Role.OWNER).get(
        url("billing_change", organization.pk),
        {"plan": small.pk, "interval": "year"},
        headers={"HX-Request": "true"},
    )

    assert "<html" not in text(response)
    assert "120.00" in text(response)


def test_a_plan_that_is_not_offered_cannot_be_chosen(as_role, root, organization):
    secret = factories.make_plan("Secret", is_offered=False)
    data = {**CONFIRMED, "plan": secret.pk, "expected": 0}

    answer = as_role(Role.OWNER).post(url("billing_change", organization.pk), data)
    assert "Secret" not in text(answer)
    assert not Subscription.objects.exists()

    root.post(url("billing_change", organization.pk), data)
    assert Subscription.objects.get().plan == secret


def test_a_plan_too_small_says_what_is_over(as_role, organization):
    tiny = factories.make_plan("Tiny", projects=0)
    factories.make_project(organization)

    seen = text(as_role(Role.OWNER).get(url("billing_change", organization.pk), {"plan": tiny.pk, "interval": "month"}))

    assert "More is used than “Tiny” allows – projects: 1 of 0." in seen
    assert "Confirm" not in seen


def test_a_cheaper_plan_warns_of_what_will_not_grow(as_role, organization, small):
    billing.subscribe(organization, small)
    factories.make_project(organization)
    tiny = factories.make_plan("Tiny", projects=0)

    seen = text(as_role(Role.OWNER).get(url("billing_change", organization.pk), {"plan": tiny.pk, "interval": "month"}))

    assert "What is there stays, but nothing can be added." in seen
    assert "Confirm" in seen


def test_ending_and_taking_it_back(as_role, organization, small):
    billing.subscribe(organization, small)
    client = as_role(Role.OWNER)

    client.post(url("billing_cancel", organization.pk))
    assert billing.subscription_of(organization).status == "cancelled"
    assert "The subscription ends on" in text(client.get(url("billing_organization", organization.pk)))

    client.post(url("billing_resume", organization.pk))
    assert billing.subscription_of(organization).status == "active"


def test_a_scheduled_change_is_shown_and_can_be_forgotten(as_role, organization, small):
    billing.subscribe(organization, small)
    billing.change_plan(organization, factories.make_plan("Tiny", price=500))
    client = as_role(Role.OWNER)

    assert "the plan becomes “Tiny”, for 5.00\u00a0EUR per period" in text(
        client.get(url("billing_organization", organization.pk))
    )
    client.post(url("billing_resume", organization.pk))

    assert billing.subscription_of(organization).next_plan is None


def test_an_invoice_downloads_as_pdf(as_role, organization, small):
    billing.subscribe(organization, small)
    invoice = Invoice.objects.get()

    response = as_role(Role.OWNER).get(url("invoice_download", invoice.pk))

    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"] == f'attachment; filename="{invoice.number}.pdf"'
    assert response.content.startswith(b"%PDF-")


def test_an_invoice_page_escapes_names(as_role, organization):
    invoice = factories.make_invoice(organization, customer={"name": "<script>x</script>"})

    seen = text(as_role(Role.OWNER).get(url("invoice_document", invoice.pk)))

    assert "&lt;script&gt;x&lt;/script&gt;" in seen


@pytest.mark.parametrize(("action", "status"), [("mark_as_paid", "paid"), ("cancel_invoice", "void")])
def test_only_superusers_settle_invoices(as_role, root, organization, action, status):
    invoice = factories.make_invoice(organization)
    address = url(f"foundation_invoice_{action}", invoice.pk)
    data = {"reference": "wire 7", "_form_submitted": "1"}

    assert as_role(Role.OWNER).post(address, data, headers={"HX-Request": "true"}).status_code == 403
    assert as_role(None).post(address, data, headers={"HX-Request": "true"}).status_code == 404
    invoice.refresh_from_db()
    assert invoice.status == "open"

    root.post(address, data, headers={"HX-Request": "true"})
    invoice.refresh_from_db()
    assert invoice.status == status


def test_invoices_of_others_are_on_no_list(as_role, organization):
    factories.make_invoice(organization)

    assert "T-" in text(as_role(Role.OWNER).get(url("foundation_invoice_changelist")))
    assert as_role(Role.VIEWER).get(url("foundation_invoice_changelist")).status_code == 403
    assert "T-" not in text(as_role(None).get(url("foundation_invoice_changelist")))


@pytest.mark.parametrize(
    ("role", "is_shown"), [(Role.OWNER, True), (Role.ADMIN, True), (Role.EDITOR, False), (Role.VIEWER, False)]
)
def test_address_and_money_of_a_subscription_are_for_who_may_change_it(as_role, organization, small, role, is_shown):
    subscription = factories.make_subscription(organization, small, billing_address="1 Main Street", credit=4200)

    page = text(as_role(role).get(url("foundation_subscription_change", subscription.pk)))

    assert "Small" in page
    assert ("1 Main Street" in page, "42.00" in page) == (is_shown, is_shown)


def test_invoices_are_found_by_number_and_by_customer(root, organization):
    for name in ("Acme", "Other"):
        factories.make_invoice(organization, number=f"N-{name}", customer={"name": name})

    for term in ("n-acme", "acme"):
        seen = text(root.get(url("foundation_invoice_changelist"), {"q": term}))
        assert "N-Acme" in seen
        assert "N-Other" not in seen


def test_an_invoice_without_its_organization_is_for_superusers(as_role, root):
    invoice = factories.make_invoice()
    Invoice.objects.filter(pk=invoice.pk).update(organization=None)

    assert as_role(Role.OWNER).get(url("invoice_document", invoice.pk)).status_code == 404
    assert root.get(url("invoice_document", invoice.pk)).status_code == 200


def plan_data(**changes) -> dict:
    return {"name": "Team", "description": "", "price": "12.50", "currency": "eur", "is_offered": "on", **changes}


def test_a_plan_is_typed_as_numbers(root):
    root.post(url("foundation_plan_add"), plan_data(limit_members="5", limit_storage="100"))

    plan = Plan.objects.get(name="Team")
    assert (plan.price, plan.currency, plan.limits) == (1250, "EUR", {"members": 5, "storage": 100 * 2**20})

    root.post(url("foundation_plan_change", plan.pk), plan_data(limit_members="0", price="0"))
    plan.refresh_from_db()
    assert (plan.price, plan.limits) == (0, {"members": 0})


def test_there_is_always_one_default_plan(root):
    unlimited = Plan.objects.get(is_default=True)

    answer = root.post(url("foundation_plan_change", unlimited.pk), plan_data(name="Unlimited", price="0"))
    assert "Make another plan the default one" in text(answer)
    root.post(url("foundation_plan_add"), plan_data(is_default="on"))

    assert [plan.name for plan in Plan.objects.filter(is_default=True)] == ["Team"]
    assert root.get(url("foundation_plan_delete", Plan.objects.get(name="Team").pk)).status_code == 403


def test_the_currency_of_a_plan_with_subscriptions_stays(root, small):
    factories.make_subscription(plan=small)

    answer = root.post(url("foundation_plan_change", small.pk), plan_data(currency="CHF"))

    assert "The plan has subscriptions, which are billed in EUR." in text(answer)


def test_owners_do_not_see_the_plans_of_the_installation(as_role, small):
    assert as_role(Role.OWNER).get(url("foundation_plan_changelist")).status_code == 403
    assert as_role(Role.OWNER).get(url("foundation_plan_change", small.pk)).status_code in {403, 404}


def test_what_comes_next_names_the_day(as_role, organization, small):
    today = timezone.localdate()
    factories.make_subscription(organization, small, start=today, end=today + timedelta(days=9), credit=250)

    seen = text(as_role(Role.VIEWER).get(url("billing_organization", organization.pk)))

    assert "it goes on for another period, for 10.00\u00a0EUR" in seen
    assert "2.50\u00a0EUR of credit" in seen


def test_french_amounts_and_dates(as_role, organization):
    invoice = factories.make_invoice(organization, total=123456, issued_on=date(2026, 8, 1))
    client = as_role(Role.OWNER)
    client.cookies["django_language"] = "fr"

    with translation.override("en"):  # the language of the request stays active in this thread
        seen = text(client.get(url("invoice_document", invoice.pk)))

    assert "1 août 2026" in seen
