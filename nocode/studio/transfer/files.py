"""Stored files on their way into another project: each gets an id of its own, and the rows name that."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import chain

from django.db import connection
from psycopg2 import sql

from nocode.foundation.database import execute, fetch
from nocode.foundation.models import User
from nocode.studio.fields.conversions import call
from nocode.studio.fields.file import MOST_FILES, describe
from nocode.studio.importing.staging import cell
from nocode.studio.importing.streams import PieceStream
from nocode.studio.models import Field, Project, StoredFile
from nocode.studio.services import files
from nocode.studio.transfer.archive import Archive
from nocode.studio.transfer.format import file_entry
from nocode.studio.transfer.loading import TableRows
from nocode.studio.transfer.rows import file_fields

_AT_ONCE = 500
_NEW = sql.Identifier("nocode_new_files")
_NAMED = sql.SQL(
    "SELECT DISTINCT ON (e ->> 'id') e ->> 'id', e ->> 'name' FROM {} AS s, jsonb_array_elements({}) AS e ORDER BY 1, 2"
)
_RENAMED = sql.SQL(
    "(SELECT jsonb_agg(new.said ORDER BY e.place) FROM jsonb_array_elements({}) WITH ORDINALITY AS e (said, place) "
    "JOIN {} AS new ON new.old = e.said ->> 'id' WHERE {})"
)


class NewFiles:
    """What became of files, by the ids they had: kept beside the rows until the end of the transaction."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        execute(sql.SQL("DROP TABLE IF EXISTS pg_temp.nocode_new_files"))
        execute(sql.SQL("CREATE TEMP TABLE {} (old text PRIMARY KEY, said jsonb NOT NULL) ON COMMIT DROP").format(_NEW))

    def __contains__(self, old: str) -> bool:
        return old in self._known

    def add(self, old: str, new: StoredFile) -> None:
        self._known.add(old)
        values = sql.SQL(", ").join(map(sql.Literal, (old, json.dumps(describe(new)))))
        execute(sql.SQL("INSERT INTO {} VALUES ({})").format(_NEW, values))

    def renamed(self, value: sql.Composable, field: Field) -> sql.Composable:
        """The files of a value (jsonb) that are here, as they are now; NULL when none is."""
        takes = field.type.takes
        fits = sql.SQL("new.said ->> 'type' = ANY({})").format(sql.Literal(list(takes))) if takes else sql.SQL("TRUE")
        return _RENAMED.format(value, _NEW, fits)


def stored(project: Project, wanted: Collection[str]) -> Iterator[StoredFile]:
    """The files of a project with these ids, some at a time."""
    ids = sorted(wanted)
    for start in range(0, len(ids), _AT_ONCE):
        yield from StoredFile.objects.filter(project=project, pk__in=ids[start : start + _AT_ONCE])


def bring(
    rows: TableRows, archive: Archive, project: Project, user: User | None, new: NewFiles, tell: Callable[[int], None]
) -> int:
    """Keep the files that rows name, and let the rows name what became of them; answers how many were not there."""
    sizes, missing = archive.sizes(), 0
    for index, field in ((index, field) for index, field in rows.fields if file_fields([field])):
        understood = call("try_files", cell(index), MOST_FILES)
        for old, name in fetch(_NAMED.format(rows.staging.target, understood)):
            entry = file_entry(old)
            if entry not in sizes:
                missing += 1
            elif old not in new:
                tell(sizes[entry])
                new.add(old, _save(archive.pieces(entry), name, project, user))
        execute(
            sql.SQL("UPDATE {} SET {} = {}::text WHERE {} IS NOT NULL").format(
                rows.staging.target, cell(index), new.renamed(understood, field), understood
            )
        )
    return missing


def copy(source: StoredFile, project: Project) -> StoredFile:
    """The same file for another project of the organization."""
    made = StoredFile.objects.create(
        organization=project.organization,
        project=project,
        name=source.name,
        content_type=source.content_type,
        size=source.size,
        uploaded_by_id=source.uploaded_by_id,
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO studio_filechunk (file_id, number, content) "
            "SELECT %s, number, content FROM studio_filechunk WHERE file_id = %s",
            [made.pk, source.pk],
        )
    return made


def _save(pieces: Iterable[bytes], name: str, project: Project, user: User | None) -> StoredFile:
    pieces = iter(pieces)
    beginning = next(pieces, b"")
    stream = PieceStream(chain([beginning], pieces) if beginning else [])
    kind = files.type_of(name, beginning[:16])
    return files.save(stream, name, project.organization, project, user, content_type=kind)
