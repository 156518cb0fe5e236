"""Accounts that are kept out, or let in again."""

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from nocode.foundation.errors import PermissionRefused
from nocode.foundation.models import Membership, Organization, Role, User
from nocode.foundation.services.auth.errors import AccountNeeded
from nocode.foundation.services.auth.sessions import end_other_sessions
from nocode.foundation.services.auth.shared import tell


@transaction.atomic
def deactivate(user: User, by: User) -> None:
    """Keep a person out, from now on: every session is over."""
    _check_manages(by)
    if user == by:
        raise AccountNeeded(_("You cannot deactivate your own account."))
    check_dispensable(user)
    User.objects.filter(pk=user.pk).update(is_active=False, session_round=F("session_round") + 1)
    user.refresh_from_db()
    end_other_sessions(user, None)
    tell("foundation.user.deactivated", user, {"user_id": user.pk, "email": user.email}, actor_id=by.pk)


@transaction.atomic
def activate(user: User, by: User) -> None:
    """Let a person in again, with a new log-in."""
    _check_manages(by)
    User.objects.filter(pk=user.pk).update(is_active=True)
    user.refresh_from_db()
    tell("foundation.user.activated", user, {"user_id": user.pk, "email": user.email}, actor_id=by.pk)


def check_dispensable(user: User) -> None:
    """Refuse when nobody could do what this person does: own an organization, or run the installation.

    Whoever else could is held until the transaction ends: two such accounts cannot go at once.
    """
    held = Membership.objects.filter(organization__memberships__user=user, role=Role.OWNER).order_by("pk")
    list(held.select_for_update(of=["self"]))
    superusers = User.objects.filter(is_superuser=True, is_active=True).order_by("pk")
    others = [each for each in superusers.select_for_update(no_key=True) if each != user]
    if user.is_superuser and not others:
        raise AccountNeeded(_("This is the last account that can administer this installation."))
    owned = Organization.objects.filter(memberships__user=user, memberships__role=Role.OWNER)
    others_own = Membership.objects.filter(role=Role.OWNER, user__is_active=True).exclude(user=user)
    alone = owned.exclude(pk__in=others_own.values("organization"))
    if names := ", ".join(alone.values_list("name", flat=True)):
        raise AccountNeeded(_("This is the last owner of %s. Make somebody else an owner first.") % names)


def _check_manages(by: User) -> None:
    if not (by.is_superuser and by.is_active):
        raise PermissionRefused(_("Only administrators of this installation manage accounts."))
