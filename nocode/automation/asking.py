"""Tells people that their decision is awaited: under the bell, and by e-mail with a link that needs no login."""

from collections.abc import Iterable

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from nocode.automation.models import Approval
from nocode.foundation.markdown import render as markdown
from nocode.foundation.models import Notification, User
from nocode.foundation.services import mail
from nocode.foundation.services.notifications import Sentence, notify

SALT = "automation.approval"
LINK_LASTS = 30 * 24 * 3600  # seconds; a reminder brings a fresh one

_ASKED = gettext_noop("Your decision is awaited: %s")
_REMINDED = gettext_noop("Your decision is still awaited: %s")


def ask(approval: Approval, people: Iterable[User], *, again: int = 0) -> None:
    """Tell people, in the caller's transaction. `again`: the number of the reminder."""
    sentence = Sentence(_REMINDED if again else _ASKED, (approval.title,))
    people = list(people)
    notify(
        people,
        "automation.approval",
        f"{key_of(approval)}:{again}" if again else key_of(approval),
        sentence,
        approval.workflow_name,
        reverse("admin:approval", args=[approval.pk]),
        Notification.Level.WARNING if again else Notification.Level.INFO,
        approval.organization,
    )
    if approval.by_email:
        for person in people:
            _write(approval, person, sentence.translated())


def key_of(approval: Approval) -> str:
    """What the notifications about an approval are known by."""
    return f"approval:{approval.pk}"


def token_for(approval: Approval, person: User) -> str:
    """What the link in an e-mail to this person ends with."""
    return signing.dumps([str(approval.pk), person.pk], salt=SALT)


def read_token(token: str) -> tuple[str, int]:
    """(approval id, person id) of a link. Raises signing.BadSignature, also for one that is too old."""
    approval_id, person_id = signing.loads(token, salt=SALT, max_age=LINK_LASTS)
    return approval_id, person_id


def _write(approval: Approval, person: User, subject: str) -> None:
    address = settings.PUBLIC_URL
    link = f"{address}{reverse('approval_link', args=[token_for(approval, person)])}" if address else ""
    context = {
        "title": approval.title,
        "text": approval.text,
        "html": markdown(approval.text),
        "workflow": approval.workflow_name,
        "due_at": approval.due_at,
        "link": link,
        "label": _("Read and decide"),
    }
    mail.send(person.email, subject, "approval", context, organization=approval.organization)
