"""Invitations: a role in an organization, offered by e-mail."""

import secrets
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from nocode.foundation.errors import PermissionRefused
from nocode.foundation.events import Event, bus
from nocode.foundation.links import public_url
from nocode.foundation.models import Invitation, Membership, Organization, Role, User
from nocode.foundation.services import billing, mail, members
from nocode.foundation.services.auth.errors import InvitationRefused, LinkInvalid, WrongPerson
from nocode.foundation.services.auth.passwords import check_password
from nocode.foundation.services.auth.shared import hash_of, tell

INVITATION_DAYS = 7


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
    known = Invitation.objects.filter(token_hash=hash_of(token)).select_related("organization", "invited_by").first()
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
    tell("foundation.user.joined", user, payload, invitation.organization, actor_id=user.pk)
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
    invitation.token_hash, invitation.invited_by = hash_of(token), by
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
