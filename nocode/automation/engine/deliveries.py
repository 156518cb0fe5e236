"""Turns what a webhook delivered into an execution."""

import logging
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from nocode.automation.engine.start import create_execution
from nocode.automation.errors import NoSuchId
from nocode.automation.models import WebhookDelivery, WorkflowExecution
from nocode.automation.webhooks.bodies import read_body
from nocode.foundation.errors import NoCodeError

logger = logging.getLogger(__name__)


def start_execution(delivery_id: int) -> UUID | None:
    """Create the execution of a delivery unless it exists; None when it cannot be, and the delivery then says why.

    Raises NoSuchId.
    """
    started = Exists(WorkflowExecution.objects.filter(pk=OuterRef("execution_id")))
    deliveries = WebhookDelivery.objects.select_related("trigger__workflow", "caller").annotate(is_started=started)
    delivery = deliveries.filter(pk=delivery_id).first()
    if delivery is None:
        raise NoSuchId(_("There is no webhook delivery %s; perhaps its trigger was deleted.") % delivery_id)
    if delivery.is_started:
        return delivery.execution_id
    try:
        create_execution(
            delivery.trigger.workflow,
            trigger=delivery.trigger,
            input=payload_of(delivery),
            user=delivery.caller,
            execution_id=delivery.execution_id,
        )
    except NoCodeError as error:
        logger.warning("webhook delivery %s starts nothing: %s", delivery.pk, error)
        WebhookDelivery.objects.filter(pk=delivery.pk).update(error=error.message)
        return None
    return delivery.execution_id


def payload_of(delivery: WebhookDelivery) -> dict[str, Any]:
    """What the expressions of the workflow see as `trigger`."""
    return {
        "method": delivery.method,
        "headers": delivery.headers,
        "query": delivery.query,
        "body": read_body(delivery.headers.get("content-type", ""), bytes(delivery.body)),
        "received_at": delivery.received_at,
    }
