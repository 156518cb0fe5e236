"""What the tests of structure look at, and how they break it."""

from django.db import DatabaseError, connection
from psycopg2 import sql

from nocode.studio.models import DataTable, Field, Project, SchemaChange, TableIndex

RELATIONS = """
    SELECT relname, relkind FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE nspname = %s ORDER BY 1
"""
COLUMNS = """
    SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns
    WHERE table_schema = %s ORDER BY table_name, ordinal_position
"""
CONSTRAINTS = """
    SELECT relname, conname, contype, convalidated, pg_get_constraintdef(pg_constraint.oid)
    FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid
    WHERE relnamespace = to_regnamespace(quote_ident(%s)) ORDER BY 1, 2
"""
VERSIONS = ("updated_at", "trashed_at")


class Broken(DatabaseError):
    """The failure the tests inject."""


class FailAt:
    """Fails the n-th statement."""

    def __init__(self, number: int):
        self.number, self.seen = number, 0

    def __call__(self, execute, statement, params, many, context):
        self.seen += 1
        if self.seen == self.number:
            raise Broken(str(statement))
        return execute(statement, params, many, context)


def in_use(project: Project) -> dict:
    """All there is of a project outside of its trash: metadata, the catalogue, rows. Without the times of changes."""
    tables = list(DataTable.objects.filter(project=project).order_by("pk"))
    return {
        "tables": _plain(DataTable.objects.filter(project=project)),
        "fields": _plain(Field.objects.filter(table__in=tables)),
        "indexes": sorted(TableIndex.objects.filter(table__in=tables).values_list("pk", "kind", "columns")),
        "relations": ask(RELATIONS, project.schema_name),
        "columns": [row for row in ask(COLUMNS, project.schema_name) if not row[1].startswith("trash_")],
        "constraints": ask(CONSTRAINTS, project.schema_name),
        "rows": {table.physical_name: rows_of(table) for table in tables},
    }


def rows_of(table: DataTable) -> list[tuple]:
    """Every column of every row, as text, those in the trash left out. 1.50 and 1.5 are the same number."""
    columns = [row[1:3] for row in ask(COLUMNS, table.relation_schema) if row[0] == table.relation_name]
    texts = [
        sql.SQL("trim_scale({})::text" if kind == "numeric" else "{}::text").format(sql.Identifier(name))
        for name, kind in columns
        if not name.startswith("trash_")
    ]
    query = sql.SQL("SELECT {} FROM {} ORDER BY id").format(
        sql.SQL(", ").join(texts), sql.Identifier(table.relation_schema, table.relation_name)
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def ask(query: str, *params: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        return cursor.fetchall()


def loss_tables(project: Project) -> list[str]:
    """The tables of lost values in the trash."""
    return [name for name, kind in ask(RELATIONS, project.trash_schema) if name.startswith("loss_") and kind == "r"]


def changes(project: Project) -> list[tuple[str, bool]]:
    """What was done, in order, and whether it was undone."""
    made = SchemaChange.objects.filter(project=project).order_by("created_at")
    return [(change.forward["op"], change.undone_at is not None) for change in made]


def _plain(rows) -> list[dict]:
    return [
        {name: value for name, value in row.items() if name not in VERSIONS} for row in rows.order_by("pk").values()
    ]
