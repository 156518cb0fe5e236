"""What people find under the bell: told once, read, and forgotten some day."""

from collections.abc import Iterable

from django.db import connection
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from nocode.foundation.ids import uuid7
from nocode.foundation.models import Notification, Organization, User

# Who was deactivated, or has left the organization, is told nothing. The same fact is told once, whoever repeats it.
_TELL = """
INSERT INTO foundation_notification
    (id, created_at, updated_at, user_id, organization_id, kind, key, level, title, text, link)
SELECT told.id, now(), now(), person.id, %(organization)s::uuid, %(kind)s, %(key)s, %(level)s, %(title)s, %(text)s,
       %(link)s
FROM unnest(%(ids)s::uuid[], %(users)s::bigint[]) AS told (id, user_id)
JOIN foundation_user AS person ON person.id = told.user_id AND person.is_active
WHERE %(organization)s::uuid IS NULL OR person.is_superuser OR EXISTS (
    SELECT FROM foundation_membership AS membership
    WHERE membership.user_id = person.id AND membership.organization_id = %(organization)s::uuid)
ON CONFLICT (user_id, key) DO NOTHING
"""


def notify(
    users: Iterable[User | int],
    kind: str,
    key: str,
    title: str,
    text: str = "",
    link: str = "",
    level: str = Notification.Level.INFO,
    organization: Organization | None = None,
) -> int:
    """Tell people something, in the caller's transaction and with one statement; returns to how many it was new.

    `key` names the fact: a person is told it once. `link` is a path of ours; opening it marks the notification as read.
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
