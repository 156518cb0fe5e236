"""Spreadsheets: XLSX, XLSM, XLSB, XLS and ODS, each cell as the text that means the same."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from nocode.studio.errors import ImportRefused
from nocode.studio.importing.rows import Rows
from nocode.studio.importing.streams import Source, head, on_disk

LARGEST = 600 * 1024 * 1024  # bytes, unpacked: a small file may unpack to more than fits in memory
# Of computing, in seconds: somebody waits for a look at the first rows, but for all of them only a job does.
LOOKING, READING = 30, 300
_READER = Path(__file__).with_name("sheet_process.py")


def sheet_names(source: Source) -> list[str]:
    """The sheets with cells, in order. Raises ImportRefused."""
    with _on_disk(source) as path, closing(_read(path, LOOKING, "names")) as answers:
        return next(answers)


def first_sheet(source: Source) -> str:
    """The first sheet that has something in it. Raises ImportRefused."""
    with _on_disk(source) as path, closing(_read(path, LOOKING, "first")) as answers:
        if (name := next(answers)) is not None:
            return name
    raise ImportRefused(_("No sheet of this file has a row."))


def blocks(source: Source, name: str, seconds: int) -> Iterator[Rows]:
    """The rows of a sheet, which may take so long. Raises ImportRefused."""
    with _on_disk(source) as path, closing(_read(path, seconds, "rows", name)) as answers:
        number = 1
        for block in answers:
            yield Rows(number, block, 0)
            number += len(block)


@contextmanager
def _on_disk(source: Source) -> Iterator[str]:
    is_ods = b"opendocument.spreadsheet" in head(source, 200)
    with on_disk(source, ".ods" if is_ods else "") as path:  # of a damaged one the name tells what it is
        _refuse_bombs(path)
        yield path


def _refuse_bombs(path: str) -> None:
    """What says itself that it is too large; what lies about it meets the limits of the process that reads it."""
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
    except zipfile.BadZipFile as error:
        raise _unreadable(error) from error
    if size > LARGEST:
        raise ImportRefused(
            _("The spreadsheet unpacks to %(size)s; at most %(limit)s can be read. Save it as CSV and import that.")
            % {"size": filesizeformat(size), "limit": filesizeformat(LARGEST)}
        )


def _read(path: str, seconds: int, wanted: str, name: str = "") -> Iterator[Any]:
    """What the process that reads the file answers. Raises ImportRefused, also when it did not live to the end."""
    command = [sys.executable, "-P", str(_READER), path, str(seconds), wanted, name]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdin=quiet, stdout=subprocess.PIPE, stderr=quiet) as process:  # noqa: S603
        try:
            for line in process.stdout:
                told = json.loads(line)
                if "refused" in told:
                    raise _refusal(name, *told["refused"])
                if "done" in told:
                    return
                yield told["answer"]
        finally:
            process.kill()
    raise ImportRefused(
        _("This spreadsheet takes more memory or time than a file may. Save the sheet as CSV and import that.")
    )


def _refusal(name: str, kind: str, *details: Any) -> ImportRefused:
    if kind == "password":
        return ImportRefused(_("The file is protected by a password. Remove the password, then import it."))
    if kind == "missing":
        return ImportRefused(_("The file has no sheet named “%(name)s”.") % {"name": name})
    if kind == "sheet":
        why, sheet = details
        return ImportRefused(_("The sheet “%(name)s” cannot be read: %(why)s.") % {"name": sheet, "why": why})
    if kind == "long":
        return ImportRefused(_("The sheet has a cell of more than %(most)d characters.") % {"most": details[0]})
    return _unreadable(details[0])


def _unreadable(why: Any) -> ImportRefused:
    return ImportRefused(
        _("The spreadsheet cannot be read: %(why)s. Open it in a spreadsheet program and save it again, or as CSV.")
        % {"why": str(why).rstrip(".") or type(why).__name__}
    )
