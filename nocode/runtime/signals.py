"""Django signals in: events out, and the log of every change."""

import logging
from collections.abc import Iterator
from functools import cache
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed
from django.db.models import Model
from django.db.models.signals import post_save, pre_delete
from django.dispatch import receiver
from django.urls import reverse
from django.utils.translation import gettext as _
from simple_history.models import HistoricalChanges

from nocode.foundation.events import bus
from nocode.foundation.models import User
from nocode.runtime.events import app_event
from nocode.runtime.models import GeneratedApp
from nocode.studio.models import DataTable, Field, Project
from nocode.studio.signals import field_users, mentions, page_ways, table_users

logger = logging.getLogger(__name__)

OFF = 0
MOST_APPS = 3  # beside the pages of their project
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


@receiver(page_ways, dispatch_uid="runtime.apps_of_pages")
def apps_of_pages(project: Project, user: User, **kwargs: Any) -> list[tuple[str, str, str]]:
    """The applications that are made of the pages of a project; before there is one, the way to make it."""
    apps = GeneratedApp.objects.visible_to(user).filter(project=project).order_by("name")[:MOST_APPS]
    found = [(app.name, "deployed_code", reverse("admin:runtime_generatedapp_change", args=[app.pk])) for app in apps]
    if not found and user.has_perm("runtime.add_generatedapp", project):
        address = f"{reverse('admin:runtime_generatedapp_add')}?project={project.pk}"
        return [(_("Make an application"), "deployed_code", address)]
    return found


@receiver(table_users, dispatch_uid="runtime.apps_using_table")
def apps_using_table(table: DataTable, **kwargs: Any) -> list[tuple[str, str]]:
    """The applications online with a page that shows a table, whatever became of that page since."""
    return [_named(app) for app, blocks in _online(table) if blocks]


@receiver(field_users, dispatch_uid="runtime.apps_using_field")
def apps_using_field(field: Field, **kwargs: Any) -> list[tuple[str, str]]:
    """The applications online with a page that shows a field."""
    online = _online(field.table)
    return [_named(app) for app, blocks in online if any(mentions(each, field.physical_name) for each in blocks)]


def _online(table: DataTable) -> Iterator[tuple[GeneratedApp, list[dict[str, Any]]]]:
    """The applications of a project that are online, each with the settings of its blocks about a table."""
    apps = GeneratedApp.objects.filter(project=table.project_id, current_deployment__isnull=False)
    for app in apps.exclude(status=GeneratedApp.Status.ARCHIVED).select_related("current_deployment").order_by("name"):
        pages = (app.current_deployment.snapshot or {}).get("pages", [])
        blocks = (block["settings"] for page in pages for block in _all(page["blocks"]))
        yield app, [settings for settings in blocks if settings.get("table") == str(table.pk)]


def _all(blocks: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The blocks of a tree."""
    for block in blocks:
        yield block
        for slot in block["slots"]:
            yield from _all(slot)


def _named(app: GeneratedApp) -> tuple[str, str]:
    name = _("Application “%(name)s”, as it is online") % {"name": app}
    return name, reverse("admin:runtime_generatedapp_change", args=[app.pk])
