"""What a change of structure would do: the SQL, the rows, what they have against it; found out without doing it."""

from dataclasses import dataclass
from math import ceil

from django.db import DatabaseError, connection, transaction
from psycopg2 import sql

from nocode.foundation.models import User
from nocode.studio.models import DataTable, Project
from nocode.studio.schema.change import LOCK_TIMEOUT, explain
from nocode.studio.schema.operations import Operation
from nocode.studio.schema.problems import Problem
from nocode.studio.schema.workbench import Workbench

_ROWS = sql.SQL("SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass({})")
# Of one row, on a small machine: written again with its indexes, or looked at for a rule or an index.
_SECONDS_TO_WRITE, _SECONDS_TO_CHECK = 10e-6, 3e-6
_COUNT = sql.SQL("SELECT count(*) FROM {}")


@dataclass(frozen=True)
class Preview:
    """`rows` is an estimate of how many rows the table has; `lock` is what PostgreSQL keeps from others, if anything.

    `rewrites`: every row is written again, and the table is locked meanwhile; `checks`: every row is held against a
    rule, and nobody can write meanwhile. `notes` are sentences for people.
    """

    operation: Operation
    sql: list[str]
    rows: int
    rewrites: bool
    checks: bool
    lock: str
    problems: list[Problem]
    notes: list[str]

    @property
    def seconds(self) -> int:
        """How long others will wait, roughly: at least a second as soon as rows are read."""
        each = _SECONDS_TO_WRITE * self.rewrites + _SECONDS_TO_CHECK * self.checks
        return ceil(each * self.rows)


def preview(project: Project, operation: Operation, actor: User | None = None) -> Preview:
    """Go through an operation without executing its SQL, and forget what it did to the metadata."""
    bench = Workbench(project, actor, dry=True)
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
            operation = operation.prepared(bench)
            rows = _estimate(bench, operation.table)
            operation.apply(bench)
            transaction.set_rollback(True)
    except DatabaseError as error:
        raise explain(error, str(project)) from error
    lock = operation.lock if bench.sql else ""
    return Preview(operation, bench.sql, rows, bench.rewrites, bench.checks, lock, bench.problems, bench.notes)


def _estimate(bench: Workbench, table_id: str) -> int:
    """What PostgreSQL remembers; of a table that it never looked at, the true number."""
    table = DataTable.everything.filter(pk=table_id, project=bench.project).first()
    if table is None:
        return 0
    table.project = bench.project
    target = bench.place(table).target
    remembered = bench.rows(_ROWS.format(sql.Literal(target.as_string(connection.connection))))
    if remembered and remembered[0][0] is not None and remembered[0][0] >= 0:
        return remembered[0][0]
    return bench.rows(_COUNT.format(target))[0][0]
