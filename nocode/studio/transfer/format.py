"""What a project file is made of: a zip with `project.json`, a CSV per table, and the stored files."""

import re

FORMAT, VERSION = "nocode.project", 1
MANIFEST = "project.json"
SUFFIX = ".nocode.zip"

LARGEST = 2 * 1024**3  # bytes of the zip
LARGEST_MANIFEST = 16 * 1024**2
MOST_ENTRIES = 100_000
MOST_TABLES, MOST_FIELDS, MOST_VIEWS, MOST_INDEXES = 300, 500, 200, 50
BIGGEST_ID = 2**53  # so that numbers are left for new rows, and every program can read them

SYSTEM_COLUMNS = ("id", "created_at", "updated_at")  # the first columns of each CSV

_ROWS = re.compile(r"rows/([a-z0-9_]{1,63})\.csv")
_FILE = re.compile(r"files/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")


def rows_entry(table: str) -> str:
    """Where the rows of a table are."""
    return f"rows/{table}.csv"


def file_entry(pk: str) -> str:
    """Where a stored file is."""
    return f"files/{pk}"


def table_of(entry: str) -> str | None:
    """The table whose rows an entry holds."""
    match = _ROWS.fullmatch(entry)
    return match and match[1]


def file_of(entry: str) -> str | None:
    """The id of the stored file that an entry holds."""
    match = _FILE.fullmatch(entry)
    return match and match[1]
