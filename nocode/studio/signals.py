"""Signals of the studio."""

from typing import Any

from django.apps import apps
from django.db.models.signals import post_migrate, post_save, pre_delete
from django.dispatch import Signal, receiver
from django.urls import reverse

from nocode.studio.events import tell_project
from nocode.studio.models import DataTable, Page, Project
from nocode.studio.schema.functions import install_functions
from nocode.studio.schema.manager import SchemaManager

# "Who uses this table?" (`table`): a receiver answers with a list of (name, address of the page).
table_users = Signal()


@receiver(post_save, sender=Project, dispatch_uid="studio.project_saved")
def project_saved(instance: Project, created: bool, raw: bool, **kwargs: Any) -> None:
    """Tell that a project is new or changed."""
    if not raw:
        tell_project(instance, "created" if created else "updated")


@receiver(pre_delete, sender=Project, dispatch_uid="studio.project_deleted")
def project_deleted(instance: Project, **kwargs: Any) -> None:
    """Tell that a project is about to go, with its tables and pages."""
    tell_project(instance, "deleted")


@receiver(pre_delete, sender=Project, dispatch_uid="studio.delete_project_schema")
def delete_project_schema(instance: Project, **kwargs: Any) -> None:
    """Drop the project's tables with it, in the same transaction."""
    SchemaManager(instance).drop()


@receiver(table_users, dispatch_uid="studio.pages_using_table")
def pages_using_table(table: DataTable, **kwargs: Any) -> list[tuple[str, str]]:
    """The pages with a block that shows a table."""
    using = Page.objects.filter(project=table.project_id, blocks__settings__table=str(table.pk)).distinct()
    return [(page.title, reverse("admin:studio_page_designer", args=[page.pk])) for page in using.order_by("position")]


@receiver(post_migrate, sender=apps.get_app_config("studio"), dispatch_uid="studio.create_public_functions")
def create_public_functions(using: str, **kwargs: Any) -> None:
    """Install the functions that keep updated_at true in project schemas."""
    install_functions(using)
