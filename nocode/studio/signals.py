"""Signals of the studio."""

from typing import Any

from django.apps import apps
from django.db.models.signals import post_migrate, pre_delete
from django.dispatch import Signal, receiver

from nocode.studio.models import Project
from nocode.studio.schema.functions import install_functions
from nocode.studio.schema.manager import SchemaManager

# "Who uses this table?" (`table`): a receiver answers with a list of (name, address of the page).
table_users = Signal()


@receiver(pre_delete, sender=Project, dispatch_uid="studio.delete_project_schema")
def delete_project_schema(instance: Project, **kwargs: Any) -> None:
    """Drop the project's tables with it, in the same transaction."""
    SchemaManager(instance).drop()


@receiver(post_migrate, sender=apps.get_app_config("studio"), dispatch_uid="studio.create_public_functions")
def create_public_functions(using: str, **kwargs: Any) -> None:
    """Install the functions that keep updated_at true in project schemas."""
    install_functions(using)
