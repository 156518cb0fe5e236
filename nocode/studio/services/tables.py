"""Tables as people change them on one page: the label and any number of fields, all or nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from nocode.studio.models import DataTable, Field, Project
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.schema.operations import (
    AddField,
    ChangeField,
    ChangeTable,
    CreateTable,
    Operation,
    ReorderFields,
    TrashField,
)


def create(project: Project, label: str, fields: Iterable[Field] = ()) -> DataTable:
    """Create a table, with what a form made of its fields (unsaved objects)."""
    done = SchemaManager(project).make(creation(label, fields), label)
    return DataTable.objects.get(pk=done.table)


def creation(label: str, fields: Iterable[Field] = ()) -> Operation:
    """What `create` does."""
    return CreateTable("", label, fields=[asdict(_new(field)) for field in fields])


def change(table: DataTable, **values: Any) -> DataTable:
    """Change the label, the description or the `display_name` of a table, as far as they differ."""
    current = DataTable.objects.select_related("project").get(pk=table.pk)
    return SchemaManager(current.project).change_table(current, **values)


def drop(table: DataTable) -> None:
    """Throw the table away, with its rows; it can be brought back for a while."""
    SchemaManager(table.project).drop_table(table)


def save(table: DataTable, operations: Sequence[Operation]) -> DataTable:
    """Make what `differences` or `refinement` found: one change, one undo. Raises NoCodeError."""
    current = DataTable.objects.select_related("project").get(pk=table.pk)
    SchemaManager(current.project).make_together(operations, current)
    return current


def differences(
    table: DataTable,
    label: str,
    *,
    added: Iterable[Field] = (),
    changed: Iterable[Field] = (),
    dropped: Iterable[Field] = (),
) -> list[Operation]:
    """What brings a table to what a form made of its label and fields (unsaved objects)."""
    key = str(table.pk)
    return [
        ChangeTable(key, {"label": label}),
        *(TrashField(key, str(field.pk)) for field in dropped),
        *(ChangeField(key, str(field.pk), _said(field)) for field in changed),
        *(AddField(key, asdict(_new(field))) for field in added),
    ]


def refinement(field: Field, values: dict[str, Any], *, after: str, names_rows: bool) -> list[Operation]:
    """What changes details of a field (`values` as ChangeField takes them), its place and whether it names the rows.

    `after` is the id of the field it follows, empty when it is the first.
    """
    table, key = field.table, str(field.table_id)
    named_by_it = table.display_name == field.physical_name
    order = [str(each.pk) for each in table.fields.all() if each.pk != field.pk]
    order.insert(order.index(after) + 1 if after else 0, str(field.pk))
    operations: list[Operation] = [ChangeField(key, str(field.pk), values), ReorderFields(key, order)]
    if names_rows != named_by_it:
        operations.append(ChangeTable(key, {"display_name": field.physical_name if names_rows else ""}))
    return operations


def _new(field: Field) -> NewField:
    return NewField(kind=field.kind, **_said(field))


def _said(field: Field) -> dict[str, Any]:
    return {name: getattr(field, name) for name in ChangeField.CHANGEABLE}
