"""What each role may do in each module: one matrix, read by everybody through `user.has_perm()`."""

from django.contrib.auth.backends import ModelBackend
from django.db.models import QuerySet

from nocode.foundation.models import Membership, Organization, Role, User

VIEW, ADD, CHANGE, DELETE = "view", "add", "change", "delete"
RUN, PUBLISH = "run", "publish"

_READ = {VIEW}
_BUILD = {VIEW, ADD, CHANGE, DELETE, RUN, PUBLISH}
_STEER = {VIEW, CHANGE}

MATRIX: dict[str, dict[Role, set[str]]] = {
    # module          owner                      administrator             editor             viewer
    "foundation": {Role.OWNER: _BUILD, Role.ADMIN: _BUILD - {DELETE}, Role.EDITOR: _READ, Role.VIEWER: _READ},
    "studio": {Role.OWNER: _BUILD, Role.ADMIN: _BUILD, Role.EDITOR: _BUILD - {DELETE}, Role.VIEWER: _READ},
    "automation": {Role.OWNER: _BUILD, Role.ADMIN: _BUILD, Role.EDITOR: _BUILD - {DELETE}, Role.VIEWER: _READ},
    "runtime": {Role.OWNER: _BUILD, Role.ADMIN: _BUILD, Role.EDITOR: _BUILD - {DELETE}, Role.VIEWER: _READ},
    "insights": {Role.OWNER: _READ, Role.ADMIN: _READ, Role.EDITOR: _READ, Role.VIEWER: _READ},
}


def roles_of(user: User) -> dict:
    """The user's role by organization id, read once per user object."""
    if not hasattr(user, "_roles"):
        user._roles = dict(Membership.objects.filter(user=user).values_list("organization_id", "role"))
    return user._roles


def organization_of(obj) -> object | None:
    """The id of the organization that owns an object."""
    for step in obj.organization_path.split("__"):
        if step == "organization" and hasattr(obj, "organization_id"):
            return obj.organization_id
        obj = getattr(obj, step)
    return obj.pk if hasattr(obj, "pk") else obj


def organizations_where(user: User, permission: str):
    """Organizations in which the user holds `module.action`."""
    if user.is_superuser:
        return Organization.objects.all()
    module, action = permission.split(".")
    allowed = [pk for pk, role in roles_of(user).items() if action in MATRIX.get(module, {}).get(role, ())]
    return Organization.objects.filter(pk__in=allowed)


def rows_of(user: User, rows: QuerySet) -> QuerySet:
    """As `visible_to`, with the organizations spelled out: PostgreSQL then reads the newest first, and stops.

    For tables of millions of rows.
    """
    if user.is_superuser:
        return rows
    return rows.filter(**{f"{rows.model.organization_path}__in": list(roles_of(user))})


def members_who(organization_id, permission: str):
    """The active members of an organization who hold `module.action` there."""
    module, action = permission.split(".")
    roles = [role for role, actions in MATRIX.get(module, {}).items() if action in actions]
    return User.objects.filter(is_active=True, memberships__organization=organization_id, memberships__role__in=roles)


class MembershipBackend(ModelBackend):
    """Answers `has_perm("automation.change_workflow", obj)` from the matrix.

    Without an object: whether any of the user's organizations allows it. Superusers never get here.
    """

    def has_perm(self, user_obj, perm: str, obj=None) -> bool:
        if not user_obj.is_active or user_obj.is_anonymous or "." not in perm:
            return False
        module, codename = perm.split(".", 1)
        roles = MATRIX.get(module)
        if roles is None:
            return False
        action = codename.split("_", 1)[0]
        mine = roles_of(user_obj)
        if obj is None:
            return any(action in roles[role] for role in mine.values())
        role = mine.get(organization_of(obj))
        return role is not None and action in roles[role]

    def has_module_perms(self, user_obj, app_label: str) -> bool:
        return self.has_perm(user_obj, f"{app_label}.view_any")
