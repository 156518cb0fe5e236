"""A project made again beside itself: the same structure, and its rows copied from table to table."""

from collections import Counter
from collections.abc import Callable

from django.db import DatabaseError
from django.utils.translation import gettext as _
from psycopg2 import errorcodes, sql

from nocode.foundation.database import execute, is_overtaken, one_moment
from nocode.foundation.models import User
from nocode.foundation.services import billing
from nocode.studio.errors import ImportRefused, RecordErrors, TableChanged
from nocode.studio.events import tell_imported
from nocode.studio.fields.relations import links
from nocode.studio.layouts import layout_of
from nocode.studio.meters import measure_again
from nocode.studio.models import DataTable, Project
from nocode.studio.schema.manager import SchemaManager
from nocode.studio.schema.runs import runs
from nocode.studio.services.refusals import explain
from nocode.studio.transfer import rows
from nocode.studio.transfer.building import Built, build
from nocode.studio.transfer.checking import check
from nocode.studio.transfer.files import NewFiles, copy, stored
from nocode.studio.transfer.format import SYSTEM_COLUMNS
from nocode.studio.transfer.names import Keys
from nocode.studio.transfer.outline import outline, tables_of
from nocode.studio.transfer.reading import Read

Tell = Callable[[int, int], None]  # pages of the tables so far, of how many; may raise
_PAGES_AT_ONCE = 4096
_GONE = {errorcodes.UNDEFINED_COLUMN, errorcodes.UNDEFINED_TABLE, errorcodes.INVALID_SCHEMA_NAME}


def duplicate(
    source: Project, project: Project, *, user: User | None = None, with_rows: bool = True, tell: Tell | None = None
) -> Read:
    """Make an empty project like another one of its organization, as that is at this moment. Raises NoCodeError."""
    try:
        with billing.holding(project.organization_id, "tables"), one_moment(writes=True):
            found = _Copying(source, project, user, tell or (lambda done, total: None)).run(with_rows)
    except DatabaseError as error:
        if is_overtaken(error) or getattr(error.__cause__, "pgcode", None) in _GONE:
            raise TableChanged(_("“%(project)s” was changed meanwhile. Try again.") % {"project": source}) from error
        raise
    measure_again(project.organization_id)
    return found


class _Copying:
    def __init__(self, source: Project, project: Project, user: User | None, tell: Tell):
        self.source, self.project, self.user, self.tell = source, project, user, tell
        self.tables = tables_of(source)
        self.keys = Keys(self.tables)
        self.done = 0

    def run(self, with_rows: bool) -> Read:
        wanted = self._room() if with_rows else set()
        structure = outline(self.source, self.tables, self.keys, with_rows=with_rows, is_moving=False)
        built = build(self.project, check(structure), actor=self.user)
        found = Read(tables=len(built.tables))
        if with_rows:
            found.rows = self._rows(built, wanted)
        return found

    def _room(self) -> set[str]:
        """The ids of the files that rows name, when there is room for another one of each and of the rows."""
        wanted = set().union(*(rows.stored_files(layout_of(table)) for table in self.tables))
        size = rows.size_of(self.source) + sum(file.size for file in stored(self.source, wanted))
        billing.require(self.project.organization_id, "storage", max(1, size))
        return wanted

    def _rows(self, built: Built, wanted: set[str]) -> int:
        manager, new = SchemaManager(self.project, self.user), NewFiles()
        for file in stored(self.source, wanted):
            self.tell(self.done, 0)
            new.add(str(file.pk), copy(file, self.project))
        manager.loosen_relations()
        parts = [
            (table, run)
            for table in self.tables
            for run in runs(layout_of(table).target, "t", smallest=_PAGES_AT_ONCE, most=None)
        ]
        total, copied = sum(run.pages for _table, run in parts), Counter()
        for table, run in parts:
            self.tell(self.done, total)
            copied[table] += self._copy(table, built, new, run.where)
            self.done += run.pages
        manager.fasten_relations()
        for table in self.tables:
            self._link(table, built)
        for table, count in (+copied).items():
            made = built.tables[self.keys.tables[str(table.pk)]]
            tell_imported(made, count, actor_id=self.user and self.user.pk)
        return copied.total()

    def _copy(self, table: DataTable, built: Built, new: NewFiles, where: sql.Composable) -> int:
        made = layout_of(built.tables[self.keys.tables[str(table.pk)]])
        names = [sql.Identifier(name) for name in SYSTEM_COLUMNS]
        values = [sql.Identifier("t", name) for name in SYSTEM_COLUMNS]
        for field in (field for field in table.fields.all() if field.type.column):
            value = sql.Identifier("t", field.physical_name)
            names.append(sql.Identifier(self.keys.columns[table.pk][field.physical_name]))
            values.append(new.renamed(value, field) if rows.file_fields([field]) else value)
        statement = sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {} AS t WHERE {}").format(
            made.target, sql.SQL(", ").join(names), sql.SQL(", ").join(values), layout_of(table).target, where
        )
        try:
            return execute(statement)
        except DatabaseError as error:
            refusal = explain(error, made)
            if isinstance(refusal, RecordErrors):
                raise ImportRefused(f"{table.label}: {refusal.message}") from error
            raise

    def _link(self, table: DataTable, built: Built) -> None:
        for field in (field for field in table.fields.all() if field.type.is_many):
            made = built.fields[self.keys.fields[str(field.pk)]]
            execute(
                sql.SQL("INSERT INTO {} (source, target) SELECT source, target FROM {}").format(
                    links(made, self.project.schema_name), links(field, self.source.schema_name)
                )
            )
