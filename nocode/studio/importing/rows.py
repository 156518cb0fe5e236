"""What every reader answers."""

from typing import NamedTuple

BLOCK = 2000  # rows at once
LARGEST_BLOCK = 8 * 1024 * 1024  # bytes of the file for them: of long rows there are fewer at once
MOST_COLUMNS = 500


class Rows(NamedTuple):
    """Some rows of a file as texts; `first` is the number of the first one, counted as a spreadsheet counts them.

    `position`: how many bytes of the file were read for it so far.
    """

    first: int
    rows: list[list[str]]
    position: int


def presentable(text: str) -> str:
    """A text without what neither PostgreSQL nor a page can hold: NUL and halves of surrogate pairs."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
