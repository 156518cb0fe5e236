"""How people get in, and are kept out: invitations, passwords, active accounts."""

import hashlib
import secrets
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode
from django.utils.translation import gettext as _

from nocode.foundation.errors import NoCodeError, PermissionRefused
from nocode.foundation.events import Event, bus
from nocode.foundation.links import public_url
from nocode.foundation.models import Invitation, Membership, Organization, Role, User
from nocode.foundation.queue import task
from nocode.foundation.services import billing, mail, members

INVITATION_DAYS = 7


class LinkInvalid(NoCodeError):
    """This link is not valid."""


class InvitationRefused(NoCodeError):
    """This person cannot be invited."""


class WrongPerson(NoCodeError):
    """This invitation is for somebody else."""


class PasswordRefused(NoCodeError):
    """This password is too easy to guess."""


class AccountNeeded(NoCodeError):
    """Somebody has to keep this account."""


# --- Invitations ------------------------------------------------------------------------------------------------------


@transaction.atomic
def invite(organization: Organization, email: str, role: str, by: User) -> tuple[Invitation, str]:
    """Offer somebody a role, by e-mail; also the link, which is readable only now.

    Whoever is invited already gets a new link; the old one stops working.
    """
    email = mail.address(email)
    _hold(organization, by, role)
    if Membership.objects.filter(organization=organization, user__email=email).exists():
        raise InvitationRefused(_("%s is a member already.") % email)
    open_one = Invitation.objects.filter(organization=organization, email=email, accepted_at=None).first()
    if open_one:
        members.check_offer(by, organization.pk, open_one.role)
    invitation = open_one or Invitation(organization=organization, email=email)
    invitation.role = Role(role)
    return invitation, _send(invitation, by)


@transaction.atomic
def resend(invitation: Invitation, by: User) -> str:
    """Send a new link, which is returned; the old one stops working."""
    invitation = _hold_open(invitation, by)
    return _send(invitation, by)


@transaction.atomic
def revoke(invitation: Invitation, by: User) -> None:
    """Take an offer back."""
    _hold_open(invitation, by).delete()


def open_invitation(token: str) -> Invitation:
    """The invitation a link leads to; raises LinkInvalid with what to do when it cannot be accepted (any more)."""
    known = Invitation.objects.filter(token_hash=_hash(token)).select_related("organization", "invited_by").first()
    if known is None:
        raise LinkInvalid(_("This invitation does not exist, or was replaced or taken back. Ask for a new one."))
    if known.accepted_at:
        raise LinkInvalid(_("This invitation was accepted already. Log in to go on."))
    if known.is_expired:
        raise LinkInvalid(_("This invitation has expired. Ask whoever invited you to send it again."))
    if not members.may_offer(known.invited_by, known.organization, known.role):
        raise LinkInvalid(_("Whoever invited you may not do so any more. Ask for a new invitation."))
    return known


@transaction.atomic
def accept(token: str, user: User | None = None, *, name: str = "", password: str = "") -> Membership:
    """Join: as the person who is logged in, or with a new account for the address that was invited."""
    found = open_invitation(token)
    members.roles_in(found.organization_id)
    Organization.objects.select_for_update(no_key=True).get(pk=found.organization_id)
    Invitation.objects.select_for_update().filter(pk=found.pk).first()
    invitation = open_invitation(token)  # once more, now that nobody else can accept it
    if user is None:
        user = _new_account(invitation.email, name, password)
    elif user.email != invitation.email:
        raise WrongPerson(_("This invitation is for %s. Log in as that person.") % invitation.email)
    membership, _is_new = Membership.objects.get_or_create(
        organization=invitation.organization, user=user, defaults={"role": invitation.role}
    )
    invitation.accepted_at = timezone.now()
    invitation.save(update_fields=["accepted_at", "updated_at"])
    payload = {"user_id": user.pk, "email": user.email, "role": membership.role, "invitation_id": str(invitation.pk)}
    _tell("foundation.user.joined", user, payload, invitation.organization, actor_id=user.pk)
    return membership


def _hold(organization: Organization, by: User, role: str) -> None:
    """Check that `by` may hand out the role, and keep others from doing so until the transaction ends."""
    if not members.may_invite(by, organization):
        raise PermissionRefused(_("Only owners and administrators invite people."))
    members.check_offer(by, organization.pk, role)
    Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)


def _hold_open(invitation: Invitation, by: User) -> Invitation:
    _hold(invitation.organization, by, invitation.role)
    held = Invitation.objects.select_for_update(of=["self"]).select_related("organization")
    if (found := held.filter(pk=invitation.pk, accepted_at=None).first()) is None:
        raise LinkInvalid(_("This invitation was accepted or taken back meanwhile."))
    members.check_offer(by, found.organization_id, found.role)
    return found


def _send(invitation: Invitation, by: User) -> str:
    """Give an invitation a new token and send it; only its hash is kept."""
    if invitation._state.adding or invitation.is_expired:
        billing.require(invitation.organization, "members")
    token = secrets.token_urlsafe(32)
    invitation.token_hash, invitation.invited_by = _hash(token), by
    invitation.expires_at = timezone.now() + timedelta(days=INVITATION_DAYS)
    invitation.save()
    link = public_url() + reverse("invitation", args=[token])
    organization = invitation.organization
    subject = _("%(inviter)s invites you to %(organization)s") % {"inviter": by, "organization": organization}
    context = {"organization": organization, "inviter": by, "link": link, "days": INVITATION_DAYS}
    context["role"] = invitation.get_role_display()
    mail.send(invitation.email, subject, "invitation", context, organization)
    payload = {"invitation_id": str(invitation.pk), "email": invitation.email, "role": invitation.role}
    event = Event("foundation.user.invited", payload, f"invitation:{invitation.pk}", organization.pk, by.pk)
    bus.publish(event)
    return link


def _new_account(email: str, name: str, password: str) -> User:
    exists = LinkInvalid(_("There is an account for %s already. Log in as that person.") % email)
    if User.objects.filter(email=email).exists():
        raise exists
    check_password(password, User(email=email, name=name))
    try:
        with transaction.atomic():
            return User.objects.create_user(email, password, name=name.strip())
    except IntegrityError:  # made at this moment, through another organization's invitation
        raise exists from None


def _hash(token: str) -> str:
    """What is stored and looked up: neither a reader of the database nor a stopwatch learns a token from it."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


# --- Passwords --------------------------------------------------------------------------------------------------------


def check_password(password: str, user: User) -> None:
    """Refuse a password that is too easy to guess."""
    try:
        validate_password(password, user)
    except ValidationError as weak:
        raise PasswordRefused(" ".join(weak.messages)) from None


@transaction.atomic
def change_password(user: User, password: str, by: User | None = None) -> None:
    """Set a password, and tell its owner; every session but the one that keeps up with it is over.

    `by`: who does it, when that is not whoever is logged in to the current request.
    """
    check_password(password, user)
    user.set_password(password)
    user.save(update_fields=["password"])
    link = public_url() + reverse("password_forgot")
    mail.send(user.email, _("Your password was changed"), "password_changed", {"name": user, "link": link})
    payload = {"user_id": user.pk, "email": user.email}
    _tell("foundation.password.changed", user, payload, actor_id=by and by.pk)


def request_password_reset(email: str) -> None:
    """Send a link if the address has an account. Who asks learns nothing: the queue looks, after the answer."""
    send_password_reset.enqueue(email.strip().lower(), translation.get_language(), public_url())


@task(timeout=30)
def send_password_reset(email: str, language: str, base_url: str) -> None:
    """Send the link, in the language of whoever asked."""
    user = User.objects.filter(email=email, is_active=True).first()
    if user is None or not user.has_usable_password():
        return
    uid, token = urlsafe_base64_encode(force_bytes(user.pk)), default_token_generator.make_token(user)
    context = {"name": user, "link": base_url + reverse("password_reset", args=[uid, token])}
    context["hours"] = settings.PASSWORD_RESET_TIMEOUT // 3600
    with translation.override(language):
        mail.send(user.email, _("Choose a new password"), "password_reset", context)


def owner_of_reset(uid: str, token: str) -> User:
    """Whose password a link changes; raises LinkInvalid when it was used, is too old or never existed."""
    try:
        key = int(urlsafe_base64_decode(uid))
    except ValueError:
        key = 0
    user = User.objects.filter(pk=key, is_active=True).first() if 0 < key < 2**63 else None
    if user is None or not default_token_generator.check_token(user, token):
        raise LinkInvalid(_("This link was used already, or is more than a day old. Ask for a new one."))
    return user


@transaction.atomic
def reset_password(uid: str, token: str, password: str) -> User:
    """Set the password a link allows to set, once."""
    user = owner_of_reset(uid, token)
    User.objects.select_for_update().get(pk=user.pk)
    user = owner_of_reset(uid, token)  # once more, now that nobody else can use the link
    change_password(user, password, by=user)
    return user


# --- Accounts ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def deactivate(user: User, by: User) -> None:
    """Keep a person out, from now on: every session is over."""
    _check_manages(by)
    if user == by:
        raise AccountNeeded(_("You cannot deactivate your own account."))
    check_dispensable(user)
    User.objects.filter(pk=user.pk).update(is_active=False, session_round=F("session_round") + 1)
    user.refresh_from_db()
    _tell("foundation.user.deactivated", user, {"user_id": user.pk, "email": user.email}, actor_id=by.pk)


@transaction.atomic
def activate(user: User, by: User) -> None:
    """Let a person in again, with a new log-in."""
    _check_manages(by)
    User.objects.filter(pk=user.pk).update(is_active=True)
    user.refresh_from_db()
    _tell("foundation.user.activated", user, {"user_id": user.pk, "email": user.email}, actor_id=by.pk)


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


def _tell(
    name: str, user: User, payload: dict[str, Any], organization: Organization | None = None, *, actor_id: int | None
) -> None:
    bus.publish(Event(name, payload, f"user:{user.pk}", organization and organization.pk, actor_id))
