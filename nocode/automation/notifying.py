"""Tells people how executions ended: who wants to know, each in the ways they chose, once per end of an execution."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from nocode.automation.errors import TransientFailure
from nocode.automation.events import notification_event
from nocode.automation.models import NotificationDelivery, NotificationRule, WorkflowExecution
from nocode.automation.outgoing import http
from nocode.foundation.errors import NoCodeError
from nocode.foundation.events import bus
from nocode.foundation.models import Notification, User
from nocode.foundation.services import mail
from nocode.foundation.services.notifications import Sentence, notify

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 8  # of calling an address: for about two hours
CALL_SECONDS = 15
LONGEST_ERROR = 1000

Channel, Status = NotificationDelivery.Channel, NotificationDelivery.Status
CallLater = Callable[[int, timedelta | None], None]

_WORDS = {
    "completed": gettext_noop("“%s” has completed"),
    "failed": gettext_noop("“%s” has failed"),
    "cancelled": gettext_noop("“%s” was cancelled"),
}
_UNDELIVERED = {
    Channel.EMAIL: gettext_noop("You could not be told by e-mail"),
    Channel.WEBHOOK: gettext_noop("You could not be told by calling an address"),
}
_LEVELS = {
    "completed": Notification.Level.SUCCESS,
    "failed": Notification.Level.ERROR,
    "cancelled": Notification.Level.WARNING,
}

# Of the ends of executions, those that may be news for somebody: asked for many at once, answered by indexes.
_NEWS = """
SELECT event.id
FROM foundation_outboxevent AS event,
     LATERAL (SELECT split_part(event.name, '.', 3) AS type,
                     (event.payload ->> 'workflow_id')::uuid AS workflow) AS about
WHERE event.id = ANY(%s) AND (
    EXISTS (
        SELECT FROM automation_notificationrule AS rule
        WHERE rule.organization_id = event.organization_id AND rule."on" = about.type
          AND (rule.workflow_id IS NULL OR rule.workflow_id = about.workflow)
          AND (rule.in_console OR rule.by_email OR rule.webhook_url <> ''))
    OR (about.type = 'failed' AND EXISTS (
        SELECT FROM automation_workflow AS workflow
        WHERE workflow.id = about.workflow AND workflow.created_by_id IS NOT NULL)))
"""


@dataclass(frozen=True)
class Wish:
    """How one person wants to be told; without a rule, an author is told of failures in the console."""

    user: User
    channels: set[str]
    rule: NotificationRule | None = None


def somebody_to_tell(event_ids: list[int]) -> set[int]:
    """Which of these ends of executions may be news for somebody."""
    with connection.cursor() as cursor:
        cursor.execute(_NEWS, [event_ids])
        return {row[0] for row in cursor.fetchall()}


@transaction.atomic
def tell(execution_id: UUID | str, type: str, event_id: UUID | str, call_later: CallLater) -> int:
    """Tell everybody who wants to know, in one transaction; returns how many messages were new.

    Who was told of this event already is not told again, so it may be called as often as one likes. Addresses are
    called afterwards: `call_later(delivery id, after)` queues it in this transaction.
    """
    execution = _held(execution_id)
    if execution is None:
        return 0
    told = set(NotificationDelivery.objects.filter(event_id=event_id).values_list("user", "channel"))
    wanted = [
        NotificationDelivery(
            event_id=event_id, execution=execution, type=type, user=wish.user, rule=wish.rule, channel=channel
        )
        for wish in wishes(execution, type)
        for channel in sorted(wish.channels)
    ]
    new = NotificationDelivery.objects.bulk_create(
        delivery for delivery in wanted if (delivery.user_id, delivery.channel) not in told
    )
    people = dict.fromkeys(delivery.user_id for delivery in new)
    told_before = {user_id for user_id, _channel in told}
    bus.publish(*(notification_event(execution, type, user_id) for user_id in people if user_id not in told_before))
    for delivery in new:
        _deliver(delivery, call_later)
    return len(new)


def _held(execution_id: UUID | str) -> WorkflowExecution | None:
    """The execution, held until the transaction ends: nobody else tells of it meanwhile."""
    executions = WorkflowExecution.objects.select_for_update(of=["self"], no_key=True)
    executions = executions.select_related("organization", "workflow").without_values()
    return executions.filter(pk=execution_id).first()


def wishes(execution: WorkflowExecution, type: str) -> list[Wish]:
    """Who is to be told, and how. A person's rule for the workflow goes before their rule for all workflows."""
    about = Q(workflow=None) | Q(workflow=execution.workflow_id)
    rules = NotificationRule.objects.filter(about, organization=execution.organization_id, on=type)
    # The general rules come first, so that the others replace them.
    chosen = {rule.user_id: rule for rule in rules.order_by(F("workflow").asc(nulls_first=True))}
    people = set(chosen)
    author_id = execution.workflow.created_by_id if execution.workflow and type == NotificationRule.On.FAILED else None
    if author_id:
        people.add(author_id)
    present = User.objects.filter(pk__in=people, is_active=True)
    present = present.filter(Q(is_superuser=True) | Q(memberships__organization=execution.organization_id)).distinct()
    return [_wish(user, chosen.get(user.pk)) for user in present.order_by("pk")]


def _wish(user: User, rule: NotificationRule | None) -> Wish:
    return Wish(user, rule.channels if rule else {Channel.CONSOLE}, rule)


def call_address(delivery_id: int, call_later: CallLater) -> None:
    """Make one attempt to call the address of a delivery; when it fails for now, `call_later` queues the next."""
    delivery = _claim(delivery_id)
    if delivery is None:
        return
    try:
        _call(delivery)
    except TransientFailure as problem:
        if delivery.attempts < MAX_ATTEMPTS:
            with transaction.atomic():
                _note(delivery, Status.PENDING, problem.message)
                call_later(delivery.pk, timedelta(minutes=2 ** (delivery.attempts - 1)))
            return
        _give_up(delivery, problem.message)
    except NoCodeError as refusal:
        _give_up(delivery, refusal.message)
    else:
        _note(delivery, Status.DELIVERED)


def subject_of(execution: WorkflowExecution, type: str) -> Sentence:
    """What happened, in one line."""
    return Sentence(_WORDS.get(type, f"“%s”: {type}"), (execution.workflow_name,))


def page_of(execution: WorkflowExecution) -> str:
    """Where it is to be read in full."""
    return reverse("admin:execution_detail", args=[execution.pk])


def _link_to(execution: WorkflowExecution) -> str:
    """The same for people outside the console; empty where this installation does not know its own address."""
    return f"{settings.PUBLIC_URL}{page_of(execution)}" if settings.PUBLIC_URL else ""


def _deliver(delivery: NotificationDelivery, call_later: CallLater) -> None:
    """Tell it one way; a way that is refused does not keep the others from being taken."""
    if delivery.channel == Channel.WEBHOOK:
        call_later(delivery.pk, None)
        return
    send = _in_console if delivery.channel == Channel.CONSOLE else _by_email
    try:
        with transaction.atomic():
            send(delivery)
    except NoCodeError as refusal:
        _give_up(delivery, refusal.message)
    else:
        _note(delivery, Status.DELIVERED)


def _in_console(delivery: NotificationDelivery) -> None:
    execution = delivery.execution
    notify(
        [delivery.user],
        f"automation.notification.{delivery.type}",
        f"{delivery.event_id}",
        subject_of(execution, delivery.type),
        execution.error_message,
        page_of(execution),
        _LEVELS.get(delivery.type, Notification.Level.INFO),
        execution.organization,
    )


def _by_email(delivery: NotificationDelivery) -> None:
    execution, subject = delivery.execution, subject_of(delivery.execution, delivery.type).translated()
    context = {
        "title": subject,
        "text": execution.error_message or _("In the organization “%s”.") % execution.organization,
        "link": _link_to(execution),
        "label": _("Open the execution"),
    }
    mail.send(delivery.user.email, subject, "message", context, organization=execution.organization)


def _call(delivery: NotificationDelivery) -> None:
    execution = delivery.execution
    address = delivery.rule.read_address()
    http.call(
        "POST",
        address,
        body=notification_event(execution, delivery.type, delivery.user_id).payload
        | {
            "type": f"automation.notification.{delivery.type}",
            "id": f"{delivery.event_id}",
            "error_message": execution.error_message,
            "link": _link_to(execution),
        },
        timeout=CALL_SECONDS,
        idempotency_key=f"{delivery.event_id}:{delivery.user_id}",
        secrets=[address],
    )


@transaction.atomic
def _claim(delivery_id: int) -> NotificationDelivery | None:
    """Count the attempt before it is made, unless it is not to be made any more."""
    waiting = NotificationDelivery.objects.filter(pk=delivery_id, status=Status.PENDING)
    waiting = waiting.select_related("rule", "user", "execution")
    delivery = waiting.select_for_update(of=["self"], skip_locked=True).first()
    if delivery is None:
        return None
    if delivery.rule is None or not delivery.rule.webhook_url:
        return _give_up(delivery, _("The address was removed."))
    if delivery.attempts >= MAX_ATTEMPTS:
        return _give_up(delivery, _("No attempt came to an end."))
    delivery.attempts += 1
    delivery.save(update_fields=["attempts"])
    return delivery


def _note(delivery: NotificationDelivery, status: str, error: str = "") -> None:
    delivery.status, delivery.error = status, error[:LONGEST_ERROR].replace("\0", "")
    delivery.delivered_at = timezone.now() if status == Status.DELIVERED else None
    delivery.save(update_fields=["status", "error", "delivered_at"])


def _give_up(delivery: NotificationDelivery, why: str) -> None:
    """It failed for good: written down, and told in the console, where it can be."""
    logger.warning("notification %s could not be delivered: %s", delivery.pk, delivery.channel)
    _note(delivery, Status.FAILED, why)
    if delivery.channel == Channel.CONSOLE:
        return
    notify(
        [delivery.user],
        "automation.notification.undelivered",
        f"undelivered:{delivery.pk}",
        Sentence(_UNDELIVERED[delivery.channel], {}),
        why,
        reverse("admin:my_notifications"),
        Notification.Level.WARNING,
    )
