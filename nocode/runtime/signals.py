"""Django signals in: events out, and the log of every change."""

import logging
from functools import cache
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed
from django.db.models import Model
from django.db.models.signals import post_save, pre_delete
from django.dispatch import receiver
from simple_history.models import HistoricalChanges

from nocode.foundation.events import bus
from nocode.runtime.events import app_event
from nocode.runtime.models import GeneratedApp

logger = logging.getLogger(__name__)

OFF = 0
LOGGED_IN = frozenset({"last_login"})  # what each log-in saves of a person; it is no change


@receiver(post_save, dispatch_uid="runtime.log_model_changes")
def log_model_changes(
    sender: type[Model],
    instance: Model,
    created: bool,
    raw: bool,
    update_fields: frozenset[str] | None = None,
    **kwargs: Any,
) -> None:
    """Tell the log what people create and change. It asks the database nothing and leaves machines' rows out."""
    level = level_of(sender)
    if level != OFF and not raw and update_fields != LOGGED_IN:
        logger.log(level, "%s %s: %s", "Created" if created else "Updated", sender.__name__, instance.pk)


@cache
def level_of(model: type[Model]) -> int:
    """The level at which changes of a model are told; OFF for those that are not."""
    label = model._meta.label_lower
    named = {each.lower() for each in settings.MODEL_CHANGES_LOG_MODELS}
    skipped = {each.lower() for each in settings.MODEL_CHANGES_LOG_SKIP}
    if named and not named & {label, model._meta.app_label}:
        return OFF
    if skipped & {label, model._meta.app_label} or issubclass(model, HistoricalChanges):
        return OFF
    return OFF if settings.MODEL_CHANGES_LOG_LEVEL == "OFF" else getattr(logging, settings.MODEL_CHANGES_LOG_LEVEL)


@receiver(setting_changed, dispatch_uid="runtime.forget_levels")
def forget_levels(setting: str, **kwargs: Any) -> None:
    """Settings only change in tests."""
    if setting.startswith("MODEL_CHANGES_LOG"):
        level_of.cache_clear()


@receiver(post_save, sender=GeneratedApp, dispatch_uid="runtime.app_saved")
def app_saved(instance: GeneratedApp, created: bool, raw: bool, **kwargs: Any) -> None:
    """Tell that an application is new."""
    if created and not raw:
        bus.publish(app_event(instance, "created"))


@receiver(pre_delete, sender=GeneratedApp, dispatch_uid="runtime.app_deleted")
def app_deleted(instance: GeneratedApp, **kwargs: Any) -> None:
    """Wait for the step that is just being built: it would write lines of a deployment that is gone."""
    GeneratedApp.objects.select_for_update(no_key=True).filter(pk=instance.pk).first()
