"""Periods that are over: the next one begins, or the subscription ends."""

import logging
from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import ngettext

from nocode.foundation.events import bus
from nocode.foundation.models import Organization, Subscription
from nocode.foundation.models.billing import MONTHS
from nocode.foundation.queue import task
from nocode.foundation.services.billing.errors import RenewalFailed
from nocode.foundation.services.billing.events import subscription_event
from nocode.foundation.services.billing.invoices import issue_invoice
from nocode.foundation.services.billing.offers import charge, settle
from nocode.foundation.services.billing.periods import period_from

logger = logging.getLogger(__name__)

Status = Subscription.Status


@task(timeout=600, keep=True)
def renew_due() -> dict[str, int]:
    """Renew or end every subscription whose period is over, periods that were missed included. May run twice."""
    today = timezone.localdate()
    counts = {"renewed": 0, "ended": 0, "failed": 0}
    due = Subscription.objects.filter(period_end__lte=today).exclude(status=Status.ENDED)
    for pk in list(due.order_by("pk").values_list("pk", flat=True)):
        try:
            for outcome, count in _renew(pk, today).items():
                counts[outcome] += count
        except Exception:  # whatever is wrong with one subscription must not keep the others from being renewed
            logger.exception("subscription %s cannot be renewed", pk)
            counts["failed"] += 1
    if counts["failed"]:
        raise RenewalFailed(
            ngettext(
                "%(count)d subscription could not be renewed; the log says why.",
                "%(count)d subscriptions could not be renewed; the log says why.",
                counts["failed"],
            )
            % {"count": counts["failed"]}
        )
    return counts


@transaction.atomic
def _renew(pk, today: date) -> dict[str, int]:
    """Bring one subscription up to date, holding its organization."""
    organization_id = Subscription.objects.filter(pk=pk).values("organization")
    list(Organization.objects.select_for_update(no_key=True).filter(pk__in=organization_id).values_list("pk"))
    held = Subscription.objects.exclude(status=Status.ENDED).select_related("plan", "next_plan", "organization")
    subscription = held.filter(pk=pk).first()
    return catch_up(subscription, today) if subscription else {}


def catch_up(subscription: Subscription, today: date) -> dict[str, int]:
    """Renew until today is inside the period, or end it. The caller holds the organization."""
    renewed = 0
    while subscription.period_end <= today:
        if subscription.status == Status.CANCELLED:
            _end(subscription)
            return {"renewed": renewed, "ended": 1}
        _begin_next_period(subscription, today)
        renewed += 1
    return {"renewed": renewed}


def _begin_next_period(subscription: Subscription, today: date) -> None:
    subscription.plan = subscription.next_plan or subscription.plan
    subscription.interval = subscription.next_interval or subscription.interval
    subscription.next_plan, subscription.next_interval = None, ""
    period = period_from(subscription.period_end, subscription.started_on, MONTHS[subscription.interval])
    subscription.period_start, subscription.period_end = period.start, period.end
    subscription.price = subscription.plan.price_for(subscription.interval)
    lines, subscription.credit = settle(
        [charge(subscription.plan, subscription.price, period, period.start)], subscription.credit
    )
    subscription.save()
    if lines:
        issue_invoice(
            subscription.organization,
            lines,
            currency=subscription.plan.currency,
            period=period,
            address=subscription.billing_address,
            today=today,
        )
    bus.publish(subscription_event(subscription, "renewed"))


def _end(subscription: Subscription) -> None:
    subscription.status, subscription.ended_at = Status.ENDED, timezone.now()
    subscription.save()
    bus.publish(subscription_event(subscription, "ended"))
