"""Takes e-mails to the server: each attempt is claimed first, so that no two are made at once."""

from datetime import datetime, timedelta
from email.utils import parseaddr
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from nocode.foundation import smtp
from nocode.foundation.crypto import CannotDecrypt, decrypt
from nocode.foundation.models import Email

MAX_ATTEMPTS = 10
ATTEMPT = timedelta(minutes=1)  # no attempt takes longer: see the task's timeout
FORGOTTEN = timedelta(minutes=2)  # how late an attempt must be for its task to count as lost
TOO_LATE = timedelta(days=7)  # how old an e-mail may be when a mail server appears
BATCH = 100


def deliver(email_id: UUID) -> datetime | None:
    """Make one attempt, unless the e-mail is sent, not due yet or being sent; when to try again, if ever."""
    if not smtp.is_configured():
        Email.objects.filter(pk=email_id, status=Email.Status.QUEUED).update(due_at=None)
        return None
    email = _claim(email_id)
    if email is None:
        return None
    try:
        smtp.hand_over(_message(email))
    except (smtp.MailRefused, CannotDecrypt) as refusal:
        return _give_up(email, refusal.message)
    except smtp.MailPostponed as problem:
        if email.attempts == MAX_ATTEMPTS:
            return _give_up(email, problem.message)
        Email.objects.filter(pk=email.pk, status=Email.Status.QUEUED).update(error=problem.message)
        return email.due_at
    Email.objects.filter(pk=email.pk).update(
        status=Email.Status.SENT, sent_at=timezone.now(), due_at=None, text="", html="", error=""
    )
    return None


@transaction.atomic
def take_overdue() -> list[UUID]:
    """Make due what nobody is about to send: its task was lost, or it waited for a mail server."""
    now = timezone.now()
    queued = Email.objects.filter(status=Email.Status.QUEUED)
    queued.filter(due_at=None, created_at__lt=now - TOO_LATE).update(
        status=Email.Status.FAILED, error=_("It waited for a mail server for too long.")
    )
    overdue = queued.filter(Q(due_at=None) | Q(due_at__lt=now - FORGOTTEN))
    taken = list(overdue.select_for_update(skip_locked=True).order_by("pk").values_list("pk", flat=True)[:BATCH])
    queued.filter(pk__in=taken).update(due_at=now)
    return taken


def is_under_way(email: Email) -> bool:
    """Whether an attempt may be going on now."""
    if not email.attempts or email.due_at is None:
        return False
    return email.due_at - _delay(email.attempts) > timezone.now() - ATTEMPT


@transaction.atomic
def _claim(email_id: UUID) -> Email | None:
    """Count the attempt before it is made; should this process die, the e-mail is due again after its delay."""
    now = timezone.now()
    due = Email.objects.filter(pk=email_id, status=Email.Status.QUEUED, due_at__lte=now)
    email = due.select_for_update(skip_locked=True).first()
    if email is None:
        return None
    if email.attempts >= MAX_ATTEMPTS:
        return _give_up(email, _("No attempt came to an end."))
    email.attempts += 1
    email.due_at = now + _delay(email.attempts)
    email.save(update_fields=["attempts", "due_at", "updated_at"])
    return email


def _delay(attempts: int) -> timedelta:
    """1, 2, 4, 8… minutes."""
    return timedelta(minutes=2 ** (attempts - 1))


def _give_up(email: Email, why: str) -> None:
    Email.objects.filter(pk=email.pk, status=Email.Status.QUEUED).update(
        status=Email.Status.FAILED, error=why, due_at=None
    )


def _message(email: Email) -> EmailMultiAlternatives:
    """The e-mail as it is sent; the same id each time, so that mailboxes can tell a second copy."""
    domain = parseaddr(settings.EMAIL_FROM)[1].rpartition("@")[2]
    headers = {"Message-ID": f"<{email.pk}@{domain}>", "Auto-Submitted": "auto-generated"}
    message = EmailMultiAlternatives(
        email.subject, decrypt(email.text), settings.EMAIL_FROM, [email.to], headers=headers
    )
    if html := decrypt(email.html):
        message.attach_alternative(html, "text/html")
    return message
