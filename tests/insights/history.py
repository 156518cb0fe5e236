"""Things that happened at a given time."""

from datetime import datetime, timedelta
from itertools import count
from uuid import UUID

from django.utils import timezone

from nocode.automation.models import Workflow, WorkflowExecution, WorkflowVersion
from nocode.foundation.ids import first_id_at
from nocode.foundation.models import Organization, User
from nocode.insights.models import DailyMetric, UserActivity, WorkflowMetric
from tests import factories

_number = count(1)


def id_at(moment: datetime) -> UUID:
    """An id as it is made at that moment."""
    return UUID(int=first_id_at(moment).int + next(_number))


def make_workflow(organization: Organization, name: str = "Import") -> Workflow:
    """A workflow that can have executions."""
    workflow = factories.make_workflow(organization, name=name)
    WorkflowVersion.objects.create(
        workflow=workflow, organization=organization, number=1, graph={"nodes": [], "edges": []}, checksum="x"
    )
    return workflow


def make_execution(
    workflow: Workflow, moment: datetime, status: str = "completed", milliseconds: int | None = 100
) -> WorkflowExecution:
    """A run that was started then."""
    ended = None if milliseconds is None else moment + timedelta(milliseconds=milliseconds)
    execution = WorkflowExecution(
        id=id_at(moment),
        organization=workflow.organization,
        workflow=workflow,
        workflow_name=workflow.name,
        version=workflow.versions.get(),
        trigger_kind="manual",
        status=status,
        started_at=moment,
        completed_at=ended,
    )
    execution.told_status = status
    execution.save()
    WorkflowExecution.objects.filter(pk=execution.pk).update(created_at=moment)
    return execution


def make_activity(
    organization: Organization | None, user: User | None, moment: datetime | None = None, **fields
) -> UserActivity:
    """Something somebody did then."""
    moment = moment or timezone.now()
    fields = {"action": "user.login", "user_label": user.email if user else "", **fields}
    return UserActivity.objects.create(
        id=id_at(moment), created_at=moment, organization=organization, user=user, **fields
    )


def make_day(organization: Organization, days_ago: int = 0, **figures) -> DailyMetric:
    """A day that was counted."""
    day = timezone.localdate() - timedelta(days=days_ago)
    return DailyMetric.objects.create(organization=organization, day=day, **figures)


def make_workflow_day(organization: Organization, workflow: Workflow, days_ago: int = 0, **figures) -> WorkflowMetric:
    """A day of a workflow that was counted."""
    day = timezone.localdate() - timedelta(days=days_ago)
    return WorkflowMetric.objects.create(
        organization=organization, day=day, workflow_id=workflow.pk, workflow_name=workflow.name, **figures
    )
