"""Organizations, projects and applications."""

from typing import Any

from django.db.models.signals import post_save
from django.dispatch import receiver

from nocode.foundation.models import Organization
from nocode.insights.signals.changes import is_of_people, status_before
from nocode.insights.tracker import ActivityTracker
from nocode.runtime.models import DeploymentLog, GeneratedApp
from nocode.studio.models import Project

Status = GeneratedApp.Status


@receiver(post_save, sender=Organization, dispatch_uid="insights.track_organization_changes")
def track_organization_changes(
    instance: Organization, created: bool, raw: bool, update_fields: frozenset | None = None, **kwargs: Any
) -> None:
    """An organization is new or changed."""
    if not raw and is_of_people(instance, update_fields):
        ActivityTracker.track_organization_action(instance, "created" if created else "updated")


@receiver(post_save, sender=Project, dispatch_uid="insights.track_project_changes")
def track_project_changes(
    instance: Project, created: bool, raw: bool, update_fields: frozenset | None = None, **kwargs: Any
) -> None:
    """A project is new or changed."""
    if not raw and is_of_people(instance, update_fields):
        ActivityTracker.track_project_action(instance, "created" if created else "updated")


@receiver(post_save, sender=GeneratedApp, dispatch_uid="insights.track_app_changes")
def track_app_changes(
    instance: GeneratedApp, created: bool, raw: bool, update_fields: frozenset | None = None, **kwargs: Any
) -> None:
    """An application is new, went online, could not, or was put away or brought back."""
    if raw:
        return
    if created:
        ActivityTracker.track_app_action(instance, "created")
    elif (update_fields is None or "status" in update_fields) and (what := _happened_to(instance)):
        ActivityTracker.track_app_action(instance, what)


@receiver(post_save, sender=DeploymentLog, dispatch_uid="insights.track_roll_back")
def track_roll_back(instance: DeploymentLog, created: bool, raw: bool, **kwargs: Any) -> None:
    """An application went back to an earlier deployment: most times its status stays what it was."""
    if created and not raw and instance.step == DeploymentLog.Step.ROLL_BACK:
        deployment = instance.deployment
        ActivityTracker.track_app_action(deployment.app, "rolled_back", deployment=deployment.number)


def _happened_to(app: GeneratedApp) -> str | None:
    """What a save of an application did to its status; None where nothing is to be told, or a roll back tells it."""
    before = status_before(app)
    if before == app.status:
        return None
    if before == Status.ARCHIVED:
        return "restored"
    if app.status == Status.DEPLOYED:
        online = app.current_deployment
        return "deployed" if online is None or online.finished_at == app.online_since else None
    return app.status if app.status in (Status.FAILED, Status.ARCHIVED) else None
