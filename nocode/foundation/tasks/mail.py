"""Sending e-mails."""

from uuid import UUID

from django.db import transaction

from nocode.foundation import mailing, smtp
from nocode.foundation.queue import every, task


@task(timeout=50)
def deliver_email(email_id: str) -> None:
    """Send one e-mail, or try again later: no worker waits for a mail server."""
    if again_at := mailing.deliver(UUID(email_id)):
        deliver_email.enqueue(email_id, due_at=again_at)


@every(seconds=15)
def send_overdue_emails() -> None:
    """Queue the e-mails that waited for a mail server, and those whose task was lost."""
    if smtp.is_configured():
        with transaction.atomic():
            deliver_email.enqueue_many([(pk,) for pk in mailing.take_overdue()])
