"""A project made again beside itself: the same structure, and its rows copied from table to table."""

from collections.abc import Callable, Iterator

from django.db import DatabaseError, connection
from django.utils.translation import gettext as _
from psycopg2 import errorcodes, sql

from nocode.foundation.database import is_overtaken, one_moment
from nocode.foundation.models import User
from nocode.studio.errors import ImportRefused, RecordErrors, TableChanged
from nocode.studio.layouts import layout_of
from nocode.studio.models import DataTable, Field, Project, StoredFile
from nocode.studio.schema.manager import SchemaManager
from nocode.studio.services.refusals import explain
from nocode.studio.transfer import rows
from nocode.studio.transfer.building import Built, build
from nocode.studio.transfer.checking import check
from nocode.studio.transfer.files import NewFiles, copy
from nocode.studio.transfer.format import SYSTEM_COLUMNS
from nocode.studio.transfer.names import Keys
from nocode.studio.transfer.outline import outline, tables_of
from nocode.studio.transfer.reading import Read

Tell = Callable[[int, int], None]  # pages of the tables so far, of how many; may raise
_PAGES_AT_ONCE = 4096
_PAGE = 8192
_GONE = {errorcodes.UNDEFINED_COLUMN, errorcodes.UNDEFINED_TABLE, errorcodes.INVALID_SCHEMA_NAME}


def duplicate(
    source: Project, project: Project, *, user: User | None = None, with_rows: bool = True, tell: Tell | None = None
) -> Read:
    """Make an empty project like another one of its organization, as that is at this moment. Raises NoCodeError."""
    try:
        with one_moment(writes=True):
            return _Copying(source, project, user, tell or (lambda done, total: None)).run(with_rows)
    except DatabaseError as error:
        if is_overtaken(error) or getattr(error.__cause__, "pgcode", None) in _GONE:
            raise TableChanged(_("“%(project)s” was changed meanwhile. Try again.") % {"project": source}) from error
        raise


class _Copying:
    def __init__(self, source: Project, project: Project, user: User | None, tell: Tell):
        self.source, self.project, self.user, self.tell = source, project, user, tell
        self.tables = tables_of(source)
        self.keys = Keys(self.tables)
        self.done = 0

    def run(self, with_rows: bool) -> Read:
        structure = outline(self.source, self.tables, self.keys, with_rows=with_rows, is_moving=False)
        built = build(self.project, check(structure), actor=self.user)
        found = Read(tables=len(built.tables))
        if with_rows:
            found.rows = self._rows(built)
        return found

    def _rows(self, built: Built) -> int:
        manager, new = SchemaManager(self.project, self.user), NewFiles()
        self._files(new)
        manager.loosen_relations()
        parts = [(table, *part) for table in self.tables for part in _parts(table)]
        total, copied = sum(pages for _table, _where, pages in parts), 0
        for table, where, pages in parts:
            self.tell(self.done, total)
            copied += self._copy(table, built, new, where)
            self.done += pages
        manager.fasten_relations()
        for table in self.tables:
            self._link(table, built)
        return copied

    def _files(self, new: NewFiles) -> None:
        for table in self.tables:
            wanted = [pk for pk in sorted(rows.stored_files(layout_of(table))) if pk not in new]
            for file in StoredFile.objects.filter(project=self.source, pk__in=wanted):
                self.tell(self.done, 0)
                new.add(str(file.pk), copy(file, self.project))

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
            return _run(statement)
        except DatabaseError as error:
            refusal = explain(error, made)
            if isinstance(refusal, RecordErrors):
                raise ImportRefused(f"{table.label}: {refusal.message}") from error
            raise

    def _link(self, table: DataTable, built: Built) -> None:
        for field in (field for field in table.fields.all() if field.type.is_many):
            made = built.fields[self.keys.fields[str(field.pk)]]
            _run(
                sql.SQL("INSERT INTO {} (source, target) SELECT source, target FROM {}").format(
                    _links(made, self.project), _links(field, self.source)
                )
            )


def _parts(table: DataTable) -> Iterator[tuple[sql.Composable, int]]:
    """Conditions that part the rows `t` of a table into runs of pages, with the number of their pages."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_relation_size(%s)", [layout_of(table).target.as_string(cursor.connection)])
        pages = cursor.fetchone()[0] // _PAGE
    for first in range(0, pages, _PAGES_AT_ONCE):
        last = min(first + _PAGES_AT_ONCE, pages)
        bounds = (sql.Literal(f"({first},0)"), sql.Literal(f"({last},0)"))
        yield sql.SQL("t.ctid >= {}::tid AND t.ctid < {}::tid").format(*bounds), last - first


def _links(field: Field, project: Project) -> sql.Identifier:
    return sql.Identifier(project.schema_name, f"l_{field.pk.hex}")


def _run(statement: sql.Composable) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.rowcount
