"""Organizations own everything that is built; a membership gives a person a role in one."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from nocode.foundation.models.base import Record


class Role(models.TextChoices):
    """What a member may do; `permissions.py` holds the matrix."""

    OWNER = "owner", _("Owner")
    ADMIN = "admin", _("Administrator")
    EDITOR = "editor", _("Editor")
    VIEWER = "viewer", _("Viewer")


class Organization(Record):
    """A company or team: the boundary nobody outside can see through."""

    organization_path = "pk"

    name = models.CharField(_("name"), max_length=150)
    slug = models.SlugField(_("short name"), max_length=60, unique=True)
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, through="Membership", related_name="organizations")
    history = HistoricalRecords()

    class Meta:
        verbose_name, verbose_name_plural = _("organization"), _("organizations")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Membership(Record):
    """One person's role in one organization."""

    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="memberships", verbose_name=_("organization")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships", verbose_name=_("person")
    )
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.EDITOR)

    role_before = ""  # the role that was loaded or last told of

    class Meta:
        verbose_name, verbose_name_plural = _("membership"), _("memberships")
        ordering = ["organization", "user"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "user"], name="membership_once_per_organization")
        ]

    @classmethod
    def from_db(cls, db, field_names, values) -> "Membership":
        membership = super().from_db(db, field_names, values)
        if "role" in field_names:
            membership.role_before = membership.role
        return membership

    def __str__(self) -> str:
        return f"{self.user} · {self.organization} · {self.get_role_display()}"
