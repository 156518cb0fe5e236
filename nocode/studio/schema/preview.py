"""What changes of structure would do: the SQL, the rows, what they have against it; found out without doing it."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import Any

from django.db import DatabaseError, connection, transaction
from psycopg2 import sql

from nocode.foundation.models import User
from nocode.studio.models import DataTable, Project
from nocode.studio.schema.change import LOCK_TIMEOUT, explain
from nocode.studio.schema.operations import Operation
from nocode.studio.schema.operations.base import LOCKS
from nocode.studio.schema.problems import Loss, Problem
from nocode.studio.schema.workbench import Workbench

_ROWS = sql.SQL("SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass({})")
# Of one row, on a small machine: written again with its indexes, or looked at for a rule or an index.
_SECONDS_TO_WRITE, _SECONDS_TO_CHECK = 10e-6, 3e-6
_COUNT = sql.SQL("SELECT count(*) FROM {}")
_SECONDS_WITHOUT_ASKING = 2  # others may be kept waiting for so long without a question


@dataclass(frozen=True)
class Step:
    """One of the operations. `says` is a sentence for people; `lock` is what PostgreSQL keeps from others, if anything.

    `rows` is an estimate of how many rows the table has. `rewrites`: every row is written again, and nobody can use the
    table meanwhile; `checks`: every row is held against a rule, and others may wait meanwhile. `notes` are sentences.
    """

    operation: Operation
    says: str
    sql: list[str]
    rows: int
    rewrites: bool
    checks: bool
    lock: str
    losses: list[Loss]
    problems: list[Problem]
    notes: list[str]
    can_be_undone: bool


@dataclass(frozen=True)
class Preview:
    """What operations would do, one after the other; those that would change nothing are left out."""

    steps: list[Step]

    def _all(self, of: Callable[[Step], Sequence[Any]]) -> list[Any]:
        return [each for step in self.steps for each in of(step)]

    @cached_property
    def sql(self) -> list[str]:
        return self._all(lambda step: step.sql)

    @cached_property
    def losses(self) -> list[Loss]:
        return self._all(lambda step: step.losses)

    @cached_property
    def problems(self) -> list[Problem]:
        return self._all(lambda step: step.problems)

    @cached_property
    def notes(self) -> list[str]:
        return self._all(lambda step: step.notes)

    @property
    def can_be_undone(self) -> bool:
        return all(step.can_be_undone for step in self.steps)

    @property
    def rows(self) -> int:
        return max((step.rows for step in self.steps), default=0)

    @property
    def rewrites(self) -> bool:
        return any(step.rewrites for step in self.steps)

    @property
    def checks(self) -> bool:
        return any(step.checks for step in self.steps)

    @property
    def lock(self) -> str:
        """The strongest of the locks, which is held to the end."""
        return max((step.lock for step in self.steps), key=LOCKS.index, default="")

    @property
    def seconds(self) -> int:
        """How long others will wait, roughly: at least a second as soon as rows are read."""
        return ceil(sum(_seconds(step) for step in self.steps))

    @property
    def is_stopped(self) -> bool:
        """Whether rows must be others before this can be done at all."""
        return any(problem.stops for problem in self.problems)

    @property
    def is_grave(self) -> bool:
        """Whether people see it before it is done: something is lost or written again, or others have to wait."""
        rewrites = any(step.rewrites and step.rows for step in self.steps)
        return bool(self.losses or self.problems or rewrites or self.seconds > _SECONDS_WITHOUT_ASKING)

    @cached_property
    def key(self) -> str:
        """Stands for what was seen: another change, or other rows in its way, have another one."""
        seen = [(step.says, [str(each) for each in (*step.losses, *step.problems)]) for step in self.steps]
        return hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:20]


def preview(
    project: Project, operations: Sequence[Operation], actor: User | None = None, *, are_kept: bool = False
) -> Preview:
    """Go through operations without executing their SQL, and forget what they did to the metadata.

    Those that are kept with a change are taken as they are: they were prepared when they were made.
    """
    bench = Workbench(project, actor, dry=True)
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
            ready = (operation if are_kept else operation.prepared(bench) for operation in operations)
            steps = [step for operation in ready if (step := _step(bench, operation))]
            transaction.set_rollback(True)
    except DatabaseError as error:
        raise explain(error, str(project)) from error
    return Preview(steps)


def _step(bench: Workbench, operation: Operation) -> Step | None:
    """Apply an operation on what those before it left; None when there is nothing left to do."""
    if operation.is_idle(bench):
        return None
    says, rows = operation.says(bench), _estimate(bench, operation.table)
    bench.rewrites = bench.checks = False
    lists = (bench.sql, bench.losses, bench.problems, bench.notes)
    before = [len(each) for each in lists]
    can_be_undone = operation.apply(bench) is not None
    statements, losses, problems, notes = (each[start:] for each, start in zip(lists, before, strict=True))
    lock = operation.lock if statements else ""
    costs = (rows, bench.rewrites, bench.checks, lock)
    return Step(operation, says, statements, *costs, losses, problems, notes, can_be_undone)


def _seconds(step: Step) -> float:
    return step.rows * (_SECONDS_TO_WRITE * step.rewrites + _SECONDS_TO_CHECK * step.checks)


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
