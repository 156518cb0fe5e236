"""Spreadsheets: XLSX, XLSM, XLSB, XLS and ODS, each cell as the text that means the same."""

import datetime as dt
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    WorksheetNotFound,
)

from nocode.studio.errors import ImportRefused
from nocode.studio.importing.rows import BLOCK, Rows
from nocode.studio.importing.streams import Source, head, on_disk

LARGEST = 600 * 1024 * 1024  # bytes, unpacked: a small file may unpack to more than fits in memory
_EXACT_DIGITS = 15  # what spreadsheets keep of a number


def sheet_names(source: Source) -> list[str]:
    """The sheets with cells, in order. Raises ImportRefused."""
    with _workbook(source) as workbook:
        return _names(workbook)


def first_sheet(source: Source) -> str:
    """The first sheet that has something in it. Raises ImportRefused."""
    with _workbook(source) as workbook:
        for name in _names(workbook):
            if _sheet(workbook, name).height:
                return name
    raise ImportRefused(_("No sheet of this file has a row."))


def blocks(source: Source, name: str) -> Iterator[Rows]:
    """The rows of a sheet. Raises ImportRefused."""
    with _workbook(source) as workbook:
        sheet = _sheet(workbook, name)
        rows, number = sheet.iter_rows(), 1
        while block := [[_text(cell) for cell in row] for row in islice(rows, BLOCK)]:
            yield Rows(number, block, 0)
            number += len(block)


@contextmanager
def _workbook(source: Source) -> Iterator[CalamineWorkbook]:
    is_ods = b"opendocument.spreadsheet" in head(source, 200)
    with on_disk(source, ".ods" if is_ods else "") as path:  # of a damaged one the name tells what it is
        _refuse_bombs(path)
        try:
            workbook = CalamineWorkbook.from_path(path)
        except PasswordError:
            raise ImportRefused(
                _("The file is protected by a password. Remove the password, then import it.")
            ) from None
        except (CalamineError, OSError) as error:
            raise _unreadable(error) from error
        try:
            yield workbook
        finally:
            workbook.close()


def _refuse_bombs(path: str) -> None:
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


def _names(workbook: CalamineWorkbook) -> list[str]:
    return [each.name for each in workbook.sheets_metadata if each.typ == SheetTypeEnum.WorkSheet]


def _sheet(workbook: CalamineWorkbook, name: str) -> CalamineSheet:
    try:
        return workbook.get_sheet_by_name(name)
    except WorksheetNotFound:
        raise ImportRefused(_("The file has no sheet named “%(name)s”.") % {"name": name}) from None
    except (CalamineError, OSError) as error:
        raise ImportRefused(
            _("The sheet “%(name)s” cannot be read: %(why)s.") % {"name": name, "why": error}
        ) from error


def _unreadable(error: Exception) -> ImportRefused:
    return ImportRefused(
        _("The spreadsheet cannot be read: %(why)s. Open it in a spreadsheet program and save it again, or as CSV.")
        % {"why": str(error).rstrip(".") or type(error).__name__}
    )


def _text(cell: Any) -> str:
    """A cell as the text that the field types understand."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else format(cell, f".{_EXACT_DIGITS}g")
    if isinstance(cell, dt.date | dt.time):
        return cell.isoformat()
    return str(cell)
