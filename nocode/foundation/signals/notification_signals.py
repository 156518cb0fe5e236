"""Signals of notifications."""

from datetime import timedelta
from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.dispatch import receiver
from django.utils import timezone
from django_q.models import Schedule

from nocode.foundation.services.notifications import forget_old_notifications


@receiver(post_migrate, dispatch_uid="foundation.schedule_forgetting_notifications")
def schedule_forgetting_notifications(sender: AppConfig, **kwargs: Any) -> None:
    """See to it that old notifications are forgotten each night."""
    if sender.label != "foundation":
        return
    tonight = timezone.localtime().replace(hour=3, minute=40, second=0, microsecond=0) + timedelta(days=1)
    Schedule.objects.get_or_create(
        func=forget_old_notifications.path,
        defaults={"name": "forget_old_notifications", "schedule_type": Schedule.DAILY, "next_run": tonight},
    )
