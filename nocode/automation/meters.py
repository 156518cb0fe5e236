"""What plans may limit in automation."""

from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from nocode.automation.models import Workflow, WorkflowExecution
from nocode.foundation.ids import first_id_at
from nocode.foundation.meters import Meter, meters


@meters.register
class Workflows(Meter):
    """Workflows, whatever their status."""

    kind = "workflows"
    label = _("workflows")

    def count(self, organization_id: UUID) -> int:
        return Workflow.objects.filter(organization=organization_id).count()


@meters.register
class Executions(Meter):
    """Executions created since the first of the month, in the installation's time zone.

    Those that were deleted since do not count: keep executions for a month at least where they are limited.
    """

    kind = "executions"
    label = _("executions this month")
    advice = _("wait for the next month")

    def count(self, organization_id: UUID) -> int:
        return self._this_month(organization_id).count()

    def is_over(self, organization_id: UUID, limit: int, adding: int) -> bool:
        """Looks no further along the index than the limit."""
        room = limit - adding
        return room < 0 or self._this_month(organization_id).order_by("-id")[room : room + 1].exists()

    def _this_month(self, organization_id: UUID) -> QuerySet[WorkflowExecution]:
        month = first_id_at(month_start(timezone.now()))
        return WorkflowExecution.objects.filter(organization=organization_id, id__gte=month)


def month_start(now: datetime) -> datetime:
    """The first moment of the month, in the installation's time zone."""
    return timezone.localtime(now).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
