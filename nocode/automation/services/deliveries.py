"""Keeps accepted webhook calls: each one durable, with the task that will run it, before its sender is answered."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext as _

from nocode.automation.engine.store import LEASE_SECONDS, to_json
from nocode.automation.models import WebhookDelivery
from nocode.automation.tasks import process_webhook_trigger
from nocode.automation.triggers.webhook import AT_ONCE
from nocode.automation.webhooks.call import Call
from nocode.automation.webhooks.refusals import TooMany
from nocode.foundation.ids import uuid7

KEY_LENGTH = 200


@dataclass
class Accepted:
    """A stored delivery; `delivery_id` is None when the sender had delivered it before."""

    settings: Mapping[str, Any]
    execution_id: UUID
    delivery_id: int | None = None


_INSERT = """
    INSERT INTO automation_webhookdelivery (trigger_id, dedup_key, execution_id, method, headers, query, body)
    VALUES (%s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (trigger_id, dedup_key) DO NOTHING
    RETURNING id
"""


@transaction.atomic
def store(trigger_id: UUID, settings: Mapping[str, Any], call: Call, sender_id: str) -> Accepted:
    """Make the delivery durable, with what will run it. Of two equal ones at once, one waits for the other."""
    if settings["rate_limit"]:
        _charge(trigger_id, settings["rate_limit"])
    key = _key(sender_id)
    hidden = [settings["header_name"]] if settings["security"] == "header" else []
    values = [to_json(call.shown_headers(*hidden)), to_json(call.query()), call.body]
    accepted = Accepted(settings, uuid7())
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [trigger_id, key, accepted.execution_id, call.method, *values])
        inserted = cursor.fetchone()
    if inserted is None:
        earlier = WebhookDelivery.objects.values_list("execution_id", flat=True)
        accepted.execution_id = earlier.get(trigger=trigger_id, dedup_key=key)
        return accepted
    accepted.delivery_id = inserted[0]
    if settings["answer"] == AT_ONCE:
        process_webhook_trigger.enqueue(accepted.delivery_id)
    else:  # this process runs it; the queue takes over should it die
        process_webhook_trigger.enqueue(accepted.delivery_id, due_at=timedelta(seconds=LEASE_SECONDS))
    return accepted


def _key(sender_id: str) -> str | None:
    """A sender's id as it is kept; a long one by its digest."""
    sender_id = sender_id.replace("\0", "")
    return (sender_id if len(sender_id) <= KEY_LENGTH else sha256(sender_id.encode()).hexdigest()) or None


# Each call pays its share of a minute in advance, from now or from where the last one paid to; nobody may be more than
# a minute ahead. Unlike a counter per minute this has no edge at which twice as many pass.
_PAY = """
    UPDATE automation_trigger
    SET calls_paid_until = greatest(calls_paid_until, now()) + interval '1 minute' / %(limit)s
    WHERE id = %(id)s AND greatest(calls_paid_until, now()) + interval '1 minute' / %(limit)s
        <= now() + interval '1 minute'
"""
_OWED = """
    SELECT ceil(extract(epoch FROM calls_paid_until - now() - interval '1 minute' + interval '1 minute' / %(limit)s))
    FROM automation_trigger WHERE id = %(id)s
"""


def _charge(trigger_id: UUID, limit: int) -> None:
    values = {"id": trigger_id, "limit": limit}
    with connection.cursor() as cursor:
        cursor.execute(_PAY, values)
        if cursor.rowcount:
            return
        cursor.execute(_OWED, values)
        seconds = max(1, int(cursor.fetchone()[0]))
    raise TooMany(
        _("More than %(limit)d calls per minute. Try again in %(seconds)d s.") % {"limit": limit, "seconds": seconds},
        headers={"Retry-After": str(seconds)},
        retry_after=seconds,
    )
