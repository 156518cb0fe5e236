"""Signals of plans and subscriptions."""

from typing import Any

from django.apps import AppConfig
from django.db import transaction
from django.db.models.signals import post_delete, post_migrate, post_save
from django.dispatch import receiver

from nocode.foundation.models import Plan, Subscription
from nocode.foundation.services.billing.limits import memory
from nocode.foundation.services.billing.setup import set_up


@receiver(post_migrate, dispatch_uid="foundation.set_up_billing")
def set_up_billing(sender: AppConfig, **kwargs: Any) -> None:
    """See to it that there is a default plan."""
    if sender.label == "foundation":
        set_up()


@receiver([post_save, post_delete], sender=Plan, dispatch_uid="foundation.plan_changed")
@receiver([post_save, post_delete], sender=Subscription, dispatch_uid="foundation.subscription_changed")
def forget_limits(**kwargs: Any) -> None:
    """Now, for this transaction, and once more when others can see the change."""
    memory.forget()
    transaction.on_commit(memory.forget)
