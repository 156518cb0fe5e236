"""Keeps accepted webhook calls: each one durable, with the task that will run it, before its sender is answered."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext as _

from nocode.automation.engine.deliveries import start_execution
from nocode.automation.engine.store import LEASE_SECONDS, to_json
from nocode.automation.models import WebhookDelivery
from nocode.automation.tasks import process_webhook_trigger
from nocode.automation.triggers.webhook import AT_ONCE
from nocode.automation.webhooks.call import Call
from nocode.automation.webhooks.refusals import PlanExhausted, TooMany
from nocode.foundation.ids import uuid7
from nocode.foundation.prepared import Prepared
from nocode.foundation.queue import rider
from nocode.foundation.queue.rider import Rider
from nocode.foundation.services import billing

KEY_LENGTH = 200


@dataclass
class Accepted:
    """A stored delivery; `delivery_id` is None when the sender had delivered it before."""

    settings: Mapping[str, Any]
    execution_id: UUID
    delivery_id: int | None = None


# All that accepting a call takes, in one round trip and one commit. Each call pays its share of a minute in advance,
# from now or from where the last one paid to; nobody may be more than a minute ahead. Unlike a counter per minute this
# has no edge at which twice as many pass.
_STORE = Prepared(
    "delivery_store",
    f"""
WITH paid AS (
    UPDATE automation_trigger
    SET calls_paid_until = greatest(calls_paid_until, now()) + interval '1 minute' / %(limit)s
    WHERE %(limit)s IS NOT NULL AND id = %(trigger)s
        AND greatest(calls_paid_until, now()) + interval '1 minute' / %(limit)s <= now() + interval '1 minute'
    RETURNING id
), allowed AS (
    SELECT WHERE %(limit)s IS NULL OR EXISTS (SELECT FROM paid)
), delivery AS (
    INSERT INTO automation_webhookdelivery
        (id, trigger_id, dedup_key, execution_id, method, headers, query, body, caller_id)
    SELECT %(id)s, %(trigger)s, %(key)s, %(execution)s, %(method)s, %(headers)s, %(query)s, %(body)s, %(caller)s
    FROM allowed
    ON CONFLICT (trigger_id, dedup_key) DO NOTHING
    RETURNING id
), task AS ({rider.INSERT.format(source="delivery")})
SELECT EXISTS (SELECT FROM allowed), EXISTS (SELECT FROM delivery)
""",  # noqa: S608 — put together from constants
    limit="int",
    trigger="uuid",
    id="bigint",
    key="text",
    execution="uuid",
    method="text",
    headers="jsonb",
    query="jsonb",
    body="bytea",
    caller="bigint",
    **rider.TYPES,
)


def store_within_plan(organization_id: UUID, *what: Any) -> Accepted:
    """`store(*what)` where the plan limits executions: the execution is created with the delivery, or neither is.

    So what was accepted will run, and the next call is counted against it. Raises PlanExhausted.
    """
    try:
        with transaction.atomic():
            accepted = store(*what)
            if accepted.delivery_id is not None:
                billing.require(organization_id, "executions")
                start_execution(accepted.delivery_id)
    except billing.LimitReached as reached:
        raise PlanExhausted(reached.message, **reached.details) from None
    return accepted


def store(delivery_id: int, trigger_id: UUID, settings: Mapping[str, Any], call: Call, sender_id: str) -> Accepted:
    """Make the delivery durable, with what will run it. Of two equal ones at once, one waits for the other."""
    key = _key(sender_id)
    hidden = [settings["header_name"]] if settings["security"] == "header" else []
    # When this process runs it itself, the queue only takes over should it die.
    delay = timedelta(seconds=0 if settings["answer"] == AT_ONCE else LEASE_SECONDS)
    task = Rider(process_webhook_trigger, delivery_id, delay=delay)
    accepted = Accepted(settings, uuid7(), delivery_id)
    values = {
        "limit": settings["rate_limit"],
        "trigger": trigger_id,
        "id": delivery_id,
        "key": key,
        "execution": accepted.execution_id,
        "method": call.method,
        "headers": to_json(call.shown_headers(*hidden)),
        "query": to_json(call.query()),
        "body": call.body,
        "caller": call.caller_id,
    }
    with connection.cursor() as cursor:
        _STORE.execute(cursor, values | task.values)
        is_allowed, is_new = cursor.fetchone()
    if not is_allowed:
        raise _too_many(trigger_id, settings["rate_limit"])
    if is_new:
        task.arrived()
        return accepted
    earlier = WebhookDelivery.objects.values_list("execution_id", flat=True)
    return Accepted(settings, earlier.get(trigger=trigger_id, dedup_key=key))


def _key(sender_id: str) -> str | None:
    """A sender's id as it is kept; a long one by its digest."""
    sender_id = sender_id.replace("\0", "")
    return (sender_id if len(sender_id) <= KEY_LENGTH else sha256(sender_id.encode()).hexdigest()) or None


_OWED = """
    SELECT ceil(extract(epoch FROM calls_paid_until - now() - interval '1 minute' + interval '1 minute' / %(limit)s))
    FROM automation_trigger WHERE id = %(id)s
"""


def _too_many(trigger_id: UUID, limit: int) -> TooMany:
    with connection.cursor() as cursor:
        cursor.execute(_OWED, {"id": trigger_id, "limit": limit})
        seconds = max(1, int(cursor.fetchone()[0]))
    return TooMany(
        _("More than %(limit)d calls per minute. Try again in %(seconds)d s.") % {"limit": limit, "seconds": seconds},
        headers={"Retry-After": str(seconds)},
        retry_after=seconds,
    )
