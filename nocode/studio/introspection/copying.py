"""Copies the rows of a plan: whole sets at a time, with the numbers that rows had or new ones, relations resolved."""

import hashlib
from collections.abc import Callable, Iterable
from uuid import uuid4

from django.db import connection
from django.utils.translation import gettext as _
from psycopg2 import sql

from nocode.foundation.database import execute, fetch
from nocode.studio.errors import TakeoverRefused
from nocode.studio.fields.relations import links
from nocode.studio.introspection.making import Made
from nocode.studio.introspection.plan import FieldPlan, LinkPlan, Plan, TablePlan
from nocode.studio.schema.catalog import Constraint, Table
from nocode.studio.schema.ddl import count_on
from nocode.studio.schema.runs import runs

LOCK_TIMEOUT = "5s"
SMALLEST_PART = 4096  # pages: large tables are copied in runs of them, to tell how far it is

_TIMEOUTS = "SELECT set_config('lock_timeout', %s, true), set_config('statement_timeout', '0', true)"
# What may only be read may change meanwhile; then the figures differ at the end and nothing is kept.
_MAY_LOCK = "SELECT has_table_privilege(%(table)s, 'UPDATE') OR has_table_privilege(%(table)s, 'DELETE')"

Tell = Callable[[int], None]  # rows so far; may raise


def hold(tables: Iterable[Table]) -> None:
    """Keep others from changing the rows until the end of the transaction, and wait as long as it takes."""
    execute(_TIMEOUTS, [LOCK_TIMEOUT])
    for each in tables:
        target = sql.Identifier(each.schema, each.name)
        may_lock = fetch(_MAY_LOCK, {"table": target.as_string(connection.connection)})[0][0]
        mode = sql.SQL("SHARE" if may_lock else "ACCESS SHARE")
        execute(sql.SQL("LOCK TABLE ONLY {} IN {} MODE").format(target, mode))


class Copy:
    """One run over the rows of a plan. The tables it fills are new and empty."""

    def __init__(self, plan: Plan, made: Made, tell: Tell):
        self.plan = plan
        self.made = made
        self.tell = tell
        self.done = 0
        self._maps: dict[TablePlan, sql.Identifier] = {}

    def run(self) -> None:
        """Copy all rows. Raises TakeoverRefused when they are not as many afterwards."""
        for each, columns in self._looked_up().items():
            self._maps[each] = self._number(each, columns)
        for each in self.plan.tables:
            self._copy(each)
        for each in self.plan.tables:
            for relation in each.relations:
                if relation.is_late:
                    self._fill(each, relation)
        for link in self.plan.links:
            self._link(link)

    # --- the numbers of rows

    def _looked_up(self) -> dict[TablePlan, set[str]]:
        """The tables whose rows others look for by these columns, because they have no number yet, or another one."""
        found: dict[TablePlan, set[str]] = {}
        leading = [
            *((relation.target, relation.target_column) for each in self.plan.tables for relation in each.relations),
            *((link.owner, link.ours.other_columns[0]) for link in self.plan.links),
            *((link.other, link.theirs.other_columns[0]) for link in self.plan.links),
        ]
        for target, column in leading:
            if column != target.key:
                found.setdefault(target, set()).add(column)
        for each in self.plan.tables:  # their rows are looked for again when the other ones are there
            if not each.key and any(relation.is_late for relation in each.relations):
                found.setdefault(each, set())
        return found

    def _number(self, table: TablePlan, columns: set[str]) -> sql.Identifier:
        """A table of where each row is (`at`), its new number, and what others look for it by."""
        name = sql.Identifier(f"takeover_{uuid4().hex}")
        number = sql.SQL("row_number() OVER (ORDER BY s.ctid)")
        if table.key:
            number = sql.Identifier("s", table.key)
        read = [sql.SQL("s.ctid AS at"), sql.SQL("{}::bigint AS number").format(number)]
        read += [sql.SQL("{} AS {}").format(sql.Identifier("s", each), _copy_of(each)) for each in sorted(columns)]
        execute(
            sql.SQL("CREATE TEMP TABLE {} ON COMMIT DROP AS SELECT {} FROM ONLY {} AS s").format(
                name, sql.SQL(", ").join(read), table.target
            )
        )
        execute(sql.SQL("ANALYZE {}").format(name))
        return name

    def _found(self, target: TablePlan, column: str, value: sql.Composable, alias: str) -> tuple:
        """The number of the row that a value leads to, and what must be joined for it."""
        if column == target.key:
            return sql.SQL("{}::bigint").format(value), sql.SQL("")
        join = sql.SQL("LEFT JOIN {} AS {} ON {} = {}").format(
            self._maps[target], sql.Identifier(alias), _copy_of(column, alias), value
        )
        return sql.Identifier(alias, "number"), join

    def _own(self, table: TablePlan) -> tuple[sql.Composable | None, sql.Composable]:
        """The number a row of a table gets, None for the next one; and what must be joined for it."""
        if table.key:
            return sql.SQL("{}::bigint").format(sql.Identifier("s", table.key)), sql.SQL("")
        if table in self._maps:
            return sql.Identifier("own", "number"), sql.SQL("JOIN {} AS own ON own.at = s.ctid").format(
                self._maps[table]
            )
        return None, sql.SQL("")

    # --- rows

    def _copy(self, table: TablePlan) -> None:
        columns, values, joins = [], [], []
        number, join = self._own(table)
        if number is not None:
            columns.append(sql.Identifier("id"))
            values.append(number)
            joins.append(join)
        for place, field in enumerate(table.fields):
            if field.is_late:
                continue
            value, join = field.way.value if field.way else None, sql.SQL("")
            if field.target:
                source = sql.Identifier("s", field.column.name)
                value, join = self._found(field.target, field.target_column, source, f"r{place}")
            columns.append(sql.Identifier(self.made.fields[field].physical_name))
            values.append(value)
            joins.append(join)
        if not columns:  # a table of which no column could be carried keeps its rows; they are numbered as new ones
            columns.append(sql.Identifier("created_at"))
            values.append(sql.SQL("statement_timestamp()"))
        target = self._target(table)
        written = sum(self._write(target, columns, values, table, joins, part) for part in _parts(table))
        _require(written, table.rows, table.source.name)
        self._settle(table, target)

    def _write(
        self,
        target: sql.Identifier,
        columns: list[sql.Composable],
        values: list[sql.Composable],
        table: TablePlan,
        joins: list[sql.Composable],
        part: sql.Composable,
    ) -> int:
        statement = "INSERT INTO {target} ({columns}) SELECT {values} FROM ONLY {source} AS s {joins} WHERE {part}"
        rows = execute(
            sql.SQL(statement).format(
                target=target,
                columns=sql.SQL(", ").join(columns),
                values=sql.SQL(", ").join(values),
                source=table.target,
                joins=sql.SQL(" ").join(joins),
                part=part,
            )
        )
        self.done += rows
        self.tell(self.done)
        return rows

    def _settle(self, table: TablePlan, target: sql.Identifier) -> None:
        """New rows are numbered after those that came; PostgreSQL learns what is in the table."""
        counting = [
            "id",
            *(self.made.fields[each].physical_name for each in table.fields if each.kind == "auto_number"),
        ]
        for name in counting:
            execute(count_on(target, name))
        execute(sql.SQL("ANALYZE {}").format(target))

    def _fill(self, table: TablePlan, field: FieldPlan) -> None:
        """A relation of two tables that lead to each other, when the rows of both are there."""
        number, own = self._own(table)
        source = sql.Identifier("s", field.column.name)
        value, join = self._found(field.target, field.target_column, source, "r")
        column = sql.Identifier(self.made.fields[field].physical_name)
        execute(
            sql.SQL(
                "UPDATE {target} AS t SET {column} = found.value FROM (SELECT {number} AS id, {value} AS value "
                "FROM ONLY {source} AS s {own} {join} WHERE {from_} IS NOT NULL) AS found WHERE found.id = t.id"
            ).format(
                target=self._target(table),
                column=column,
                number=number,
                value=value,
                source=table.target,
                own=own,
                join=join,
                from_=source,
            )
        )
        self.tell(self.done)

    def _link(self, link: LinkPlan) -> None:
        ours, first = self._end(link.owner, link.ours, "a")
        theirs, second = self._end(link.other, link.theirs, "b")
        field = self.made.links[link]
        rows = execute(
            sql.SQL(
                "INSERT INTO {links} (source, target) SELECT {ours}, {theirs} FROM ONLY {source} AS s {first} {second}"
            ).format(
                links=links(field, field.table.project.schema_name),
                ours=ours,
                theirs=theirs,
                source=link.target,
                first=first,
                second=second,
            )
        )
        _require(rows, link.rows, link.source.name)
        self.done += rows
        self.tell(self.done)

    def _end(self, table: TablePlan, rule: Constraint, alias: str) -> tuple:
        return self._found(table, rule.other_columns[0], sql.Identifier("s", rule.columns[0]), alias)

    def _target(self, table: TablePlan) -> sql.Identifier:
        made = self.made.tables[table]
        return sql.Identifier(made.relation_schema, made.relation_name)


def _parts(table: TablePlan) -> list[sql.Composable]:
    """Conditions that part a table into runs of pages; in one piece when its rows lead to each other."""
    if any(each.target is table for each in table.relations):
        return [sql.SQL("true")]
    return [run.where for run in runs(table.target, "s", smallest=SMALLEST_PART)]


def _copy_of(column: str, alias: str = "") -> sql.Identifier:
    """What a table of numbers calls a column: never like one of its own."""
    name = f"k_{hashlib.md5(column.encode(), usedforsecurity=False).hexdigest()}"
    return sql.Identifier(alias, name) if alias else sql.Identifier(name)


def _require(rows: int, expected: int, name: str) -> None:
    if rows != expected:
        raise TakeoverRefused(
            _("“%(table)s” was changed while it was read; nothing was taken over. Try again.") % {"table": name}
        )
