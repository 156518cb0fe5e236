"""Remembers what people do. Never in the way of what they do, and never silent when it cannot remember."""

import logging
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Model
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from nocode.foundation.callers import caller_address
from nocode.foundation.events import Event, bus
from nocode.foundation.ids import first_id_at, uuid7
from nocode.foundation.middleware import REQUEST_ID, calling_address, current_actor_id, current_request
from nocode.foundation.models import Membership, Organization, OutboxEvent, Role, User
from nocode.foundation.permissions import organization_of, roles_of
from nocode.insights import cleaning
from nocode.insights.models import UserActivity

logger = logging.getLogger(__name__)

# The event of an activity that could not be written: delivered again and again, and shown where it is not.
LOST = "insights.activity.lost"

# Somebody who designs a page changes it a hundred times: one activity tells of all they do within this time.
AGAIN_AFTER = timedelta(minutes=10)

Row = dict[str, Any]


class ActivityTracker:
    """The only writer of UserActivity.

    An activity is written in the caller's transaction, so that what is rolled back leaves none. When it cannot be
    written, what it tells about goes on, and the activity is kept as an event that tries to write it again.
    """

    @classmethod
    def track_login(cls, user: User, request: HttpRequest | None) -> None:
        """Somebody logged in: one activity in each of the person's organizations."""
        cls._track("user.login", lambda: _everywhere(user, request), user, request)

    @classmethod
    def track_logout(cls, user: User, request: HttpRequest | None) -> None:
        """Somebody logged out."""
        cls._track("user.logout", lambda: _everywhere(user, request), user, request)

    @classmethod
    def track_failed_login(cls, email: str, request: HttpRequest | None) -> None:
        """A login of a person we know was refused. Of others nothing is kept: people type passwords anywhere."""
        cls._track("user.login_failed", lambda: _of_known_person(email, request), None, request)

    @classmethod
    def track_organization_action(cls, organization: Organization, action: str, user: User | None = None) -> None:
        """`organization.<action>`, by who acts now or else the owner."""

        def rows() -> list[Row]:
            person = user or _acting_person() or _owner_of(organization)
            return [_row(person, organization.pk, organization, None)]

        cls._track(f"organization.{action}", rows, user, None, organization.pk)

    @classmethod
    def track_project_action(cls, project: Model, action: str, user: User | None = None) -> None:
        """`project.<action>`, by who acts now unless told otherwise."""
        cls.track(user, f"project.{action}", target=project)

    @classmethod
    def track_app_action(cls, app: Model, action: str, user: User | None = None, **details: Any) -> None:
        """`app.<action>`, by who acts now unless told otherwise."""
        cls.track(user, f"app.{action}", target=app, **details)

    @classmethod
    def track(
        cls,
        user: User | None,
        action: str,
        organization: Organization | UUID | None = None,
        target: Model | None = None,
        request: HttpRequest | None = None,
        **details: Any,
    ) -> None:
        """Remember that somebody did something.

        Without a user: who acts now. Without an organization: the target's, or all of the person's. Without a
        request: the one that is being answered.
        """
        given = getattr(organization, "pk", organization)

        def rows() -> list[Row]:
            person = user if user and user.is_authenticated else _acting_person()
            owner = given or (organization_of(target) if hasattr(target, "organization_path") else None)
            if owner is None and target is None:
                return _everywhere(person, request, details)
            return [_row(person, owner, target, request, details)]

        cls._track(action, rows, user, request, given)

    @classmethod
    def track_event(
        cls, event: OutboxEvent, action: str, target: tuple[str, str, str], *, is_repeated: bool = False
    ) -> None:
        """Remember what an event tells of: `target` is the label of a model, an id and a name.

        What is repeated is told once in a while (AGAIN_AFTER). Raises what goes wrong: the bus tries again.
        """
        model, target_id, name = target
        if is_repeated and _told_lately(event, action, target_id):
            return
        row = {
            **_bare(User.objects.filter(pk=event.actor_id).first()),
            "id": uuid7(event.created_at),  # told late, it still stands where it happened
            "created_at": event.created_at,
            "organization_id": event.organization_id,
            "action": action,
            "target_type": model,
            "target_id": target_id,
            "target_label": cleaning.text(name, 250),
            "details": {},
            "ip": event.ip,
            "user_agent": event.user_agent,
            "request_id": event.request_id,
        }
        _insert([row])

    @classmethod
    def recover(cls, row: Row) -> None:
        """Write an activity that could not be written before, as of when it happened."""
        _insert([_from_plain(row)])

    @classmethod
    def _track(
        cls,
        action: str,
        rows: Callable[[], list[Row]],
        user: User | None,
        request: HttpRequest | None,
        organization_id: UUID | None = None,
    ) -> None:
        """Write what `rows` tells; what keeps it from being told or written ends here."""
        described: list[Row] = []
        action = cleaning.text(action, 60)
        try:
            with transaction.atomic():
                described = [{**row, "action": action} for row in rows()]
                _insert(described)
        except Exception:  # whatever it is, what the person does must go on
            logger.exception("activity %s is not recorded yet", action)
            _keep(described or [{**_bare(user), "organization_id": organization_id, "action": action}])


# --- Describing -------------------------------------------------------------------------------------------------------
def _row(
    user: User | None,
    organization_id: UUID | None,
    target: Model | None,
    request: HttpRequest | None,
    details: dict[str, Any] | None = None,
) -> Row:
    """One activity as column → value, without its action."""
    return {
        **_bare(user),
        "organization_id": organization_id,
        **_target(target),
        "details": cleaning.details(details or {}),
        **_origin(request or current_request()),
    }


def _told_lately(event: OutboxEvent, action: str, target_id: str) -> bool:
    same = UserActivity.objects.filter(user=event.actor_id, action=action, target_id=target_id)
    return same.filter(pk__gte=first_id_at(timezone.now() - AGAIN_AFTER)).exists()


def _everywhere(user: User | None, request: HttpRequest | None, details: dict[str, Any] | None = None) -> list[Row]:
    """One row for each organization of a person; one of no organization for somebody who is in none."""
    homes = list(roles_of(user)) if user else []
    return [_row(user, home, None, request, details) for home in homes or [None]]


def _of_known_person(email: str, request: HttpRequest | None) -> list[Row]:
    if not email or "\0" in email:
        return []
    user = User.objects.filter(email=email.strip().lower()).first()
    return _everywhere(user, request) if user else []


def _bare(user: User | None) -> Row:
    return {
        "id": uuid7(),
        "created_at": timezone.now(),
        "user_id": getattr(user, "pk", None),
        "user_label": cleaning.text(getattr(user, "email", ""), 254),
    }


def _target(target: Model | None) -> Row:
    if target is None:
        return {}
    return {
        "target_type": target._meta.label_lower,
        "target_id": "" if target.pk is None else cleaning.text(target.pk, 60),
        "target_label": cleaning.text(target, 250),
    }


def _origin(request: HttpRequest | None) -> Row:
    """Where it came from; of a task what it knows of the request that queued it."""
    if request is None:
        return {"ip": calling_address() or None, "request_id": cleaning.text(REQUEST_ID.get(), 64)}
    address = caller_address(request)
    return {
        "ip": str(address) if address else None,
        "user_agent": cleaning.text(request.headers.get("User-Agent", ""), 300),
        "request_id": cleaning.text(getattr(request, "id", "") or REQUEST_ID.get(), 64),
    }


def _acting_person() -> User | None:
    """Who acts now: the person logged in to the request, or on whose behalf a task works."""
    actor_id = current_actor_id()
    if actor_id is None:
        return None
    person = getattr(current_request(), "user", None)
    return person if person is not None and person.pk == actor_id else User.objects.filter(pk=actor_id).first()


def _owner_of(organization: Organization) -> User | None:
    owners = Membership.objects.filter(organization=organization, role=Role.OWNER).select_related("user")
    first = owners.order_by("pk").first()
    return first.user if first else None


# --- Writing ----------------------------------------------------------------------------------------------------------
def _insert(rows: Iterable[Row]) -> None:
    UserActivity.objects.bulk_create(UserActivity(**row) for row in rows)


def _keep(rows: list[Row]) -> None:
    """Have the event bus write them later; it tries again with growing pauses, and shows on screen what it holds."""
    try:
        with transaction.atomic():
            bus.publish(*(_lost_event(row) for row in rows))
    except Exception:  # there is no database to keep it in: the log is all that is left
        logger.critical("activities are lost: %s", rows, exc_info=True)


def _lost_event(row: Row) -> Event:
    known = Organization.objects.filter(pk=row["organization_id"]).exists() if row["organization_id"] else False
    return Event(
        name=LOST,
        payload=row,
        key=f"activity:{row['id']}",
        organization_id=row["organization_id"] if known else None,
    )


def _from_plain(row: Row) -> Row:
    """A row as JSON brought it back."""
    return {**row, "id": UUID(row["id"]), "created_at": parse_datetime(row["created_at"])}
