"""Emptying the trash: what is removed here is gone for good, with all that only made sense with it."""

from datetime import datetime

from django.db.models import Q

from nocode.studio.models import DataTable, Field, SchemaChange
from nocode.studio.schema import ddl, history
from nocode.studio.schema.operations import RetypeField
from nocode.studio.schema.operations.forgetting import drop_losses, forget_field, forget_table
from nocode.studio.schema.workbench import Workbench


def purge_table(bench: Workbench, table: DataTable) -> None:
    """Drop a table that is in the trash, and the fields in the trash that point to it."""
    fields = list(Field.everything.filter(table=table))
    _purge_dependents(bench, {table.pk, *(field.pk for field in fields)}, besides=table)
    place = bench.place(table)
    for field in fields:
        field.table = table
        bench.run(*field.type.drop(field, place))
    bench.run(ddl.drop_table(place.schema, place.table))
    history.forget(bench.project, Q(table=table))
    forget_table(bench, table)


def purge_field(bench: Workbench, field: Field) -> None:
    """Drop the column of a field that is in the trash, and the fields in the trash that are computed from it."""
    _purge_dependents(bench, {field.pk})
    place = bench.place(field.table)
    if field.type.column:
        bench.run(ddl.drop_column(place, field.column_name))
    bench.run(*field.type.drop(field, place))
    history.forget(bench.project, history.about(field=str(field.pk)) | history.about(new={"id": str(field.pk)}))
    forget_field(bench, field)


def purge_losses(bench: Workbench, before: datetime) -> None:
    """Forget values that conversions lost before a moment; those conversions cannot be undone any more."""
    for change in bench.project.changes.filter(forward__op=RetypeField.op, created_at__lt=before):
        if drop_losses(bench, change):
            SchemaChange.objects.filter(pk=change.pk).update(backward=None)


def _purge_dependents(bench: Workbench, ids: set, besides: DataTable | None = None) -> None:
    for field in bench.dependents(ids, trashed=True):
        is_ours = besides is not None and field.table_id == besides.pk
        if not is_ours and Field.everything.filter(pk=field.pk).exists():
            field.table.project = bench.project
            purge_field(bench, field)
