"""Who may give which role in an organization."""

from uuid import UUID

from django.utils.translation import gettext as _

from nocode.foundation.errors import NoCodeError, PermissionRefused
from nocode.foundation.models import Membership, Organization, Role, User

Roles = dict[int, str]  # user id → role
NEWCOMER = 0  # stands for somebody who is not a member yet


class OwnerMissing(NoCodeError):
    """An organization needs at least one owner."""


def roles_in(organization_id: UUID) -> Roles:
    """The present members and their roles, held until the transaction ends: two owners cannot demote each other."""
    held = Membership.objects.filter(organization=organization_id).select_for_update().order_by("pk")
    return dict(held.values_list("user_id", "role"))


def check_roles(actor: User, before: Roles, after: Roles) -> None:
    """Refuse a change of members that would let somebody seize an organization, or leave it to nobody.

    Only owners touch owners: an administrator can neither become one nor remove one. A new organization (no roles
    before) is its creator's to arrange.
    """
    owners_before, owners_after = _owners(before), _owners(after)
    if before and owners_before != owners_after and not (actor.is_superuser or actor.pk in owners_before):
        raise PermissionRefused(_("Only an owner may make, change or remove owners."))
    if owners_before and not owners_after:
        raise OwnerMissing(_("An organization needs at least one owner."))


def check_offer(actor: User, organization_id: UUID, role: str) -> None:
    """Refuse to offer a role that the actor could not give to a member."""
    before = roles_in(organization_id)
    check_roles(actor, before, before | {NEWCOMER: role})


def roles_to_offer(actor: User, organization_id: UUID | str) -> list[Role]:
    """The roles the actor may give: only owners make owners."""
    may_all = actor.is_superuser or Membership.objects.filter(organization=organization_id, user=actor, role=Role.OWNER)
    return list(Role) if may_all else [role for role in Role if role != Role.OWNER]


def may_invite(actor: User, organization: Organization) -> bool:
    """Whether the actor may bring people into an organization."""
    return actor.has_perm("foundation.change_organization", organization)


def may_offer(actor: User | None, organization: Organization, role: str) -> bool:
    """Whether an offer the actor once made still stands: they may be gone, demoted or kept out by now."""
    return actor is not None and may_invite(actor, organization) and role in roles_to_offer(actor, organization.pk)


def adopt(organization: Organization, creator: User) -> None:
    """An organization nobody was put into belongs to whoever created it."""
    if not Membership.objects.filter(organization=organization).exists():
        Membership.objects.create(organization=organization, user=creator, role=Role.OWNER)


def _owners(roles: Roles) -> set[int]:
    return {user_id for user_id, role in roles.items() if role == Role.OWNER}
