"""Forgetting failed attempts."""

from datetime import timedelta

from django.utils import timezone

from nocode.foundation.models import FailedAttempts
from nocode.foundation.queue import every

KEPT = timedelta(days=1)


@every(seconds=600)
def forget_old_attempts() -> None:
    """Drop counters nobody will ask for."""
    FailedAttempts.objects.filter(last_at__lt=timezone.now() - KEPT).delete()
