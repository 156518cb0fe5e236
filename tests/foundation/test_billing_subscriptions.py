"""Subscriptions over time: beginning, changing with proration, ending, renewing."""

from datetime import UTC, date, datetime

import pytest
from django.utils import timezone
from django_q.models import Schedule

from nocode.foundation.models import Invoice, OutboxEvent, Subscription
from nocode.foundation.services import billing
from nocode.foundation.services.billing import PlanRefused
from nocode.foundation.services.billing.renewal import renew_due
from tests import factories

pytestmark = pytest.mark.django_db

NEW_YEAR, MID_JANUARY = date(2026, 1, 1), date(2026, 1, 16)


@pytest.fixture
def organization():
    return factories.make_organization("Acme")


@pytest.fixture
def small():
    return factories.make_plan("Small", price=1000)


@pytest.fixture
def large():
    return factories.make_plan("Large", price=3100)


def lines() -> list[list[int]]:
    """The amounts of each invoice, the oldest first."""
    return [[line["amount"] for line in invoice.lines] for invoice in Invoice.objects.order_by("number")]


def events(prefix: str = "foundation.") -> list[str]:
    return [
        name for name in OutboxEvent.objects.order_by("id").values_list("name", flat=True) if name.startswith(prefix)
    ]


def renew_on(monkeypatch, day: date):
    """Run the daily task on a day."""
    monkeypatch.setattr("nocode.foundation.services.billing.renewal.timezone.localdate", lambda: day)
    return renew_due()


def test_subscribing_invoices_the_first_period(organization, small):
    owner = factories.make_user("ada@example.com", organization=organization)

    subscription = billing.subscribe(organization, small, by=owner, address="1 Main Street", today=NEW_YEAR)

    assert (subscription.period_start, subscription.period_end) == (NEW_YEAR, date(2026, 2, 1))
    invoice = Invoice.objects.get()
    assert invoice.lines == [{"text": "Small, 1 Jan 2026 – 31 Jan 2026", "amount": 1000}]
    assert invoice.customer == {"name": "Acme", "email": "ada@example.com", "address": "1 Main Street"}
    assert (invoice.total, invoice.status, invoice.number) == (1000, "open", "2026-00001")
    assert events() == ["foundation.invoice.issued", "foundation.subscription.started"]
    assert OutboxEvent.objects.get(name="foundation.subscription.started").actor_id == owner.pk


def test_a_free_plan_brings_no_invoice(organization):
    billing.subscribe(organization, factories.make_plan(price=0))

    assert not Invoice.objects.exists()


def test_a_year_costs_twelve_months(organization, small):
    subscription = billing.subscribe(organization, small, Subscription.Interval.YEAR, today=NEW_YEAR)

    assert (subscription.period_end, lines()) == (date(2027, 1, 1), [[12000]])


def test_a_second_subscription_is_refused(organization, small):
    billing.subscribe(organization, small)

    with pytest.raises(PlanRefused, match="has a plan already"):
        billing.subscribe(organization, small)


def test_a_plan_that_is_not_offered_is_for_superusers_to_give(organization):
    plan = factories.make_plan("Secret", is_offered=False)

    with pytest.raises(PlanRefused, match="“Secret” is not offered"):
        billing.subscribe(organization, plan, by=factories.make_user())

    assert billing.subscribe(organization, plan, by=factories.make_user(is_superuser=True)).plan == plan


def test_a_plan_too_small_for_what_is_used_is_refused(organization):
    factories.make_project(organization)
    factories.make_project(organization)

    with pytest.raises(PlanRefused, match="“Tiny” allows – projects: 2 of 1."):
        billing.subscribe(organization, factories.make_plan("Tiny", projects=1))

    assert not Subscription.objects.exists()


def test_another_amount_than_was_shown_is_refused(organization, small):
    with pytest.raises(PlanRefused, match="has changed meanwhile"):
        billing.subscribe(organization, small, expected=900)

    assert not Invoice.objects.exists()


@pytest.mark.parametrize(
    ("day", "invoiced"),
    [
        (date(2026, 1, 1), [-1000, 3100]),
        (date(2026, 1, 2), [-968, 3000]),
        (date(2026, 1, 16), [-516, 1600]),
        (date(2026, 1, 31), [-32, 100]),
    ],
)
def test_a_larger_plan_begins_at_once_and_gives_back_unused_days(organization, small, large, day, invoiced):
    billing.subscribe(organization, small, today=NEW_YEAR)

    subscription = billing.change_plan(organization, large, today=day)

    assert (subscription.plan, subscription.price, subscription.period_end) == (large, 3100, date(2026, 2, 1))
    assert lines() == [[1000], invoiced]
    assert events("foundation.subscription") == ["foundation.subscription.started", "foundation.subscription.changed"]


def test_two_changes_in_a_period_are_each_by_the_day(organization, small, large):
    billing.subscribe(organization, small, today=NEW_YEAR)
    billing.change_plan(organization, large, today=date(2026, 1, 11))

    billing.change_plan(organization, factories.make_plan(price=6200), today=date(2026, 1, 21))

    assert lines() == [[1000], [-677, 2100], [-1100, 2200]]


def test_what_was_paid_counts_not_what_the_plan_costs_by_now(organization, small, large):
    billing.subscribe(organization, small, today=NEW_YEAR)
    small.price = 9900
    small.save()

    billing.change_plan(organization, large, today=MID_JANUARY)

    assert lines() == [[1000], [-516, 1600]]


def test_a_smaller_plan_begins_with_the_next_period(organization, small, large, monkeypatch):
    billing.subscribe(organization, large, today=NEW_YEAR)

    subscription = billing.change_plan(organization, small, today=MID_JANUARY)
    assert (subscription.plan, subscription.next_plan) == (large, small)
    renew_on(monkeypatch, date(2026, 2, 1))

    subscription.refresh_from_db()
    assert (subscription.plan, subscription.next_plan, subscription.price) == (small, None, 1000)
    assert lines() == [[3100], [1000]]


def test_a_smaller_plan_at_once_leaves_credit_for_the_next_invoices(organization, small, large, monkeypatch):
    billing.subscribe(organization, large, today=NEW_YEAR)

    subscription = billing.change_plan(organization, small, at_once=True, today=MID_JANUARY)
    assert (subscription.plan, subscription.credit) == (small, 1600 - 516)
    renew_on(monkeypatch, date(2026, 2, 1))
    renew_on(monkeypatch, date(2026, 3, 1))

    assert lines() == [[3100], [1000, -1000], [1000, -84]]
    settled, rest = Invoice.objects.order_by("number")[1:]
    assert (settled.total, settled.status, rest.total, rest.status) == (0, "paid", 916, "open")


def test_a_smaller_plan_at_once_is_refused_while_more_is_used(organization, large):
    billing.subscribe(organization, large, today=NEW_YEAR)
    factories.make_project(organization)
    factories.make_workflow(organization)
    tiny = factories.make_plan("Tiny", projects=0, workflows=0, tables=0)

    with pytest.raises(PlanRefused, match="projects: 1 of 0") as refused:
        billing.change_plan(organization, tiny, at_once=True, today=MID_JANUARY)

    assert set(refused.value.details["over"]) == {"projects", "workflows"}
    assert billing.change_plan(organization, tiny, today=MID_JANUARY).next_plan == tiny


def test_a_scheduled_change_can_be_forgotten(organization, small, large):
    billing.subscribe(organization, large, today=NEW_YEAR)
    billing.change_plan(organization, small, Subscription.Interval.YEAR, today=MID_JANUARY)
    assert billing.subscription_of(organization).next_interval == "year"

    subscription = billing.keep_plan(organization)

    assert (subscription.next_plan, subscription.next_interval) == (None, "")


def test_the_interval_changes_with_the_period(organization, small, monkeypatch):
    billing.subscribe(organization, small, today=date(2026, 1, 31))
    billing.change_plan(organization, small, Subscription.Interval.YEAR, today=date(2026, 2, 3))

    renew_on(monkeypatch, date(2026, 2, 28))

    subscription = Subscription.objects.get()
    assert (subscription.interval, subscription.period_end, lines()) == ("year", date(2027, 2, 28), [[1000], [12000]])


def test_a_plan_in_another_currency_waits_for_the_end(organization, small):
    billing.subscribe(organization, small)

    with pytest.raises(PlanRefused, match="billed in CHF"):
        billing.change_plan(organization, factories.make_plan(currency="CHF", price=9000))


def test_without_a_subscription_there_is_nothing_to_change(organization, small):
    for change in (billing.cancel, billing.resume, billing.keep_plan):
        with pytest.raises(PlanRefused, match="choose a plan first"):
            change(organization)


def test_cancelling_ends_with_the_period(organization, small, monkeypatch):
    billing.subscribe(organization, small, today=NEW_YEAR)
    monkeypatch.setattr(timezone, "localdate", lambda: MID_JANUARY)
    billing.cancel(organization)
    billing.cancel(organization)

    assert renew_on(monkeypatch, date(2026, 1, 31)) == {"renewed": 0, "ended": 0, "failed": 0}
    assert billing.plan_of(organization) == small
    assert renew_on(monkeypatch, date(2026, 2, 1)) == {"renewed": 0, "ended": 1, "failed": 0}

    assert billing.plan_of(organization).name == "Unlimited"
    assert Subscription.objects.get().status == "ended"
    assert lines() == [[1000]]
    assert events("foundation.subscription") == [
        "foundation.subscription.started",
        "foundation.subscription.cancelled",
        "foundation.subscription.ended",
    ]


def test_a_cancellation_can_be_taken_back(organization, small, monkeypatch):
    billing.subscribe(organization, small, today=NEW_YEAR)
    monkeypatch.setattr(timezone, "localdate", lambda: MID_JANUARY)
    billing.cancel(organization)

    billing.resume(organization)

    assert renew_on(monkeypatch, date(2026, 2, 1))["renewed"] == 1


def test_credit_survives_the_end_of_a_subscription(organization, small, large, monkeypatch):
    billing.subscribe(organization, large, today=NEW_YEAR)
    billing.change_plan(organization, small, at_once=True, today=NEW_YEAR)
    monkeypatch.setattr(timezone, "localdate", lambda: MID_JANUARY)
    billing.cancel(organization)
    renew_on(monkeypatch, date(2026, 2, 1))
    assert billing.credit_of(organization, "EUR") == 2100

    again = billing.subscribe(organization, small, today=date(2026, 2, 1))

    assert (lines(), again.credit, billing.credit_of(organization, "EUR")) == ([[3100], [1000, -1000]], 1100, 0)


def test_credit_is_not_used_in_another_currency(organization, small, large, monkeypatch):
    billing.subscribe(organization, large, today=NEW_YEAR)
    billing.change_plan(organization, small, at_once=True, today=NEW_YEAR)
    monkeypatch.setattr(timezone, "localdate", lambda: MID_JANUARY)
    billing.cancel(organization)
    renew_on(monkeypatch, date(2026, 2, 1))

    swiss = billing.subscribe(organization, factories.make_plan(currency="CHF", price=500), today=date(2026, 2, 1))

    assert (lines(), swiss.credit) == ([[3100], [500]], 0)
    assert (billing.credit_of(organization, "CHF"), billing.credit_of(organization, "EUR")) == (0, 2100)


def test_renewal_keeps_to_the_day_it_began(organization, small, monkeypatch):
    billing.subscribe(organization, small, today=date(2026, 1, 31))

    ends = []
    for day in (date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30)):
        renew_on(monkeypatch, day)
        ends.append(Subscription.objects.get().period_end)

    assert ends == [date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 31)]


def test_renewal_catches_up_and_may_run_twice(organization, small, monkeypatch):
    billing.subscribe(organization, small, today=NEW_YEAR)

    first = renew_on(monkeypatch, date(2026, 4, 10))
    second = renew_on(monkeypatch, date(2026, 4, 10))

    assert (first["renewed"], second["renewed"]) == (3, 0)
    periods = Invoice.objects.order_by("number").values_list("period_start", "period_end")
    assert [start for start, _end in periods] == [date(2026, month, 1) for month in (1, 2, 3, 4)]
    assert Subscription.objects.get().period_end == date(2026, 5, 1)


def test_a_day_begins_where_the_installation_is(organization, small, monkeypatch):
    billing.subscribe(organization, small, today=date(2026, 3, 1))
    # Two hours after the clocks went forward in Paris; in UTC it is still the day before.
    monkeypatch.setattr("django.utils.timezone.now", lambda: datetime(2026, 3, 31, 22, 30, tzinfo=UTC))

    with timezone.override("America/New_York"):
        assert renew_due()["renewed"] == 0
    with timezone.override("Europe/Paris"):
        assert renew_due()["renewed"] == 1


def test_a_late_renewal_is_made_up_before_a_change(organization, small, large):
    billing.subscribe(organization, small, today=NEW_YEAR)

    billing.change_plan(organization, large, today=date(2026, 2, 15))

    assert lines() == [[1000], [1000], [-500, 1550]]


def test_one_broken_subscription_does_not_keep_the_others(organization, small, monkeypatch, caplog):
    billing.subscribe(organization, small, today=NEW_YEAR)
    broken = factories.make_subscription(plan=factories.make_plan(price=1))
    Subscription.objects.filter(pk=broken.pk).update(interval="never")

    with pytest.raises(billing.errors.RenewalFailed, match="1 subscription could not be renewed"):
        renew_on(monkeypatch, date(2026, 2, 1))

    assert Subscription.objects.get(organization=organization).period_end == date(2026, 3, 1)
    assert f"subscription {broken.pk} cannot be renewed" in caplog.text


def test_renewal_is_scheduled_daily():
    schedule = Schedule.objects.get(func=renew_due.path)

    assert schedule.schedule_type == Schedule.DAILY
