"""What people find under the bell: told once, read, and forgotten some day."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from psycopg2.extras import Json

from nocode.foundation.ids import uuid7
from nocode.foundation.models import Notification, Organization, User

# Who was deactivated, or has left the organization, is told nothing. The same fact is told once, whoever repeats it.
_TELL = """
INSERT INTO foundation_notification
    (id, created_at, updated_at, user_id, organization_id, kind, key, level, title, sentence, text, link)
SELECT told.id, now(), now(), person.id, %(organization)s::uuid, %(kind)s, %(key)s, %(level)s, %(title)s,
       %(sentence)s, %(text)s, %(link)s
FROM unnest(%(ids)s::uuid[], %(users)s::bigint[]) AS told (id, user_id)
JOIN foundation_user AS person ON person.id = told.user_id AND person.is_active
WHERE %(organization)s::uuid IS NULL OR person.is_superuser OR EXISTS (
    SELECT FROM foundation_membership AS membership
    WHERE membership.user_id = person.id AND membership.organization_id = %(organization)s::uuid)
ON CONFLICT (user_id, key) DO NOTHING
"""


@dataclass(frozen=True)
class Sentence:
    """A sentence marked with `gettext_noop`, and the names that stand in it: translated when it is shown."""

    text: str
    names: dict[str, str] | tuple[str, ...]

    def __str__(self) -> str:
        return self.text % self.names

    def translated(self) -> str:
        """In the language of the moment."""
        return gettext(self.text) % self.names

    def as_json(self) -> dict:
        """As a notification keeps it."""
        names = self.names
        fitting = (
            {name: _fitting(names[name]) for name in names} if isinstance(names, dict) else [*map(_fitting, names)]
        )
        return {"text": self.text, "names": fitting}


def notify(
    users: Iterable[User | int],
    kind: str,
    key: str,
    title: str | Sentence,
    text: str = "",
    link: str = "",
    level: str = Notification.Level.INFO,
    organization: Organization | None = None,
) -> int:
    """Tell people something, in the caller's transaction and with one statement; returns to how many it was new.

    `key` names the fact: a person is told it once. `link` is a path of ours; opening it marks the notification as read.
    A title in words of ours is a Sentence: everybody reads it in their own language.
    """
    if link and not (link.startswith("/") and url_has_allowed_host_and_scheme(link, allowed_hosts=None)):
        raise ValueError(f"A notification leads to a page of ours, not to {link!r}.")
    people = sorted({user if isinstance(user, int) else user.pk for user in users})
    values = {
        "ids": [uuid7() for _person in people],
        "users": people,
        "organization": organization.pk if organization else None,
        "kind": kind,
        "key": key,
        "level": level,
        "title": _fitting(title, Notification._meta.get_field("title").max_length),
        "sentence": Json(title.as_json()) if isinstance(title, Sentence) else None,
        "text": _fitting(text),
        "link": link,
    }
    with connection.cursor() as cursor:
        cursor.execute(_TELL, values)
        return cursor.rowcount


def mark_read(user: User, *ids) -> int:
    """Mark some of a person's notifications as read; returns how many were not."""
    return Notification.objects.filter(user=user, pk__in=ids).unread().update(read_at=timezone.now())


def mark_all_read(user: User) -> int:
    """Mark all of a person's notifications as read; returns how many were not."""
    return Notification.objects.filter(user=user).unread().update(read_at=timezone.now())


def _fitting(text: str, length: int | None = None) -> str:
    """Text the column takes: cut, and without the one character PostgreSQL has no place for."""
    text = str(text).replace("\0", "")
    return text if length is None or len(text) <= length else f"{text[: length - 1]}…"
