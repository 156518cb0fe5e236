"""Forgetting what the queue, the outbox and the mail have done long ago, and what other modules want forgotten."""

from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone
from django_q.models import Success

from nocode.foundation.models import AddressChange, Email, LoginSession, Notification, OutboxEvent
from nocode.foundation.queue import task
from nocode.foundation.retention import OLD_ROWS, Sweep, forgets

EVENTS_KEPT = timedelta(days=14)
EMAILS_KEPT, FAILED_EMAILS_KEPT = timedelta(days=90), timedelta(days=30)
NOTIFICATIONS_KEPT, UNREAD_KEPT = timedelta(days=90), timedelta(days=365)
RESULTS_KEPT = timedelta(days=30)


@task(timeout=300)
def forget_old_rows() -> dict[str, int]:
    """Delete, in batches, whatever is old enough; what does not fit into one call is left to another."""
    sweep = Sweep()
    for old_rows in OLD_ROWS:
        sweep.delete(old_rows())
    if sweep.is_cut_short:
        forget_old_rows.enqueue()
    return dict(sweep.deleted)


@forgets
def old_events() -> QuerySet:
    """Events everybody has been told of. Those that could not be told stay until somebody decides."""
    return OutboxEvent.objects.filter(delivered_at__lt=timezone.now() - EVENTS_KEPT).order_by("pk")


@forgets
def old_emails() -> QuerySet:
    """E-mails that were sent."""
    return Email.objects.filter(status=Email.Status.SENT, sent_at__lt=timezone.now() - EMAILS_KEPT).order_by("pk")


@forgets
def failed_emails() -> QuerySet:
    """E-mails that were given up: they may hold a link, and nobody sends them again after so long."""
    old = Q(status=Email.Status.FAILED, updated_at__lt=timezone.now() - FAILED_EMAILS_KEPT)
    return Email.objects.filter(old).order_by("pk")


@forgets
def ended_sessions() -> QuerySet:
    """Sessions nobody can go on with."""
    return LoginSession.objects.filter(expire_date__lt=timezone.now()).order_by("expire_date")


@forgets
def old_address_changes() -> QuerySet:
    """New addresses that nobody has confirmed."""
    return AddressChange.objects.filter(expires_at__lt=timezone.now() - timedelta(days=1)).order_by("pk")


@forgets
def old_notifications() -> QuerySet:
    """Notifications that were read, and those nobody has read in a year."""
    now = timezone.now()
    old = Q(read_at__lt=now - NOTIFICATIONS_KEPT) | Q(created_at__lt=now - UNREAD_KEPT)
    return Notification.objects.filter(old).order_by("pk")


@forgets
def old_results() -> QuerySet:
    """Results of tasks that went well; those that failed stay until somebody deletes them."""
    return Success.objects.filter(success=True, stopped__lt=timezone.now() - RESULTS_KEPT).order_by("pk")
