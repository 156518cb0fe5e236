"""What choosing a plan would mean: from when, for how much, and whether it can be done. Nothing is changed here."""

from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from nocode.foundation.models import Organization, Plan, Subscription
from nocode.foundation.models.billing import MONTHS
from nocode.foundation.services.billing.invoices import Line
from nocode.foundation.services.billing.limits import Usage, usage_of
from nocode.foundation.services.billing.money import tax_on
from nocode.foundation.services.billing.periods import Period, period_from, share


@dataclass(frozen=True)
class Offer:
    """A plan from a day on. `lines` is what is charged now; `credit` what is left over for later invoices.

    `over`: what the organization uses more of than the plan allows. `refusal`: why it cannot be chosen, if so.
    """

    plan: Plan
    interval: str
    at_once: bool
    starts_on: date
    period: Period
    lines: tuple[Line, ...]
    credit: int
    over: tuple[Usage, ...]
    refusal: str = ""

    @property
    def billed(self) -> Period:
        """The days that are charged now."""
        return Period(self.starts_on, self.period.end)

    @property
    def net(self) -> int:
        return sum(line.amount for line in self.lines)

    @property
    def tax(self) -> int:
        return tax_on(self.net, settings.BILLING_TAX_RATE)

    @property
    def total(self) -> int:
        """What the invoice of today asks for."""
        return self.net + self.tax

    @property
    def price(self) -> int:
        """What a whole period costs from then on, without tax."""
        return self.plan.price_for(self.interval)


def offer(
    organization: Organization,
    subscription: Subscription | None,
    plan: Plan,
    interval: str,
    *,
    at_once: bool | None = None,
    credit: int = 0,
    today: date | None = None,
) -> Offer:
    """A first plan (no `subscription`; `credit` is left from an earlier one), or another one instead of the present.

    A plan that costs at least as much begins at once, a cheaper one with the next period unless `at_once` says so.
    The interval changes with the next period only.
    """
    today = today or timezone.localdate()
    over = tuple(usage for usage in usage_of(organization, plan) if usage.is_over)
    if subscription is None:
        period = period_from(today, today, MONTHS[interval])
        lines, left = settle([charge(plan, plan.price_for(interval), period, today)], credit)
        return Offer(plan, interval, True, today, period, lines, left, over, _overfull(plan, over))
    period = Period(subscription.period_start, subscription.period_end)
    if at_once is None:
        at_once = plan.price_for(subscription.interval) >= subscription.price
    refusal = _other_currency(subscription, plan)
    if subscription.plan_id == plan.pk or not at_once:
        return Offer(plan, interval, False, period.end, period, (), subscription.credit, over, refusal)
    first = min(max(today, period.start), period.end)
    unused = Line(
        _span(_("%s: not used"), subscription.plan.name, first, period), -share(subscription.price, period, first)
    )
    costs = charge(plan, plan.price_for(subscription.interval), period, first)
    lines, left = settle([unused, costs], subscription.credit)
    return Offer(plan, interval, True, first, period, lines, left, over, refusal or _overfull(plan, over))


def settle(lines: list[Line], credit: int) -> tuple[tuple[Line, ...], int]:
    """The lines of an invoice that uses up earlier credit, and the credit that is left.

    Where more is given back than charged, nothing is invoiced and the difference is credit.
    """
    lines = [line for line in lines if line.amount]
    due = sum(line.amount for line in lines)
    if due <= 0:
        return (), credit - due
    used = min(credit, due)
    return (*lines, *([Line(_("Credit"), -used)] if used else ())), credit - used


def charge(plan: Plan, price: int, period: Period, first: date) -> Line:
    """What a plan costs from a day to the end of a period."""
    return Line(_span("%s", plan.name, first, period), share(price, period, first))


def _span(text: str, name: str, first: date, period: Period) -> str:
    days = f"{date_format(first, 'SHORT_DATE_FORMAT')} – {date_format(period.last_day, 'SHORT_DATE_FORMAT')}"
    return f"{text % name}, {days}"


def _other_currency(subscription: Subscription, plan: Plan) -> str:
    if plan.currency != subscription.plan.currency:
        return _("“%(plan)s” is billed in %(currency)s. Let the present subscription end first.") % {
            "plan": plan.name,
            "currency": plan.currency,
        }
    return ""


def _overfull(plan: Plan, over: tuple[Usage, ...]) -> str:
    if not over:
        return ""
    things = "; ".join(
        _("%(what)s: %(used)s of %(limit)s")
        % {"what": usage.meter.label, "used": usage.shown_used, "limit": usage.shown_limit}
        for usage in over
    )
    return _("More is used than “%(plan)s” allows – %(things)s.") % {"plan": plan.name, "things": things}
