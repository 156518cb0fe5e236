"""A process of its own that reads one spreadsheet, run by `sheets.py`: `<path> <seconds> first|names|rows [sheet]`.

A file of a kilobyte can claim a sheet of billions of cells, or unpack to more than there is memory, and the library
then ends the process it runs in. So it runs in this one, which may use so much memory and time and no more. It answers
lines of JSON; the last one says that it is done, or why the file was refused. Nothing of NoCode is imported here.
"""

import datetime as dt
import json
import resource
import sys
from collections.abc import Iterator
from typing import Any

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    WorksheetNotFound,
)

MEMORY = 3 * 1024**3  # bytes of addresses, of which most are never touched
MOST_ROWS, MOST_CELLS, MOST_TEXT = 2000, 100_000, 8 * 1024**2  # in one line of the answer; of text, characters
LONGEST_CELL = 1_000_000  # characters; spreadsheets themselves stop at 32,767
_EXACT_DIGITS = 15  # what spreadsheets keep of a number


class Refused(Exception):
    """What is wrong with the file, as a kind that `sheets.py` knows, and details."""


def limit(kind: int, most: int) -> None:
    """Have no more of a resource than this, and no more than there was before."""
    hard = resource.getrlimit(kind)[1]
    resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def answers(path: str, wanted: str, name: str = "") -> Iterator[Any]:
    """The names of the sheets, the first one that has something in it, or the rows of one."""
    try:
        workbook = CalamineWorkbook.from_path(path)
    except PasswordError:
        raise Refused("password") from None
    except (CalamineError, OSError) as error:
        raise Refused("file", str(error).rstrip(".") or type(error).__name__) from None
    names = [each.name for each in workbook.sheets_metadata if each.typ == SheetTypeEnum.WorkSheet]
    if wanted == "names":
        yield names
    elif wanted == "first":
        yield next((each for each in names if opened(workbook, each).height), None)
    else:
        yield from rows(opened(workbook, name))


def opened(workbook: CalamineWorkbook, name: str) -> CalamineSheet:
    try:
        return workbook.get_sheet_by_name(name)
    except WorksheetNotFound:
        raise Refused("missing") from None
    except (CalamineError, OSError) as error:
        raise Refused("sheet", str(error), name) from None


def rows(sheet: CalamineSheet) -> Iterator[list[list[str]]]:
    """Some rows at a time, fewer of wide ones and of those with long texts."""
    most = max(1, min(MOST_ROWS, MOST_CELLS // max(sheet.width, 1)))
    block, size = [], 0
    for row in sheet.iter_rows():
        block.append([text(cell) for cell in row])
        size += sum(map(len, block[-1]))
        if len(block) == most or size >= MOST_TEXT:
            yield block
            block, size = [], 0
    if block:
        yield block


def text(cell: Any) -> str:
    """A cell as the text that the field types understand."""
    if isinstance(cell, str):
        if len(cell) > LONGEST_CELL:
            raise Refused("long", LONGEST_CELL)
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else format(cell, f".{_EXACT_DIGITS}g")
    if isinstance(cell, dt.date | dt.time):
        return cell.isoformat()
    return str(cell)


def main() -> None:
    path, seconds, *wanted = sys.argv[1:]
    limit(resource.RLIMIT_AS, MEMORY)
    limit(resource.RLIMIT_CPU, int(seconds))
    limit(resource.RLIMIT_CORE, 0)
    try:
        for answer in answers(path, *wanted):
            print(json.dumps({"answer": answer}), flush=True)
    except Refused as refusal:
        print(json.dumps({"refused": refusal.args}), flush=True)
    else:
        print(json.dumps({"done": True}), flush=True)


if __name__ == "__main__":
    main()
