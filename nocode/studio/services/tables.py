"""Tables as people change them on one page: the label and any number of fields, all or nothing."""

from collections.abc import Iterable

from django.db import transaction

from nocode.studio.models import DataTable, Field, Project
from nocode.studio.schema.manager import SchemaManager


def create(project: Project, label: str) -> DataTable:
    """Create a table without fields."""
    return SchemaManager(project).create_table(label)


def rename(table: DataTable, label: str) -> DataTable:
    """Give the table this label, if it has another one."""
    current = DataTable.objects.select_related("project").get(pk=table.pk)
    return current if current.label == label else SchemaManager(current.project).rename_table(current, label)


def drop(table: DataTable) -> None:
    """Drop the table with its rows."""
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
        before = Field.objects.get(pk=field.pk)
        if field.label != before.label:
            manager.rename_field(before, field.label)
        manager.change_field(before, required=field.required, unique=field.unique, settings=field.settings)
    for field in added:
        manager.add_field(
            table, field.label, field.kind, required=field.required, unique=field.unique, settings=field.settings
        )
