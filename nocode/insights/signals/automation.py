"""Workflows and integrations."""

from typing import Any

from django.db.models import Model, QuerySet
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from nocode.automation.models import Integration, IntegrationCall, Workflow, WorkflowVersion
from nocode.insights.signals.changes import is_meant, is_of_people, status_before
from nocode.insights.tracker import ActivityTracker

Status = Workflow.Status

# Status before and after → what happened. Being published is heard from the version.
MOVES = {
    (Status.ACTIVE, Status.PAUSED): "paused",
    (Status.PAUSED, Status.ACTIVE): "resumed",
    (Status.ARCHIVED, Status.PAUSED): "restored",
    (Status.ARCHIVED, Status.DRAFT): "restored",
    **{(before, Status.ARCHIVED): "archived" for before in (Status.DRAFT, Status.ACTIVE, Status.PAUSED)},
}


@receiver(post_save, sender=Workflow, dispatch_uid="insights.track_workflow_changes")
def track_workflow_changes(
    instance: Workflow, created: bool, raw: bool, update_fields: frozenset | None = None, **kwargs: Any
) -> None:
    """A workflow is new, paused, resumed, archived or brought back. Its draft may change every minute: not told."""
    if raw:
        return
    if created:
        ActivityTracker.track(None, "workflow.created", target=instance)
    elif (update_fields is None or "status" in update_fields) and (
        what := MOVES.get((status_before(instance), instance.status))
    ):
        ActivityTracker.track(None, f"workflow.{what}", target=instance)


@receiver(post_save, sender=WorkflowVersion, dispatch_uid="insights.track_publishing")
def track_publishing(instance: WorkflowVersion, created: bool, raw: bool, **kwargs: Any) -> None:
    """A version of a workflow was frozen, to be what runs."""
    if created and not raw and instance.workflow:
        ActivityTracker.track(
            instance.created_by, "workflow.published", target=instance.workflow, version=instance.number
        )


@receiver(post_save, sender=Integration, dispatch_uid="insights.track_integration_changes")
def track_integration_changes(
    instance: Integration, created: bool, raw: bool, update_fields: frozenset | None = None, **kwargs: Any
) -> None:
    """An integration is new or changed; which of its secrets, nobody is told."""
    if not raw and is_of_people(instance, update_fields):
        ActivityTracker.track(None, f"integration.{'created' if created else 'updated'}", target=instance)


@receiver(post_save, sender=IntegrationCall, dispatch_uid="insights.track_integration_test")
def track_integration_test(instance: IntegrationCall, created: bool, raw: bool, **kwargs: Any) -> None:
    """An integration was tried out. Calls of steps, written with the step in one statement, send no signal."""
    integration = Integration.objects.filter(pk=instance.integration_id).first()
    if created and not raw and integration:
        ActivityTracker.track(None, "integration.tested", target=integration, worked=not instance.error)


@receiver(post_delete, sender=Workflow, dispatch_uid="insights.track_workflow_deleted")
@receiver(post_delete, sender=Integration, dispatch_uid="insights.track_integration_deleted")
def track_deletion(instance: Model, origin: Model | QuerySet | None = None, **kwargs: Any) -> None:
    """It was deleted, and not only what it belonged to."""
    if is_meant(instance, origin):
        ActivityTracker.track(None, f"{instance._meta.model_name}.deleted", target=instance)
