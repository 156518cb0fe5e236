"""The rows of a table as a file: read through a cursor that stays on the server, written while they are read."""

import datetime as dt
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import xlsxwriter
from django.db import connection, transaction
from django.utils.translation import gettext as _

from nocode.foundation.spreadsheet import csv_lines
from nocode.studio import queries
from nocode.studio.errors import QueryRefused
from nocode.studio.fields import lists
from nocode.studio.layouts import Layout, layout_of
from nocode.studio.models import DataTable

_ALL = 2**62
_AT_ONCE = 1000
_PIECE = 64 * 1024
_PATIENCE = "60s"  # with a reader who takes nothing
_LARGEST_SHEET = 1_048_575  # rows below the names
_LONGEST_CELL = 32_767
_EXACT = 10**15  # whole numbers beyond lose digits in a spreadsheet
CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True)
class Wanted:
    """The rows to export: as Records.find takes them."""

    filters: list[Mapping[str, Any]] = field(default_factory=list)
    search: str = ""
    order: list[str] = field(default_factory=list)


def export(table: DataTable, wanted: Wanted, kind: str) -> Iterator[bytes]:
    """The pieces of a CSV, JSON or XLSX file. What cannot be read is refused before the first piece: QueryRefused."""
    if kind not in WRITERS:
        raise QueryRefused(_("There is no export as “%(kind)s”.") % {"kind": kind})
    layout = layout_of(table)
    condition = queries.condition(layout, wanted.filters, wanted.search)
    statement = queries.select(layout, condition, order=wanted.order, limit=_ALL, labels=True)
    return WRITERS[kind](layout, _rows(statement))


def file_name(table: DataTable, kind: str) -> str:
    """What the file is called."""
    return f"{table.label}.{kind}"


def _rows(statement: Any) -> Iterator[tuple]:
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        with connection.cursor() as settings:  # whoever stops reading must not keep the table from being changed
            settings.execute("SELECT set_config('idle_in_transaction_session_timeout', %s, true)", [_PATIENCE])
        cursor.execute(statement)
        while rows := cursor.fetchmany(_AT_ONCE):
            yield from rows


def _values(layout: Layout, row: tuple) -> Iterator[Any]:
    """The values as people read them, with the types that spreadsheets know."""
    labels = queries.labels_of(layout, row)
    for (name, column), value in zip(layout.columns.items(), row, strict=False):
        if value is None:
            yield None
        elif name in labels:
            label = labels[name]
            yield lists.written(label) if isinstance(label, list) else lists.written_whole(label)
        else:
            yield column.type.export(column.type.to_json(value), column.settings)


def _heads(layout: Layout) -> list[str]:
    return [str(column.label) for column in layout.columns.values()]


def _in_pieces(parts: Iterable[str]) -> Iterator[bytes]:
    waiting, length = [], 0
    for part in parts:
        waiting.append(part)
        length += len(part)
        if length >= _PIECE:
            yield "".join(waiting).encode()
            waiting, length = [], 0
    yield "".join(waiting).encode()


def _csv(layout: Layout, rows: Iterator[tuple]) -> Iterator[bytes]:
    def lines() -> Iterator[list[Any]]:
        yield _heads(layout)
        for row in rows:
            yield [_plain(value) for value in _values(layout, row)]

    return _in_pieces(csv_lines(lines()))


def _plain(value: Any) -> Any:
    """A value as CSV spells it, so that an import reads the same."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, dt.date | dt.time) else value


def _json(layout: Layout, rows: Iterator[tuple]) -> Iterator[bytes]:
    heads = dict(zip(layout.columns, _heads(layout), strict=True))

    def parts() -> Iterator[str]:
        separator = "[\n"
        for row in rows:
            values = queries.to_dict(layout, row) | _named_rows(layout, row)
            named = {heads[name]: value for name, value in values.items()}
            yield separator + json.dumps(named, ensure_ascii=False)
            separator = ",\n"
        yield "[]\n" if separator == "[\n" else "\n]\n"

    return _in_pieces(parts())


def _named_rows(layout: Layout, row: tuple) -> dict[str, Any]:
    """The rows that relations lead to, each with its number and its name."""
    found, values = {}, dict(zip(layout.columns, row, strict=False))
    for name, label in queries.labels_of(layout, row).items():
        value = values[name]
        if isinstance(value, list):
            pairs = zip(value, label, strict=True)
            found[name] = [{"id": number, "label": each} for number, each in pairs]
        elif value is not None:
            found[name] = {"id": value, "label": label}
    return found


def _xlsx(layout: Layout, rows: Iterator[tuple]) -> Iterator[bytes]:
    """Written to disk row by row, then handed out; texts stay texts, whatever they begin with."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "remove_timezone": True}
    with tempfile.NamedTemporaryFile(prefix="nocode-", suffix=".xlsx") as file:
        with xlsxwriter.Workbook(file.name, options) as book:
            formats = {
                dt.datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
                dt.date: book.add_format({"num_format": "yyyy-mm-dd"}),
                dt.time: book.add_format({"num_format": "hh:mm:ss"}),
            }
            sheet = book.add_worksheet()
            sheet.freeze_panes(1, 0)
            sheet.write_row(0, 0, _heads(layout), book.add_format({"bold": True}))
            for number, row in enumerate(rows, start=1):
                if number > _LARGEST_SHEET:
                    raise QueryRefused(_("A spreadsheet holds at most 1,048,575 rows. Export as CSV."))
                for column, value in enumerate(_values(layout, row)):
                    _write_cell(sheet, number, column, value, formats)
        with open(file.name, "rb") as made:
            yield from iter(lambda: made.read(_PIECE), b"")


def _write_cell(sheet: Any, row: int, column: int, value: Any, formats: dict[type, Any]) -> None:
    if value is None:
        return
    if isinstance(value, str):
        sheet.write_string(row, column, value[:_LONGEST_CELL])
    elif isinstance(value, int) and abs(value) >= _EXACT:
        sheet.write_string(row, column, str(value))
    elif isinstance(value, dt.datetime | dt.date) and value.year < 1900:  # before the calendar of spreadsheets
        sheet.write_string(row, column, value.isoformat())
    else:
        sheet.write(row, column, value, formats.get(type(value)))


WRITERS: dict[str, Callable[[Layout, Iterator[tuple]], Iterator[bytes]]] = {"csv": _csv, "xlsx": _xlsx, "json": _json}
