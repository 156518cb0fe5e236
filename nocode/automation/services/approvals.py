"""Answers to approvals: by whoever is asked, once."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from nocode.automation.asking import key_of
from nocode.automation.engine import answers
from nocode.automation.errors import AlreadyDecided, NoSuchId
from nocode.automation.events import approval_event
from nocode.automation.models import Approval
from nocode.automation.tasks import continue_later
from nocode.foundation.events import bus
from nocode.foundation.models import Notification, User

RECENT = 20


def open_for(user: User) -> QuerySet:
    """What waits for a person's decision, the oldest first."""
    return Approval.objects.visible_to(user).open().select_related("organization").order_by("pk")


def over_for(user: User) -> QuerySet:
    """What a person was asked lately and what became of it."""
    over = Approval.objects.visible_to(user).exclude(state=Approval.State.OPEN)
    return over.select_related("organization", "answered_by").order_by("-updated_at")[:RECENT]


@transaction.atomic
def decide(
    approval_id: UUID | str, user: User, decision: str, *, comment: str = "", values: dict[str, Any] | None = None
) -> Approval:
    """Approve or reject, and let the execution go on, in one transaction.

    Raises NoSuchId when the person is not asked, AlreadyDecided when somebody was faster or it is too late.
    """
    asked = Approval.objects.visible_to(user).select_for_update(of=("self",), no_key=True)
    approval = asked.select_related("answered_by").filter(pk=approval_id).first()
    if approval is None:
        raise NoSuchId(_("There is no such question to you."))
    refuse_unless_open(approval)
    approval.state, approval.answered_by, approval.answered_at = Approval.State(decision), user, timezone.now()
    approval.comment, approval.values = comment.strip(), values or {}
    approval.save()
    place = answers.Place(approval.execution_id, approval.node_key, approval.iteration, approval.attempt)
    answers.answer(place, {"approval": str(approval.pk), "decision": approval.state}, continue_later)
    bus.publish(approval_event(approval))
    about = Notification.objects.filter(user__in=approval.asked, key__startswith=key_of(approval))
    about.unread().update(read_at=timezone.now())
    return approval


def refuse_unless_open(approval: Approval) -> None:
    """Raise AlreadyDecided, with what happened, when there is nothing to decide any more."""
    if approval.is_decided:
        words = (
            _("%(who)s has approved this already.")
            if approval.state == "approved"
            else _("%(who)s has rejected this already.")
        )
        raise AlreadyDecided(words % {"who": approval.answered_by or _("Somebody")})
    if approval.state == Approval.State.EXPIRED or approval.is_past_due:
        raise AlreadyDecided(_("The time to decide is over."))
    if not Approval.objects.filter(pk=approval.pk).open().exists():
        raise AlreadyDecided(_("Nobody waits for this decision any more: the execution has ended or gone on."))
