"""What people say about rows. Whoever is mentioned, as `@` and the e-mail address, finds it under the bell."""

import re

from django.db import transaction
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from nocode.foundation.models import User
from nocode.foundation.permissions import members_who
from nocode.foundation.services.notifications import Sentence, notify
from nocode.studio.errors import CommentRefused
from nocode.studio.models import DataTable, RecordComment
from nocode.studio.services.records import Records

LONGEST = 5000
MOST_MENTIONED = 50
MOST_OFFERED = 200

_MENTION = re.compile(r"(?<![\w@.])@([^\s@]+@[^\s@]+)")
_AFTER_A_WORD = ".,;:!?)]}>\"'»”’…"  # what stands behind an address in a sentence


@transaction.atomic
def add(table: DataTable, row_id: int, author: User, text: str) -> RecordComment:
    """Say something about a row, and tell those who are mentioned. Raises CommentRefused, RecordNotFound."""
    text = _checked(text)
    row_id = Records(table).get(row_id)["id"]
    comment = RecordComment.objects.create(table=table, record_id=row_id, author=author, text=text)
    people = mentioned_in(text, table)
    comment.mentioned.set(people)
    others = [person for person in people if person != author]
    if others:
        notify(
            others,
            "studio.comment.mentioned",
            f"comment:{comment.pk}",
            Sentence(
                gettext_noop("%(author)s mentioned you in “%(table)s”"), {"author": str(author), "table": table.label}
            ),
            text,
            reverse("admin:studio_table_row_history", args=[table.pk, row_id]),
            organization=table.project.organization,
        )
    return comment


def of_row(table: DataTable, row_id: int) -> list[RecordComment]:
    """What was said about a row, the oldest first, with who said it, and `shown` with the mentions marked."""
    rows = RecordComment.objects.filter(table=table, record_id=row_id).select_related("author")
    found = list(rows.prefetch_related("mentioned").order_by("id"))
    for each in found:
        each.shown = _marked(each.text, {person.email.lower(): str(person) for person in each.mentioned.all()})
    return found


def colleagues(table: DataTable) -> list[User]:
    """Whom one may mention, by name; of very many the first."""
    members = members_who(table.project.organization_id, "studio.view")
    return list(members.order_by("name", "email")[:MOST_OFFERED])


def delete(comment: RecordComment) -> None:
    """Take a comment back; what it told people under the bell stays."""
    comment.delete()


def mentioned_in(text: str, table: DataTable) -> list[User]:
    """The members of the table's organization whom a text mentions and who may see the table."""
    found = (address.rstrip(_AFTER_A_WORD).lower() for address in _MENTION.findall(text))
    addresses = list(dict.fromkeys(found))
    if len(addresses) > MOST_MENTIONED:
        raise CommentRefused(_("At most %(most)d people can be mentioned at once.") % {"most": MOST_MENTIONED})
    if not addresses:
        return []
    members = members_who(table.project.organization_id, "studio.view")
    return list(members.filter(email__in=addresses).order_by("pk"))


def _marked(text: str, people: dict[str, str]) -> SafeString:
    """A text with the names of those whom it told in place of their addresses."""
    parts, end = [], 0
    for found in _MENTION.finditer(text):
        address = found[1].rstrip(_AFTER_A_WORD)
        if name := people.get(address.lower()):
            parts += [("{}", text[end : found.start()]), ('<mark class="c-mention">@{}</mark>', name)]
            end = found.start(1) + len(address)
    shown = [format_html(shape, each) for shape, each in [*parts, ("{}", text[end:])]]
    return mark_safe("".join(shown))  # noqa: S308 (each piece is escaped)


def _checked(text: str) -> str:
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise CommentRefused(_("Write something first."))
    if len(text) > LONGEST:
        raise CommentRefused(_("A comment has at most %(most)d characters.") % {"most": LONGEST})
    if "\0" in text:
        raise CommentRefused(_("No text contains a NUL character."))
    return text
