"""Subscriptions: begin, change, cancel and take that back. Every change holds the organization until it is done."""

from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from nocode.foundation.events import bus
from nocode.foundation.models import Organization, Plan, Subscription, User
from nocode.foundation.services.billing import renewal
from nocode.foundation.services.billing.errors import PlanRefused
from nocode.foundation.services.billing.events import subscription_event
from nocode.foundation.services.billing.invoices import issue_invoice
from nocode.foundation.services.billing.offers import Offer, offer

Status = Subscription.Status


def subscription_of(organization: Organization) -> Subscription | None:
    """The subscription that has not ended, with its plans."""
    live = organization.subscriptions.exclude(status=Status.ENDED)
    return live.select_related("plan", "next_plan").first()


def credit_of(organization: Organization, currency: str) -> int:
    """What is left of an earlier subscription that was paid for in a currency and not used, in cents."""
    earlier = _with_credit(organization, currency)
    return earlier.credit if earlier else 0


@transaction.atomic
def subscribe(
    organization: Organization,
    plan: Plan,
    interval: str = Subscription.Interval.MONTH,
    by: User | None = None,
    *,
    address: str = "",
    expected: int | None = None,
    today: date | None = None,
) -> Subscription:
    """Begin a subscription today and invoice its first period. Raises PlanRefused.

    `expected`: the total the person was shown; another one is refused, here and in `change_plan`.
    """
    _hold(organization)
    if subscription_of(organization) is not None:
        raise PlanRefused(_("“%s” has a plan already; change that one.") % organization.name)
    _check_offered(plan, by)
    earlier = _with_credit(organization, plan.currency)
    credit = earlier.credit if earlier else 0
    made = _checked(offer(organization, None, plan, interval, credit=credit, today=today), expected)
    if earlier:
        earlier.credit = 0
        earlier.save(update_fields=["credit", "updated_at"])
    subscription = Subscription.objects.create(
        organization=organization,
        plan=plan,
        interval=interval,
        started_on=made.starts_on,
        period_start=made.period.start,
        period_end=made.period.end,
        price=made.price,
        credit=made.credit,
        billing_address=address,
    )
    _invoice(subscription, made, today)
    bus.publish(subscription_event(subscription, "started", by))
    return subscription


@transaction.atomic
def change_plan(
    organization: Organization,
    plan: Plan,
    interval: str | None = None,
    by: User | None = None,
    *,
    at_once: bool | None = None,
    address: str | None = None,
    expected: int | None = None,
    today: date | None = None,
) -> Subscription:
    """Take another plan, at once with what is unused given back, or from the next period on: see `offer`.

    A subscription that was to end goes on. Raises PlanRefused.
    """
    subscription = _held(organization, today)
    interval = interval or subscription.next_interval or subscription.interval
    if plan.pk != subscription.plan_id:
        _check_offered(plan, by)
    made = _checked(offer(organization, subscription, plan, interval, at_once=at_once, today=today), expected)
    if made.at_once:
        subscription.plan, subscription.price = plan, plan.price_for(subscription.interval)
        subscription.credit = made.credit
    subscription.status = Status.ACTIVE
    subscription.next_plan = None if plan.pk == subscription.plan_id else plan
    subscription.next_interval = "" if interval == subscription.interval else interval
    if address is not None:
        subscription.billing_address = address
    subscription.save()
    _invoice(subscription, made, today)
    bus.publish(subscription_event(subscription, "changed", by))
    return subscription


@transaction.atomic
def keep_plan(organization: Organization, by: User | None = None) -> Subscription:
    """Forget the change that was to come with the next period."""
    subscription = _held(organization)
    subscription.next_plan, subscription.next_interval = None, ""
    subscription.save()
    bus.publish(subscription_event(subscription, "changed", by))
    return subscription


@transaction.atomic
def cancel(organization: Organization, by: User | None = None) -> Subscription:
    """End with the period that is paid for."""
    subscription = _held(organization)
    if subscription.status != Status.CANCELLED:
        subscription.status = Status.CANCELLED
        subscription.next_plan, subscription.next_interval = None, ""
        subscription.save()
        bus.publish(subscription_event(subscription, "cancelled", by))
    return subscription


@transaction.atomic
def resume(organization: Organization, by: User | None = None) -> Subscription:
    """Take a cancellation back."""
    subscription = _held(organization)
    if subscription.status != Status.ACTIVE:
        subscription.status = Status.ACTIVE
        subscription.save()
        bus.publish(subscription_event(subscription, "changed", by))
    return subscription


def _with_credit(organization: Organization, currency: str) -> Subscription | None:
    return organization.subscriptions.filter(status=Status.ENDED, credit__gt=0, plan__currency=currency).first()


def _hold(organization: Organization) -> None:
    """One change at a time, and none while something that counts is being added."""
    list(Organization.objects.select_for_update(no_key=True).filter(pk=organization.pk).values_list("pk"))


def _held(organization: Organization, today: date | None = None) -> Subscription:
    """The live subscription, held, and brought up to date if its renewal is still to come. Raises PlanRefused."""
    _hold(organization)
    subscription = subscription_of(organization)
    if subscription is not None:
        renewal.catch_up(subscription, today or timezone.localdate())
    if subscription is None or subscription.status == Status.ENDED:
        raise PlanRefused(_("“%s” has no subscription; choose a plan first.") % organization.name)
    return subscription


def _check_offered(plan: Plan, by: User | None) -> None:
    if not plan.is_offered and not (by and by.is_superuser):
        raise PlanRefused(_("The plan “%s” is not offered.") % plan.name)


def _checked(made: Offer, expected: int | None) -> Offer:
    if made.refusal:
        raise PlanRefused(made.refusal, over=[usage.meter.kind for usage in made.over])
    if expected is not None and made.total != expected:
        raise PlanRefused(_("The amount has changed meanwhile; look at it again before you confirm."))
    return made


def _invoice(subscription: Subscription, made: Offer, today: date | None) -> None:
    if made.lines:
        issue_invoice(
            subscription.organization,
            made.lines,
            currency=made.plan.currency,
            period=made.billed,
            address=subscription.billing_address,
            today=today,
        )
