"""The zip of a project, or a folder with the same in it, read with distrust: what does not belong is refused."""

import zipfile
import zlib
from collections.abc import Iterator
from os import SEEK_END
from pathlib import Path
from types import TracebackType
from typing import IO, Protocol

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from nocode.studio.errors import ImportRefused
from nocode.studio.transfer import format as form

PIECE = 1024 * 1024
# A file that unpacks to more than this, and to more than RATIO times its size, is a trap.
ALWAYS_FITS, RATIO = 200 * 1024**2, 200
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, OSError)
_PLAIN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1


class Archive(Protocol):
    """Named pieces of a project: `project.json`, rows and files."""

    def sizes(self) -> dict[str, int]:
        """The bytes of each entry."""

    def pieces(self, entry: str) -> Iterator[bytes]:
        """The content of an entry, from its beginning. Raises ImportRefused."""


class Folder:
    """A project as a folder of this package holds it."""

    def __init__(self, path: Path):
        self.path = path

    def sizes(self) -> dict[str, int]:
        found = (each for each in self.path.rglob("*") if each.is_file())
        return {each.relative_to(self.path).as_posix(): each.stat().st_size for each in found}

    def pieces(self, entry: str) -> Iterator[bytes]:
        yield (self.path / entry).read_bytes()


class ZipArchive:
    """A zip that came from anywhere. Nothing is ever unpacked to disk under a name of its own."""

    def __init__(self, file: IO[bytes] | str):
        try:
            self._zip = zipfile.ZipFile(file)
        except _BROKEN:
            raise ImportRefused(_("This is no zip file, or it is damaged.")) from None
        try:
            self._sizes = _checked(self._zip.infolist(), self._zip.fp.seek(0, SEEK_END))
        except ImportRefused:
            self._zip.close()
            raise

    def __enter__(self) -> "ZipArchive":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()

    def sizes(self) -> dict[str, int]:
        return self._sizes

    def pieces(self, entry: str) -> Iterator[bytes]:
        """It ends at the size that the zip tells, whatever is packed."""
        try:
            with self._zip.open(entry) as stream:
                while piece := stream.read(PIECE):
                    yield piece
        except _BROKEN:
            raise ImportRefused(_("%(entry)s: it is damaged.") % {"entry": entry}) from None


def manifest_of(archive: Archive) -> bytes:
    """The content of `project.json`. Raises ImportRefused."""
    size = archive.sizes().get(form.MANIFEST)
    if size is None:
        raise ImportRefused(
            _("There is no %(file)s in it: this is not the file of a project.") % {"file": form.MANIFEST}
        )
    if size > form.LARGEST_MANIFEST:
        raise ImportRefused(
            _("%(file)s is larger than %(limit)s.")
            % {"file": form.MANIFEST, "limit": filesizeformat(form.LARGEST_MANIFEST)}
        )
    return b"".join(archive.pieces(form.MANIFEST))


def _checked(entries: list[zipfile.ZipInfo], length: int) -> dict[str, int]:
    """The sizes of entries that may be in the zip, which has `length` bytes whatever its entries claim to take."""
    if len(entries) > form.MOST_ENTRIES:
        raise ImportRefused(_("It holds more than %(most)d files.") % {"most": form.MOST_ENTRIES})
    sizes: dict[str, int] = {}
    for entry in entries:
        if entry.filename in ("rows/", "files/"):
            continue
        _check_entry(entry)
        if entry.filename in sizes:
            raise ImportRefused(_("%(entry)s is in it twice.") % {"entry": entry.filename})
        sizes[entry.filename] = entry.file_size
    packed, unpacked = min(length, sum(entry.compress_size for entry in entries)), sum(sizes.values())
    if unpacked > max(ALWAYS_FITS, RATIO * packed):
        raise ImportRefused(
            _("It would unpack to %(size)s, which no project does: it is a trap.") % {"size": filesizeformat(unpacked)}
        )
    return sizes


def _check_entry(entry: zipfile.ZipInfo) -> None:
    name = entry.filename
    if name != form.MANIFEST and form.table_of(name) is None and form.file_of(name) is None:
        shown = "".join(character if character.isprintable() else "�" for character in name)[:150]
        raise ImportRefused(_("“%(entry)s” is no part of a project file.") % {"entry": shown})
    if entry.flag_bits & _ENCRYPTED or entry.compress_type not in _PLAIN:
        raise ImportRefused(
            _("%(entry)s: it is encrypted, or packed in a way that is not understood.") % {"entry": name}
        )
