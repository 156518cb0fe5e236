"""An owner looks at the plan, sees what another one would cost, and takes it."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse

from nocode.foundation.models import Invoice
from nocode.foundation.services import billing
from tests import factories
from tests.browser.test_shell import AXE, DESKTOP, PHONE, overflow

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def organization():
    organization = factories.make_organization("Acme")
    factories.make_project(organization)
    return organization


@pytest.fixture
def owner(organization):
    return factories.make_user("ada@example.com", organization=organization, name="Ada")


def test_choosing_and_changing_a_plan(new_page, organization, owner):
    factories.make_plan("Small", price=1000, projects=3)
    factories.make_plan("Large", price=3100, projects=30)
    page = new_page(owner, viewport=DESKTOP)

    page.goto(reverse("admin:billing"))
    page.get_by_role("link", name="Choose a plan").click()
    page.get_by_label("Small – 10.00").check()
    page.get_by_text("“Small” begins at once.").wait_for()
    page.get_by_label("Billing address").fill("1 Main Street")
    page.get_by_role("button", name="Confirm").click()
    page.get_by_role("heading", name="Plan: Small").wait_for()
    assert page.get_by_text("1 of 3").count() == 1

    page.get_by_role("link", name="Change the plan").click()
    page.get_by_label("Large – 31.00").check()
    page.get_by_text("Small: not used").wait_for()
    total = page.locator("dd", has_text="21.00")
    assert total.count() == 1
    page.get_by_role("button", name="Confirm").click()
    page.get_by_role("heading", name="Plan: Large").wait_for()

    assert billing.plan_of(organization).name == "Large"
    assert sorted(invoice.total for invoice in Invoice.objects.all()) == [1000, 2100]
    assert Invoice.objects.first().customer["address"] == "1 Main Street"


def test_ending_and_going_on(new_page, organization, owner):
    billing.subscribe(organization, factories.make_plan("Small", price=1000))
    page = new_page(owner, viewport=DESKTOP)

    page.goto(reverse("admin:billing_organization", args=[organization.pk]))
    page.get_by_role("link", name="End the subscription").click()
    page.get_by_role("button", name="End the subscription").click()
    page.get_by_text("The subscription ends on").wait_for()
    page.get_by_role("button", name="Keep it as it is").click()
    page.get_by_text("it goes on for another period").wait_for()

    assert billing.subscription_of(organization).status == "active"


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_the_pages_fit_and_are_accessible(new_page, viewport, color_scheme):
    organization = factories.make_organization("An organization whose name is longer than anybody would wish it to be")
    owner = factories.make_user(organization=organization)
    plan = factories.make_plan(
        "A plan with a name as long as plans never should have", price=123456, projects=1, members=9
    )
    plan.description = "For teams. " * 30
    plan.save()
    billing.subscribe(organization, plan, address="Road\n" * 4)
    factories.make_project(organization)
    invoice = Invoice.objects.get()
    page = new_page(owner, viewport=viewport, color_scheme=color_scheme)

    for name, args in [
        ("billing_organization", [organization.pk]),
        ("billing_change", [organization.pk]),
        ("billing_cancel", [organization.pk]),
        ("foundation_invoice_changelist", []),
        ("foundation_subscription_changelist", []),
        ("foundation_invoice_change", [invoice.pk]),
        ("invoice_document", [invoice.pk]),
    ]:
        page.goto(
            reverse(f"admin:{name}", args=args) + (f"?plan={plan.pk}&interval=year" if name == "billing_change" else "")
        )
        assert overflow(page) <= 0, f"{name} is too wide"
        if name.startswith(("billing", "invoice")):
            found = Axe().run(page, options=AXE)
            assert found.violations_count == 0, f"{name}: {found.generate_report()}"


def test_a_superuser_edits_limits_as_numbers(console_page):
    page = console_page
    page.goto(reverse("admin:foundation_plan_add"))
    page.fill("#id_name", "Team")
    page.fill("#id_price", "12.50")
    page.fill("#id_limit_members", "5")
    page.fill("#id_limit_storage", "100")
    page.locator("button[name=_save], input[name=_save]").first.click()
    page.get_by_text("100.0\u00a0MB").first.wait_for()

    from nocode.foundation.models import Plan

    plan = Plan.objects.get(name="Team")
    assert (plan.price, plan.limits) == (1250, {"members": 5, "storage": 100 * 1024 * 1024})
