"""Django signals in, events out."""

from typing import Any

from django.db.models.signals import post_save, pre_delete
from django.dispatch import receiver

from nocode.automation.events import ANNOUNCED, execution_event, workflow_event
from nocode.automation.models import Workflow, WorkflowExecution
from nocode.foundation.events import bus


@receiver(post_save, sender=Workflow, dispatch_uid="automation.workflow_saved")
def workflow_saved(instance: Workflow, created: bool, raw: bool, **kwargs: Any) -> None:
    """Tell that a workflow is new or changed."""
    if not raw:
        bus.publish(workflow_event(instance, "created" if created else "updated"))


@receiver(pre_delete, sender=Workflow, dispatch_uid="automation.workflow_deleted")
def workflow_deleted(instance: Workflow, **kwargs: Any) -> None:
    """Tell that a workflow is about to go."""
    bus.publish(workflow_event(instance, "deleted"))


@receiver(post_save, sender=WorkflowExecution, dispatch_uid="automation.workflow_execution_status_changed")
def workflow_execution_status_changed(instance: WorkflowExecution, raw: bool, **kwargs: Any) -> None:
    """Tell each change of status once; the engine, which does not use save(), tells its own in its statements."""
    if not raw and instance.status != instance.told_status and instance.status in ANNOUNCED:
        bus.publish(execution_event(instance))
    instance.told_status = instance.status
