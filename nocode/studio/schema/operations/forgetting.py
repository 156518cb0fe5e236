"""What is left of a table or a field after its relation or column is gone, and goes with it for good."""

from django.db import connection

from nocode.studio.models import DataTable, Field, SchemaChange
from nocode.studio.schema import ddl
from nocode.studio.schema.operations.retype import RetypeField
from nocode.studio.schema.workbench import Workbench

_FORGET_VALUES = """
    UPDATE studio_recordchange SET before = before - %(name)s, after = after - %(name)s
    WHERE table_id = %(table)s AND (before ? %(name)s OR after ? %(name)s)
"""


def forget_table(bench: Workbench, table: DataTable) -> None:
    """Remove a table without a relation: what its conversions lost, its fields, views and history."""
    for change in SchemaChange.objects.filter(table=table, forward__op=RetypeField.op):
        drop_losses(bench, change)
    bench.tell(table, "purged")
    bench.tell_all()
    table.delete()


def forget_field(bench: Workbench, field: Field) -> None:
    """Remove a field without a column: what its conversions lost, and its values in the history of rows."""
    for change in SchemaChange.objects.filter(forward__op=RetypeField.op, forward__field=str(field.pk)):
        drop_losses(bench, change)
    _forget_values(bench, field)
    bench.tell(field, "purged")
    bench.tell_all()
    field.delete()


def drop_losses(bench: Workbench, change: SchemaChange) -> bool:
    """Forget the values that a conversion lost; whether there were any."""
    names = [change.forward["keep"], change.forward["bring_back"]]
    found = [name for name in names if bench.has_relation(bench.project.trash_schema, name)]
    bench.run(*(ddl.drop_table(bench.project.trash_schema, name) for name in found))
    return bool(found)


def _forget_values(bench: Workbench, field: Field) -> None:
    """Values of what is gone for good leave the history of rows: another field may get the name of the column."""
    if bench.dry:
        return
    names = {"table": field.table_id, "name": field.physical_name}
    with connection.cursor() as cursor:
        cursor.execute(_FORGET_VALUES, names)
