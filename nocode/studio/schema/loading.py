"""Filling new tables with rows that have their ids already, in any order: what keeps ids true waits until the end."""

from psycopg2 import sql

from nocode.studio.fields import field_types
from nocode.studio.models import Field
from nocode.studio.schema.ddl import count_on
from nocode.studio.schema.workbench import Workbench

NUMBERED = "auto_number"


def loosen(bench: Workbench) -> None:
    """Take the foreign keys and their indexes from the relations of the project."""
    for field in _fields(bench, [each.kind for each in field_types if each.is_relation and each.column]):
        bench.run(*field.type.trash(field, bench.place(field.table)))


def fasten(bench: Workbench) -> None:
    """Put them back, which proves that all relations lead somewhere; numbers that are given go on behind the rows."""
    for field in _fields(bench, [each.kind for each in field_types if each.is_relation and each.column]):
        bench.run(*field.type.create(field, bench.place(field.table)))
    for table in bench.project.tables.all():
        table.project = bench.project
        bench.run(count_on(bench.place(table).target, "id"))
        bench.run(sql.SQL("ANALYZE {}").format(bench.place(table).target))
    for field in _fields(bench, [NUMBERED]):
        bench.run(count_on(bench.place(field.table).target, field.physical_name))


def _fields(bench: Workbench, kinds: list[str]) -> list[Field]:
    found = list(Field.objects.select_related("table").filter(table__in=bench.project.tables.all(), kind__in=kinds))
    for field in found:
        field.table.project = bench.project
    return found
