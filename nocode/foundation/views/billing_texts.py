"""What the pages of billing say, put into words and bars."""

from dataclasses import dataclass
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from nocode.foundation.models import Subscription
from nocode.foundation.services.billing import Offer, Usage
from nocode.foundation.services.billing.money import shown


@dataclass(frozen=True)
class Bar:
    """What is used of one limit."""

    usage: Usage

    @property
    def label(self) -> str:
        return str(self.usage.meter.label)

    @property
    def is_limited(self) -> bool:
        return self.usage.limit is not None

    @property
    def text(self) -> str:
        if not self.is_limited:
            return _("%s, no limit") % self.usage.shown_used
        return _("%(used)s of %(limit)s") % {"used": self.usage.shown_used, "limit": self.usage.shown_limit}


def coming(subscription: Subscription) -> list[str]:
    """What happens next, in whole sentences."""
    plan, day = subscription.plan, date_format(subscription.period_end)
    if subscription.status == Subscription.Status.CANCELLED:
        return [_("The subscription ends on %s.") % day]
    following = subscription.next_plan or plan
    price = following.price_for(subscription.next_interval or subscription.interval)
    values = {"day": day, "plan": following.name, "price": shown(price, following.currency)}
    if subscription.next_plan:
        sentences = [_("On %(day)s the plan becomes “%(plan)s”, for %(price)s per period.") % values]
    else:
        sentences = [_("On %(day)s it goes on for another period, for %(price)s.") % values]
    if subscription.next_interval:
        interval = Subscription.Interval(subscription.next_interval).label
        sentences.append(_("From then on it is billed: %s.") % str(interval).lower())
    if subscription.credit:
        sentences.append(_("%s of credit reduce the next invoices.") % shown(subscription.credit, plan.currency))
    return sentences


def offer_text(offer: Offer, subscription: Subscription | None) -> dict[str, Any]:
    """An offer as the page shows it."""
    currency = offer.plan.currency
    is_present = subscription is not None and offer.plan.pk == subscription.plan_id
    return {
        "refusal": offer.refusal,
        "warning": _over_later(offer),
        "starts": _starts(offer, is_present),
        "lines": [(line.text, shown(line.amount, currency)) for line in offer.lines],
        "tax": shown(offer.tax, currency) if offer.tax else "",
        "total": shown(offer.total, currency),
        "credit": shown(offer.credit, currency) if offer.credit else "",
        "later": _("%(price)s per period, next on %(day)s")
        % {"price": shown(offer.price, currency), "day": date_format(offer.period.end)},
        "expected": offer.total,
    }


def _starts(offer: Offer, is_present: bool) -> str:
    if offer.at_once:
        return _("“%s” begins at once.") % offer.plan.name
    values = {"plan": offer.plan.name, "day": date_format(offer.starts_on)}
    if is_present:
        return _("“%(plan)s” stays; the way it is billed can change on %(day)s.") % values
    return _("“%(plan)s” begins on %(day)s; until then nothing changes.") % values


def _over_later(offer: Offer) -> str:
    if offer.refusal or not offer.over:
        return ""
    things = ", ".join(str(usage.meter.label) for usage in offer.over)
    return _("More is used now than this plan allows: %s. What is there stays, but nothing can be added.") % things
