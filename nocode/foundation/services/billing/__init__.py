"""Plans and their limits, subscriptions, invoices. No payment is taken here: see `payment`."""

from nocode.foundation.services.billing.errors import LimitReached, PlanRefused
from nocode.foundation.services.billing.invoices import issue_invoice, mark_paid, void
from nocode.foundation.services.billing.limits import Usage, holding, is_limited, limits_of, plan_of, require, usage_of
from nocode.foundation.services.billing.offers import Offer, offer
from nocode.foundation.services.billing.renewal import renew_due
from nocode.foundation.services.billing.subscriptions import (
    cancel,
    change_plan,
    credit_of,
    keep_plan,
    resume,
    subscribe,
    subscription_of,
)

__all__ = [
    "LimitReached",
    "Offer",
    "PlanRefused",
    "Usage",
    "cancel",
    "change_plan",
    "credit_of",
    "holding",
    "is_limited",
    "issue_invoice",
    "keep_plan",
    "limits_of",
    "mark_paid",
    "offer",
    "plan_of",
    "renew_due",
    "require",
    "resume",
    "subscribe",
    "subscription_of",
    "usage_of",
    "void",
]
