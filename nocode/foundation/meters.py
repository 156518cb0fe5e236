"""What a plan may limit: each meter counts one kind of thing from the rows that are really there.

Modules register theirs (`studio/meters.py`, `automation/meters.py`); `services/billing` asks them.
"""

from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from nocode.foundation.models import Invitation, Membership
from nocode.foundation.registry import Registry


class Meter:
    """Counts how much of something an organization uses.

    `unit` and `step`: in what a limit is typed and stored, and how many counted pieces that is. An `exact` meter is
    checked while the organization is held, so that two at once cannot both take the last place.
    """

    kind: str
    label: Any
    unit: Any = ""
    step = 1
    exact = True
    advice: Any = _("remove what is no longer needed")

    def count(self, organization_id: UUID) -> int:
        """How much is used now."""
        raise NotImplementedError

    def is_over(self, organization_id: UUID, limit: int, adding: int) -> bool:
        """Whether `adding` more would be more than `limit`; a meter that can tell without counting all overrides it."""
        return self.count(organization_id) + adding > limit

    def shown(self, amount: int) -> str:
        """An amount as people read it."""
        return number_format(amount, force_grouping=True)


meters: Registry[Meter] = Registry("meters")


@meters.register
class Members(Meter):
    """People in the organization, and invitations somebody can still accept: those hold a place."""

    kind = "members"
    label = _("members and open invitations")

    def count(self, organization_id: UUID) -> int:
        invitations = Invitation.objects.filter(accepted_at=None, expires_at__gt=timezone.now())
        members = Membership.objects.filter(organization=organization_id)
        return members.count() + invitations.filter(organization=organization_id).count()
