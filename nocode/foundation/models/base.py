"""What every model of ours shares."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from nocode.foundation.ids import uuid7


class ScopedQuerySet(models.QuerySet):
    """Rows that belong, directly or through a parent, to an organization."""

    def visible_to(self, user) -> "ScopedQuerySet":
        """Only rows of organizations the user belongs to; a superuser sees all, an anonymous visitor nothing."""
        if not user.is_active:
            return self.none()
        if user.is_superuser:
            return self
        from nocode.foundation.models.organization import Membership

        mine = Membership.objects.filter(user=user).values("organization")
        return self.filter(**{f"{self.model.organization_path}__in": mine})


class Record(models.Model):
    """A row with a time-ordered id, its times, and an organization that owns it.

    `organization_path` is the lookup from the row to its organization.
    """

    organization_path = "organization"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        abstract = True
