"""What billing announces."""

from nocode.foundation.events import Event
from nocode.foundation.models import Invoice, Subscription, User


def subscription_event(subscription: Subscription, what: str, by: User | None = None) -> Event:
    """`foundation.subscription.started`, `.changed`, `.renewed`, `.cancelled` or `.ended`."""
    payload = {
        "subscription_id": str(subscription.pk),
        "organization_id": str(subscription.organization_id),
        "plan": subscription.plan.name,
        "interval": subscription.interval,
        "status": subscription.status,
        "period_start": subscription.period_start.isoformat(),
        "period_end": subscription.period_end.isoformat(),
        "next_plan": subscription.next_plan.name if subscription.next_plan else None,
    }
    key, actor_id = f"subscription:{subscription.pk}", by.pk if by else None
    return Event(f"foundation.subscription.{what}", payload, key, subscription.organization_id, actor_id)


def invoice_event(invoice: Invoice, what: str, by: User | None = None) -> Event:
    """`foundation.invoice.issued`, `.paid` or `.voided`."""
    payload = {
        "invoice_id": str(invoice.pk),
        "number": invoice.number,
        "organization_id": str(invoice.organization_id) if invoice.organization_id else None,
        "total": invoice.total,
        "currency": invoice.currency,
        "status": invoice.status,
    }
    actor_id = by.pk if by else None
    return Event(f"foundation.invoice.{what}", payload, f"invoice:{invoice.pk}", invoice.organization_id, actor_id)
