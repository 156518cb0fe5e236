"""A project written as one file: its structure, and, where that is asked for, its rows and stored files."""

import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from nocode.foundation.database import one_moment
from nocode.studio.layouts import layout_of
from nocode.studio.models import Project, StoredFile
from nocode.studio.services import files
from nocode.studio.transfer import rows
from nocode.studio.transfer.files import stored
from nocode.studio.transfer.format import MANIFEST, file_entry, rows_entry
from nocode.studio.transfer.names import Keys
from nocode.studio.transfer.outline import outline, tables_of

Tell = Callable[[int, int], None]  # bytes so far, of about how many; may raise


@dataclass(frozen=True)
class Contents:
    """What a file is to hold besides the structure; files are only of use to rows."""

    rows: bool = False
    files: bool = False


def write(project: Project, stream: IO[bytes], contents: Contents, tell: Tell) -> None:
    """Write all as of one moment, piece by piece."""
    with one_moment(), zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        _Writing(project, archive, tell).write(contents)


class _Writing:
    def __init__(self, project: Project, archive: zipfile.ZipFile, tell: Tell):
        self.project, self.archive, self._tell = project, archive, tell
        self.tables = tables_of(project)
        self.keys = Keys(self.tables)
        self.done, self.total = 0, 0

    def write(self, contents: Contents) -> None:
        structure = outline(self.project, self.tables, self.keys, with_rows=contents.rows)
        self.archive.writestr(MANIFEST, json.dumps(structure, ensure_ascii=False, indent=1))
        if contents.rows:
            self._rows(contents.files)

    def _rows(self, with_files: bool) -> None:
        layouts = [(table, layout_of(table)) for table in self.tables]
        wanted = set().union(*(rows.stored_files(layout) for _table, layout in layouts)) if with_files else set()
        self.total = rows.size_of(self.project) + sum(file.size for file in stored(self.project, wanted))
        for table, layout in layouts:
            entry = rows_entry(self.keys.tables[str(table.pk)])
            with self.archive.open(entry, "w", force_zip64=True) as stream:
                rows.write(layout, self.keys.columns[table.pk], rows.Watched(stream, self._more))
        for file in stored(self.project, wanted):
            self._file(file)

    def _file(self, file: StoredFile) -> None:
        info = zipfile.ZipInfo(file_entry(str(file.pk)))  # stored as it is: most files are packed already
        with self.archive.open(info, "w") as stream:
            for piece in files.iterate(file):
                stream.write(piece)
                self._more(len(piece))

    def _more(self, size: int) -> None:
        self.done += size
        self._tell(self.done, max(self.total, self.done))
