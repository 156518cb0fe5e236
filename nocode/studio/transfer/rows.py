"""The rows of a table as the CSV of a project file: written by PostgreSQL itself, each value as its type spells it."""

import json
from collections.abc import Callable, Iterable
from typing import IO

from django.contrib.auth import get_user_model
from django.db import DatabaseError, connection
from psycopg2 import sql

from nocode.studio.fields.file import File
from nocode.studio.fields.person import Person
from nocode.studio.layouts import SYSTEM_FIELDS, Layout
from nocode.studio.models import Field, Project
from nocode.studio.transfer.format import SYSTEM_COLUMNS

_SIZE = """
    SELECT coalesce(sum(pg_total_relation_size(oid)), 0) FROM pg_class
    WHERE relnamespace = to_regnamespace(%s) AND relkind IN ('r', 'm', 'p')
"""


def kept(fields: Iterable[Field]) -> list[Field]:
    """The fields whose values are in a file: all that are not computed anew."""
    return [field for field in fields if field.type.column or field.type.is_many]


def people_fields(fields: Iterable[Field]) -> list[Field]:
    """Those that name people: by e-mail address in a file, since the number of a person means nothing elsewhere."""
    return [field for field in fields if isinstance(field.type, Person)]


def file_fields(fields: Iterable[Field]) -> list[Field]:
    """Those that hold files."""
    return [field for field in fields if isinstance(field.type, File)]


def write(layout: Layout, columns: dict[str, str], stream: "Watched") -> None:
    """Copy all rows to a stream; `columns` are the keys of the fields by their physical names."""
    fields = kept(layout.fields.values())
    people = _people(layout, people_fields(fields))
    values = [
        sql.SQL("{} AS {}").format(SYSTEM_FIELDS[name].to_text(sql.Identifier("t", name), {}), sql.Identifier(name))
        for name in SYSTEM_COLUMNS
    ]
    for field in fields:
        value = field.type.expression(field, layout, "t")
        text = _e_mail(value, people) if isinstance(field.type, Person) else field.type.to_text(value, field.settings)
        values.append(sql.SQL("{} AS {}").format(text, sql.Identifier(columns[field.physical_name])))
    statement = sql.SQL(
        "COPY (SELECT {} FROM {} AS t ORDER BY t.id) TO STDOUT WITH (FORMAT csv, HEADER, ENCODING 'UTF8')"
    ).format(sql.SQL(", ").join(values), layout.target)
    _copy(statement, stream)


def stored_files(layout: Layout) -> set[str]:
    """The ids of the files that rows of a table name."""
    found: set[str] = set()
    for field in file_fields(layout.fields.values()):
        statement = sql.SQL("SELECT DISTINCT e ->> 'id' FROM {} AS t, jsonb_array_elements(t.{}) AS e").format(
            layout.target, sql.Identifier(field.physical_name)
        )
        with connection.cursor() as cursor:
            cursor.execute(statement)
            found.update(pk for (pk,) in cursor.fetchall())
    return found


def size_of(project: Project) -> int:
    """The bytes that the tables of a project take, with their indexes."""
    with connection.cursor() as cursor:
        cursor.execute(_SIZE, [project.schema_name])
        return int(cursor.fetchone()[0])


def _e_mail(person: sql.Composable, people: dict[int, str]) -> sql.Composable:
    return sql.SQL("({}::jsonb ->> {}::text)").format(sql.Literal(json.dumps(people)), person)


def _people(layout: Layout, fields: list[Field]) -> dict[int, str]:
    numbers: set[int] = set()
    for field in fields:
        statement = sql.SQL("SELECT DISTINCT {0} FROM {1} WHERE {0} IS NOT NULL").format(
            sql.Identifier(field.physical_name), layout.target
        )
        with connection.cursor() as cursor:
            cursor.execute(statement)
            numbers.update(number for (number,) in cursor.fetchall())
    return dict(get_user_model().objects.filter(pk__in=numbers).values_list("pk", "email"))


def _copy(statement: sql.Composable, stream: "Watched") -> None:
    """Copy to a stream that may have enough at any time."""
    try:
        with connection.cursor() as cursor, connection.wrap_database_errors:
            cursor.copy_expert(statement, stream)
    except DatabaseError:
        if stream.error is None:
            raise
    if stream.error is not None:
        raise stream.error


class Watched:
    """A stream to write to that tells how many bytes have come. Who is told may raise.

    An error in the midst of a COPY would leave the connection in it: the server is asked to stop; `error` tells why.
    """

    def __init__(self, stream: IO[bytes], tell: Callable[[int], None]):
        self._stream, self._tell = stream, tell
        self.error: Exception | None = None

    def write(self, piece: bytes) -> int:
        if self.error is None:
            try:
                self._tell(len(piece))
                self._stream.write(piece)
            except Exception as error:
                self.error = error
                connection.connection.cancel()
        return len(piece)
