"""Emptying the trash: what is removed here is gone for good, with all that only made sense with it."""

from datetime import datetime

from django.db import connection
from django.db.models import Q

from nocode.studio.models import DataTable, Field, SchemaChange
from nocode.studio.schema import ddl, history
from nocode.studio.schema.operations import RetypeField
from nocode.studio.schema.workbench import Workbench

_FORGET_VALUES = """
    UPDATE studio_recordchange SET before = before - %(name)s, after = after - %(name)s
    WHERE table_id = %(table)s AND (before ? %(name)s OR after ? %(name)s)
"""


def purge_table(bench: Workbench, table: DataTable) -> None:
    """Drop a table that is in the trash, and the fields in the trash that point to it."""
    fields = list(Field.everything.filter(table=table))
    _purge_dependents(bench, {table.pk, *(field.pk for field in fields)}, besides=table)
    place = bench.place(table)
    for field in fields:
        field.table = table
        bench.run(*field.type.drop(field, place))
    bench.run(ddl.drop_table(place.schema, place.table))
    for change in SchemaChange.objects.filter(table=table, forward__op=RetypeField.op):
        _drop_losses(bench, change)
    history.forget(bench.project, Q(table=table))
    bench.tell(table, "purged")
    bench.tell_all()
    table.delete()


def purge_field(bench: Workbench, field: Field) -> None:
    """Drop the column of a field that is in the trash, and the fields in the trash that are computed from it."""
    _purge_dependents(bench, {field.pk})
    place = bench.place(field.table)
    if field.type.column:
        bench.run(ddl.drop_column(place, field.column_name))
    bench.run(*field.type.drop(field, place))
    for change in SchemaChange.objects.filter(forward__op=RetypeField.op, forward__field=str(field.pk)):
        _drop_losses(bench, change)
    history.forget(bench.project, history.about(field=str(field.pk)) | history.about(new={"id": str(field.pk)}))
    _forget_values(bench, field)
    bench.tell(field, "purged")
    bench.tell_all()
    field.delete()


def _forget_values(bench: Workbench, field: Field) -> None:
    """Values of what is gone for good leave the history of rows: another field may get the name of the column."""
    if bench.dry:
        return
    names = {"table": field.table_id, "name": field.physical_name}
    with connection.cursor() as cursor:
        cursor.execute(_FORGET_VALUES, names)


def purge_losses(bench: Workbench, before: datetime) -> None:
    """Forget values that conversions lost before a moment; those conversions cannot be undone any more."""
    for change in bench.project.changes.filter(forward__op=RetypeField.op, created_at__lt=before):
        if _drop_losses(bench, change):
            SchemaChange.objects.filter(pk=change.pk).update(backward=None)


def _purge_dependents(bench: Workbench, ids: set, besides: DataTable | None = None) -> None:
    for field in bench.dependents(ids, trashed=True):
        is_ours = besides is not None and field.table_id == besides.pk
        if not is_ours and Field.everything.filter(pk=field.pk).exists():
            field.table.project = bench.project
            purge_field(bench, field)


def _drop_losses(bench: Workbench, change: SchemaChange) -> bool:
    names = [change.forward["keep"], change.forward["bring_back"]]
    found = [name for name in names if bench.has_relation(bench.project.trash_schema, name)]
    bench.run(*(ddl.drop_table(bench.project.trash_schema, name) for name in found))
    return bool(found)
