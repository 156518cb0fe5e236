"""CSV and its relatives: guessed, read in blocks, refused with the place of the mistake."""

import csv
import io
from collections.abc import Iterator
from itertools import islice

from django.utils.translation import gettext as _

from nocode.studio.errors import ImportRefused
from nocode.studio.importing.encodings import explain_undecodable
from nocode.studio.importing.rows import BLOCK, LARGEST_BLOCK, Rows
from nocode.studio.importing.streams import PieceStream, Source

DELIMITERS = (",", ";", "\t", "|")
QUOTES = ('"', "'")
LONGEST_CELL = 10 * 1024 * 1024
LONGEST_ROW = 2 * LONGEST_CELL  # characters: a file without line ends must not be held whole
_BUFFER = 256 * 1024

csv.field_size_limit(LONGEST_CELL)


def sniff(text: str, *, is_whole: bool) -> tuple[str, str]:
    """The delimiter and the quote that make the most even table of a sample."""
    if not is_whole:
        text = text[: text.rfind("\n") + 1] or text
    if text.lower().startswith("sep=") and len(text) > 5 and text[5] in "\r\n":
        return text[4], '"'
    quote = "'" if '"' not in text and _quoted_by(text, "'") else '"'
    best = max(DELIMITERS, key=lambda delimiter: _evenness(text, delimiter, quote))
    return best, quote


def blocks(source: Source, encoding: str, delimiter: str, quote: str) -> Iterator[Rows]:
    """The rows of a file; a blank line is a row without cells. Raises ImportRefused."""
    stream = PieceStream(source())
    text = io.TextIOWrapper(io.BufferedReader(stream, _BUFFER), encoding=encoding, newline="")
    lines = _Lines(text)
    reader = _reader(lines, delimiter, quote)
    number = 1
    try:
        while rows := _next_rows(reader, lines, stream):
            if number == 1 and _is_hint(rows[0]):
                rows[0] = []
            yield Rows(number, rows, stream.position)
            number += len(rows)
    except UnicodeDecodeError:
        raise explain_undecodable(source, encoding) from None
    except csv.Error as error:
        raise _explain(source, encoding, delimiter, quote, error) from None


class _Lines:
    """The lines of a file for a reader of rows, who says where each row has ended: none may go on for ever."""

    def __init__(self, text: io.TextIOWrapper):
        self._read = text.readline
        self.row, self.length = 1, 0  # that is being read, and how long it is so far

    def __iter__(self) -> Iterator[str]:
        while line := self._read(LONGEST_ROW + 1):
            self.length += len(line)
            if self.length > LONGEST_ROW:
                raise ImportRefused(
                    _("Row %(row)d has more than %(most)d characters: this is no table, or its lines have no ends.")
                    % {"row": self.row, "most": LONGEST_ROW}
                )
            yield line


def _next_rows(reader: Iterator[list[str]], lines: _Lines, stream: PieceStream) -> list[list[str]]:
    """As many rows as are handed on at once."""
    rows, begun = [], stream.position
    for row in reader:
        rows.append(row)
        lines.row, lines.length = lines.row + 1, 0
        if len(rows) == BLOCK or stream.position - begun > LARGEST_BLOCK:
            break
    return rows


def _reader(lines, delimiter: str, quote: str):
    return csv.reader(lines, delimiter=delimiter, quotechar=quote, strict=True)


def _is_hint(row: list[str]) -> bool:
    """`sep=;`, which spreadsheets write into the first line for each other."""
    return (len(row) == 1 and len(row[0]) == 5 and row[0].lower().startswith("sep=")) or row == ["sep=", ""]


def _evenness(text: str, delimiter: str, quote: str) -> tuple[float, int]:
    """How alike in width the rows are, then how wide; nothing for a table of one column."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quotechar=quote)
    widths = [len(row) for row in islice(rows, 500) if row]
    if not widths:
        return 0, 0
    usual = max(set(widths), key=lambda width: (widths.count(width), width))
    return (widths.count(usual) / len(widths), usual) if usual > 1 else (0, 0)


def _quoted_by(text: str, quote: str) -> bool:
    """Whether cells stand between these: right after a delimiter or a line's beginning, and right before one."""
    ends = ("\n", "\r", *DELIMITERS)
    opened = sum(text.count(f"{end}{quote}") for end in ends) + text.startswith(quote)
    closed = sum(text.count(f"{quote}{end}") for end in ends) + text.endswith(quote)
    return min(opened, closed) >= 2


# --- What is wrong, and where -------------------------------------------------------------------------------------


def _explain(source: Source, encoding: str, delimiter: str, quote: str, error: csv.Error) -> ImportRefused:
    """Read again, row by row, up to the one that cannot be read, and look at it character by character."""
    lines = _Remembered(io.TextIOWrapper(io.BufferedReader(PieceStream(source()), _BUFFER), encoding, newline=""))
    reader, row, line = _reader(lines, delimiter, quote), 0, 0
    try:
        for row, _cells in enumerate(reader, start=1):  # noqa: B007
            line = reader.line_num
            lines.forget()
    except csv.Error:
        return _refusal("".join(lines.kept), row + 1, line + 1, delimiter, quote, str(error))
    return ImportRefused(str(error))


class _Remembered:
    """Lines on their way to the reader, kept until the row they belong to is complete; of a long row the beginning."""

    MOST = 2_000

    def __init__(self, lines: io.TextIOWrapper):
        self._lines = lines
        self.kept: list[str] = []

    def __iter__(self) -> "_Remembered":
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        if len(self.kept) < self.MOST:
            self.kept.append(line)
        return line

    def forget(self) -> None:
        self.kept.clear()


def _refusal(record: str, row: int, line: int, delimiter: str, quote: str, detail: str) -> ImportRefused:
    column, start, position, is_open = _walk(record, delimiter, quote)
    place = {
        "row": row,
        "line": line + record[:start].count("\n"),
        "column": column,
        "quote": quote,
        "limit": LONGEST_CELL,
    }
    if "field larger" in detail:
        message = _("Row %(row)d (line %(line)d), column %(column)d: the cell is longer than %(limit)d characters.")
    elif is_open:
        message = _(
            "Row %(row)d (line %(line)d), column %(column)d: a quote (%(quote)s) is opened and never closed. "
            "Close it, write it twice where it is part of the text, or choose another quote."
        )
    else:
        place |= {"position": position + 1 - (record.rfind("\n", 0, position) + 1), "found": record[position][:1]}
        place["line"] = line + record[:position].count("\n")
        message = _(
            "Row %(row)d (line %(line)d), column %(column)d, character %(position)d: after a closing quote there is "
            "“%(found)s” instead of the next cell. Write quotes that are part of the text twice."
        )
    return ImportRefused(message % place)


def _walk(record: str, delimiter: str, quote: str) -> tuple[int, int, int, bool]:
    """(column, where its cell begins, where reading stopped, whether a quote is still open) of a row that is broken."""
    column, start, index, length = 1, 0, 0, len(record)
    while index < length:
        if index == start and record[index] == quote:
            index += 1
            while index < length:
                if record[index] != quote:
                    index += 1
                elif record[index + 1 : index + 2] == quote:
                    index += 2
                else:
                    break
            if index >= length:
                return column, start, index, True
            index += 1
            if index < length and record[index] not in (delimiter, "\r", "\n"):
                return column, start, index, False
        elif record[index] == delimiter:
            column, start, index = column + 1, index + 1, index + 1
        else:
            index += 1
    return column, start, max(0, length - 1), False
