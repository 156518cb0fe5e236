"""Tables as people change them on one page: the label and any number of fields, all or nothing."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction

from nocode.studio.models import DataTable, Field, Project
from nocode.studio.schema.manager import SchemaManager


def create(project: Project, label: str, *, description: str = "") -> DataTable:
    """Create a table without fields."""
    return SchemaManager(project).create_table(label, description=description)


def rename(table: DataTable, label: str) -> DataTable:
    """Give the table this label, if it has another one."""
    return change(table, label=label)


def change(table: DataTable, **values: Any) -> DataTable:
    """Change the label, the description or the `display_name` of a table, as far as they differ."""
    current = DataTable.objects.select_related("project").get(pk=table.pk)
    return SchemaManager(current.project).change_table(current, **values)


def drop(table: DataTable) -> None:
    """Throw the table away, with its rows; it can be brought back for a while."""
    SchemaManager(table.project).drop_table(table)


@transaction.atomic
def change_fields(
    table: DataTable, *, added: Iterable[Field] = (), changed: Iterable[Field] = (), dropped: Iterable[Field] = ()
) -> None:
    """Bring the fields of a table to what a form made of them (unsaved objects). Raises NoCodeError."""
    manager = SchemaManager(table.project)
    for field in dropped:
        manager.drop_field(field)
    for field in changed:
        manager.change_field(
            field,
            label=field.label,
            help_text=field.help_text,
            required=field.required,
            unique=field.unique,
            settings=field.settings,
            default=field.default,
        )
    for field in added:
        manager.add_field(
            table,
            field.label,
            field.kind,
            required=field.required,
            unique=field.unique,
            settings=field.settings,
            default=field.default,
            help_text=field.help_text,
        )
