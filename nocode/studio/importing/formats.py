"""What a file is, and how its cells are found: guessed first, then as the person wants it."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from django.utils.translation import gettext as _

from nocode.studio.errors import ImportRefused
from nocode.studio.importing import csvs, encodings, jsons, sheets
from nocode.studio.importing.rows import MOST_COLUMNS, Rows, presentable
from nocode.studio.importing.streams import Source, head

CSV, SHEET, JSON = "csv", "sheet", "json"
_SHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_OTHERS = {
    b"\x1f\x8b": "gzip",
    b"%PDF": "PDF",
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF8": "GIF",
    b"7z\xbc\xaf": "7z",
    b"SQLite format 3": "SQLite",
    b"PAR1": "Parquet",
}
_HEAD = 64 * 1024


@dataclass(frozen=True)
class Format:
    """How a file is read. `header`: the number of the row with the names, 0 when there is none."""

    kind: str = CSV
    encoding: str = "utf-8"
    delimiter: str = ","
    quote: str = '"'
    header: int = 1
    sheet: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def detect(source: Source) -> Format:
    """What the file seems to be. Raises ImportRefused when it can be nothing we read."""
    start = head(source, _HEAD)
    if not start.strip(b"\xef\xbb\xbf \t\r\n"):
        raise ImportRefused(_("The file is empty."))
    if start.startswith(_SHEETS):
        return with_header(source, Format(kind=SHEET, sheet=sheets.first_sheet(source)))
    for magic, name in _OTHERS.items():
        if start.startswith(magic):
            raise ImportRefused(
                _("This is a %(format)s file. CSV, spreadsheets (XLSX, XLS, XLSB, ODS) and JSON can be imported.")
                % {"format": name}
            )
    encoding = encodings.detect(source)
    text = start.decode(encoding, errors="replace")
    if "\x00" in text[:4096]:
        raise ImportRefused(_("This is not a text file: it holds zero bytes. CSV, XLSX and JSON can be imported."))
    if jsons.seems_json(text):
        return Format(kind=JSON, encoding=encoding, header=0)
    delimiter, quote = csvs.sniff(text, is_whole=len(start) < _HEAD)
    return with_header(source, Format(CSV, encoding, delimiter, quote))


def with_header(source: Source, chosen: Format) -> Format:
    """The format with the row of names that is most likely."""
    rows = []
    for block in blocks(source, replace(chosen, header=0)):
        rows += block.rows
        if len(rows) >= 100:
            break
    return replace(chosen, header=header_row(rows[:100]))


def header_row(rows: list[list[str]]) -> int:
    """The number of the first row that is as wide as most, if it holds names only: distinct, and none a number."""
    widths = [len(row) for row in rows if any(row)]
    if not widths:
        return 0
    usual = max(set(widths), key=lambda width: (widths.count(width), -width))
    for number, row in enumerate(rows, start=1):
        filled = [cell.strip() for cell in row if cell.strip()]
        if len(row) < usual or not filled or (len(filled) == 1 and usual > 1):
            continue
        is_names = len(set(filled)) == len(filled) and not any(_is_value(cell) for cell in filled)
        return number if is_names else 0
    return 0


def blocks(source: Source, chosen: Format, *, seconds: int = sheets.LOOKING) -> Iterator[Rows]:
    """The rows of the file, some thousands at a time, that of the names included. Raises ImportRefused.

    `seconds` is how long a spreadsheet may take, which is understood as a whole before it gives its first row.
    """
    if chosen.kind == SHEET:
        return sheets.blocks(source, chosen.sheet, seconds)
    if chosen.kind == JSON:
        return jsons.blocks(source, chosen.encoding)
    return csvs.blocks(source, chosen.encoding, chosen.delimiter, chosen.quote)


def data_blocks(source: Source, chosen: Format) -> Iterator[Rows]:
    """The rows below the names, all of them."""
    skipped = chosen.header  # names of JSON are row 0
    for block in blocks(source, chosen, seconds=sheets.READING):
        if block.first + len(block.rows) <= skipped + 1:
            continue
        cut = max(0, skipped + 1 - block.first)
        yield Rows(block.first + cut, block.rows[cut:], block.position) if cut else block


def column_names(first: list[list[str]], chosen: Format) -> list[str]:
    """A name for each column, from the row of the names: filled in where there is none, each only once."""
    number = 1 if chosen.kind == JSON else chosen.header
    given = first[number - 1] if 0 < number <= len(first) else []
    width = max((len(row) for row in first[number:]), default=0)
    width = len(given) if given and chosen.kind == JSON else max(width, len(given))
    if width > MOST_COLUMNS:
        raise ImportRefused(
            _("The file has %(number)d columns; at most %(max)d can be imported.")
            % {"number": width, "max": MOST_COLUMNS}
        )
    while width > len(given) > 0 and not any(row[width - 1] for row in first[number:] if len(row) >= width):
        width -= 1  # a column that is empty and has no name
    names: list[str] = []
    for index in range(width):
        name = " ".join(presentable(given[index]).split()) if index < len(given) else ""
        names.append(_once(name or _("Column %(number)d") % {"number": index + 1}, names))
    return names


def _once(name: str, taken: list[str]) -> str:
    number, candidate = 1, name
    while candidate in taken:
        number += 1
        candidate = f"{name} {number}"
    return candidate


def _is_value(cell: str) -> bool:
    """Whether a cell is rather a value than a name: a number, a date, an e-mail address."""
    if "@" in cell:
        return True
    digits = sum(character.isdigit() for character in cell)
    return digits > 0 and not any(character.isalpha() for character in cell)
