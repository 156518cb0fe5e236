"""E-mails: written with the change they tell, sent after it is committed, kept until a server has taken them."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _

from nocode.foundation import mailing, smtp
from nocode.foundation.crypto import encrypt
from nocode.foundation.errors import NoCodeError
from nocode.foundation.models import Email, Organization
from nocode.foundation.tasks.mail import deliver_email


class AddressRefused(NoCodeError):
    """This is not an e-mail address."""


def send(
    to: str, subject: str, template: str, context: dict[str, Any], organization: Organization | None = None
) -> Email:
    """Write an e-mail in the caller's transaction, to be sent by the queue; a rollback forgets it.

    `templates/emails/<template>.txt` and `.html` are drawn now, in the language of the moment. Without a mail server
    the e-mail waits for one.
    """
    shown = {"subject": one_line(subject), **context}
    with transaction.atomic():
        email = Email.objects.create(
            organization=organization,
            to=address(to),
            subject=shown["subject"],
            text=encrypt(render_to_string(f"emails/{template}.txt", shown).strip() + "\n"),
            html=encrypt(render_to_string(f"emails/{template}.html", shown)),
            due_at=timezone.now() if smtp.is_configured() else None,
        )
        if email.due_at:
            deliver_email.enqueue(email.pk)
    return email


@transaction.atomic
def send_again(emails: QuerySet[Email]) -> int:
    """Try once more what failed or waits; returns how many. What is sent, or being sent, is left alone."""
    smtp.check_configured()
    unsent = emails.exclude(status=Email.Status.SENT).select_for_update(of=["self"], skip_locked=True)
    chosen = [email.pk for email in unsent if not mailing.is_under_way(email)]
    Email.objects.filter(pk__in=chosen).update(
        status=Email.Status.QUEUED, attempts=0, error="", due_at=timezone.now(), updated_at=timezone.now()
    )
    deliver_email.enqueue_many([(pk,) for pk in chosen])
    return len(chosen)


def address(text: str) -> str:
    """An e-mail address in the form we keep; raises AddressRefused, also for what could smuggle in a header."""
    text = text.strip().lower()
    try:
        validate_email(text)
    except ValidationError:
        raise AddressRefused(_("“%s” is not an e-mail address.") % one_line(text)) from None
    if len(text) > Email._meta.get_field("to").max_length:
        raise AddressRefused(_("This e-mail address is too long."))
    return text


def one_line(text: str) -> str:
    """Text for a header: line breaks and whatever else is not printed become spaces."""
    printable = "".join(each if each.isprintable() else " " for each in str(text))
    return " ".join(printable.split())[: Email._meta.get_field("subject").max_length]
