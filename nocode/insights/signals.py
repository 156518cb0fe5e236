"""Django signals in, activities out."""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models import DateTimeField, IntegerField, Model
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.http import HttpRequest

from nocode.foundation.models import Organization, User
from nocode.insights.tracker import ActivityTracker
from nocode.runtime.models import GeneratedApp
from nocode.studio.models import Project

ENDS = (GeneratedApp.Status.DEPLOYED, GeneratedApp.Status.FAILED)


@receiver(user_logged_in, dispatch_uid="insights.track_user_login")
def track_user_login(user: User, request: HttpRequest | None = None, **kwargs: Any) -> None:
    """Somebody logged in."""
    ActivityTracker.track_login(user, request)


@receiver(user_logged_out, dispatch_uid="insights.track_user_logout")
def track_user_logout(user: User | None, request: HttpRequest | None = None, **kwargs: Any) -> None:
    """Somebody logged out; nobody did when the session had ended before."""
    if user is not None:
        ActivityTracker.track_logout(user, request)


@receiver(user_login_failed, dispatch_uid="insights.track_failed_login")
def track_failed_login(credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any) -> None:
    """Somebody could not log in."""
    email = credentials.get(User.USERNAME_FIELD) or credentials.get("username") or ""
    ActivityTracker.track_failed_login(str(email), request)


@receiver(post_save, sender=Organization, dispatch_uid="insights.track_organization_changes")
def track_organization_changes(
    instance: Organization, created: bool, raw: bool, update_fields: frozenset | None = None, **kwargs: Any
) -> None:
    """An organization is new or changed."""
    if not raw and is_of_people(instance, update_fields):
        ActivityTracker.track_organization_action(instance, "created" if created else "updated")


@receiver(post_save, sender=Project, dispatch_uid="insights.track_project_changes")
def track_project_changes(
    instance: Project, created: bool, raw: bool, update_fields: frozenset | None = None, **kwargs: Any
) -> None:
    """A project is new or changed."""
    if not raw and is_of_people(instance, update_fields):
        ActivityTracker.track_project_action(instance, "created" if created else "updated")


@receiver(post_save, sender=GeneratedApp, dispatch_uid="insights.track_app_changes")
def track_app_changes(
    instance: GeneratedApp, created: bool, raw: bool, update_fields: frozenset | None = None, **kwargs: Any
) -> None:
    """An application is new, went online, or could not."""
    if raw:
        return
    if created:
        ActivityTracker.track_app_action(instance, "created")
    elif instance.status in ENDS and (update_fields is None or "status" in update_fields) and _has_moved(instance):
        ActivityTracker.track_app_action(instance, instance.status)


def is_of_people(instance: Model, update_fields: frozenset | None) -> bool:
    """Whether a save wrote anything that people decide: counters and moments are kept by machines."""
    if update_fields is None:
        return True
    fields = (instance._meta.get_field(name) for name in update_fields)
    return not all(isinstance(field, IntegerField | DateTimeField) for field in fields)


def _has_moved(app: GeneratedApp) -> bool:
    """Whether this save changed the status. The history knows, whatever became of the object since it was loaded."""
    statuses = app.history.order_by("-history_id").values_list("status", flat=True)[:2]
    return len(set(statuses)) == len(statuses)
