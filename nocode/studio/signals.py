"""Signals of the studio."""

from typing import Any

from django.apps import apps
from django.db.models.signals import post_migrate, post_save, pre_delete
from django.dispatch import Signal, receiver
from django.urls import reverse
from django.utils.translation import gettext as _

from nocode.studio.events import tell_project
from nocode.studio.models import Block, DataTable, Field, GridView, Page, Project
from nocode.studio.schema.functions import install_functions
from nocode.studio.schema.manager import SchemaManager
from nocode.studio.schema.workbench import Workbench

# "Who uses this table?" (`table`), "who uses this field?" (`field`): a receiver answers with a list of (name, address).
table_users = Signal()
field_users = Signal()
# "What becomes of the pages of this project?" (`project`, for `user`): answers like (name, symbol, address).
page_ways = Signal()


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
    return [_page(page) for page in using.order_by("position")]


@receiver(table_users, dispatch_uid="studio.fields_using_table")
def fields_using_table(table: DataTable, **kwargs: Any) -> list[tuple[str, str]]:
    """The fields of other tables that cannot be without a table: they go to the trash with it."""
    ids = {table.pk, *table.fields.values_list("pk", flat=True)}
    return [_field(field) for field in Workbench(table.project).dependents(ids) if field.table_id != table.pk]


@receiver(field_users, dispatch_uid="studio.fields_using_field")
def fields_using_field(field: Field, **kwargs: Any) -> list[tuple[str, str]]:
    """The fields that are computed from a field: they go to the trash with it."""
    return [_field(reader) for reader in Workbench(field.table.project).dependents({field.pk})]


@receiver(field_users, dispatch_uid="studio.pages_using_field")
def pages_using_field(field: Field, **kwargs: Any) -> list[tuple[str, str]]:
    """The pages with a block that shows a field."""
    blocks = Block.objects.filter(page__project=field.table.project_id, settings__table=str(field.table_id))
    using = {block.page for block in blocks.select_related("page") if mentions(block.settings, field.physical_name)}
    return [_page(page) for page in sorted(using, key=lambda page: page.position)]


@receiver(field_users, dispatch_uid="studio.views_using_field")
def views_using_field(field: Field, **kwargs: Any) -> list[tuple[str, str]]:
    """The ways to look at the table that show, filter or sort by a field; the names of private ones stay private."""
    address = reverse("admin:studio_table_rows", args=[field.table_id])
    views = GridView.objects.filter(table=field.table_id)
    using = [view for view in views if mentions(view.settings, field.physical_name)]
    shared = _("View “%(name)s”")
    return [(_("A private view") if view.owner_id else shared % {"name": view}, address) for view in using]


@receiver(field_users, dispatch_uid="studio.tables_named_by_field")
def tables_named_by_field(field: Field, **kwargs: Any) -> list[tuple[str, str]]:
    """The table whose rows people tell apart by a field."""
    if field.table.display_name != field.physical_name:
        return []
    text = _("Table “%(table)s”: its rows are named by it") % {"table": field.table}
    return [(text, reverse("admin:studio_datatable_change", args=[field.table_id]))]


def mentions(settings: Any, name: str) -> bool:
    """Whether a physical name occurs in settings: as a value (with "-" in front, an order), or as a key."""
    if isinstance(settings, dict):
        return name in settings or any(mentions(value, name) for value in settings.values())
    if isinstance(settings, list):
        return any(mentions(value, name) for value in settings)
    return isinstance(settings, str) and settings.removeprefix("-") == name


def _page(page: Page) -> tuple[str, str]:
    return _("Page “%(name)s”") % {"name": page}, reverse("admin:studio_page_designer", args=[page.pk])


def _field(field: Field) -> tuple[str, str]:
    name = _("Field “%(field)s” of “%(table)s”, which goes with it") % {"field": field, "table": field.table}
    return name, reverse("admin:studio_datatable_change", args=[field.table_id])


@receiver(post_migrate, sender=apps.get_app_config("studio"), dispatch_uid="studio.create_public_functions")
def create_public_functions(using: str, **kwargs: Any) -> None:
    """Install the functions that keep updated_at true in project schemas."""
    install_functions(using)
