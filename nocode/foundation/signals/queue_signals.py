"""Signals of the queue."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.dispatch import receiver

from nocode.foundation.queue.periodic import ensure_schedules


@receiver(post_migrate, dispatch_uid="foundation.periodic_tasks")
def periodic_tasks(sender: AppConfig, **kwargs: Any) -> None:
    """See to it that the periodic tasks of every module are scheduled."""
    if sender.label == "foundation":
        ensure_schedules()
