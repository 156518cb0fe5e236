"""Signals of User."""

import logging
from typing import Any

from django.db.models.signals import post_save
from django.dispatch import receiver

from nocode.foundation.models import User

logger = logging.getLogger(__name__)


@receiver(post_save, sender=User, dispatch_uid="foundation.user_post_save")
def user_post_save(instance: User, created: bool, raw: bool, **kwargs: Any) -> None:
    """Tell the log about each new account."""
    if created and not raw:
        logger.info("New user created: %s", instance.email)
