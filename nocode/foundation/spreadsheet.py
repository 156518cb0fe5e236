"""CSV for spreadsheets: written row by row, and without anything a spreadsheet would run."""

import csv
from collections.abc import Iterable, Iterator
from typing import Any

# A cell that begins like this is a formula to a spreadsheet.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# With it, spreadsheets know that the file is UTF-8.
BYTE_ORDER_MARK = "\ufeff"


def csv_lines(rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    """One line of CSV per row, as soon as there is the row."""
    writer = csv.writer(_Echo())
    yield BYTE_ORDER_MARK
    for row in rows:
        yield writer.writerow([harmless(cell) for cell in row])


def harmless(cell: Any) -> Any:
    """A value as a spreadsheet may read it: a text that looks like a formula gets an apostrophe in front."""
    if isinstance(cell, str) and cell.startswith(FORMULA_STARTS):
        return f"'{cell}"
    return cell


class _Echo:
    """A file that gives back what is written to it."""

    def write(self, line: str) -> str:
        return line
