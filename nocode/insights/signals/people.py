"""People: who logs in and out, who is invited, who is a member."""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models import Model, QuerySet
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.http import HttpRequest

from nocode.foundation.middleware import current_actor_id
from nocode.foundation.models import Invitation, Membership, User
from nocode.insights.signals.changes import is_meant
from nocode.insights.tracker import ActivityTracker


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


@receiver(post_save, sender=Invitation, dispatch_uid="insights.track_invitation")
def track_invitation(
    instance: Invitation, created: bool, raw: bool, update_fields: frozenset | None = None, **kwargs: Any
) -> None:
    """Somebody was invited (again), or has accepted."""
    if raw:
        return
    if update_fields and "accepted_at" in update_fields:
        newcomer = User.objects.filter(email=instance.email).first()
        _track(newcomer, "accepted", instance)
    elif created or update_fields is None:
        _track(instance.invited_by, "sent", instance)


@receiver(post_delete, sender=Invitation, dispatch_uid="insights.track_invitation_revoked")
def track_invitation_revoked(instance: Invitation, origin: Model | QuerySet | None = None, **kwargs: Any) -> None:
    """An open invitation was taken back."""
    if instance.accepted_at is None and is_meant(instance, origin):
        _track(None, "revoked", instance)


def _track(user: User | None, what: str, invitation: Invitation) -> None:
    ActivityTracker.track(user, f"invitation.{what}", target=invitation, email=invitation.email, role=invitation.role)


@receiver(post_save, sender=Membership, dispatch_uid="insights.track_membership")
def track_membership(instance: Membership, created: bool, raw: bool, **kwargs: Any) -> None:
    """Somebody was made a member by somebody else, or got another role."""
    if raw:
        return
    if created and current_actor_id() not in (None, instance.user_id):
        _track_member("added", instance, role=instance.role)
    elif not created and instance.role != instance.role_before:
        _track_member("role_changed", instance, before=instance.role_before, role=instance.role)
    instance.role_before = instance.role


@receiver(post_delete, sender=Membership, dispatch_uid="insights.track_membership_removed")
def track_membership_removed(instance: Membership, origin: Model | QuerySet | None = None, **kwargs: Any) -> None:
    """Somebody is no member any more."""
    if is_meant(instance, origin):
        _track_member("removed", instance, role=instance.role)


def _track_member(what: str, membership: Membership, **details: Any) -> None:
    ActivityTracker.track(
        None, f"member.{what}", organization=membership.organization_id, target=membership.user, **details
    )
