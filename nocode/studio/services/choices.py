"""Rows to choose from, by what people call them: for relations."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import connection
from psycopg2 import sql

from nocode.studio.layouts import Layout, layout_of
from nocode.studio.models import DataTable

MOST = 20
FEW = 30  # rows that fit in a list
_MOST_IDS = 1000


@dataclass(frozen=True)
class Choice:
    """A row with its label."""

    id: int
    label: str


def find(table: DataTable, words: str = "") -> list[Choice]:
    """The first rows whose label contains the words, or whose number they are; the newest ones without words."""
    layout = layout_of(table)
    wanted = sql.SQL("TRUE")
    if words := words.replace("\x00", "").strip()[:200]:
        escaped = words.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
        wanted = sql.SQL("{} ILIKE {}").format(layout.title("t"), sql.Literal(f"%{escaped}%"))
        if (number := words.removeprefix("#")).isdecimal() and len(number) < 19:
            wanted = sql.SQL("(t.id = {} OR {})").format(sql.Literal(int(number)), wanted)
    return _read(layout, wanted, MOST)


def named(table: DataTable, ids: Sequence[int]) -> list[Choice]:
    """The rows with these ids, as far as they are there."""
    return _named(layout_of(table), ids)


def titles(layout: Layout, ids: Iterable[int]) -> dict[int, str]:
    """What people call the rows with these ids, as far as they are there."""
    return {each.id: each.label for each in _named(layout, list(ids))}


def few(table: DataTable) -> list[Choice]:
    """All rows of a table, the newest first, when they fit in a list; else none."""
    found = _read(layout_of(table), sql.SQL("TRUE"), FEW + 1)
    return found if len(found) <= FEW else []


def _named(layout: Layout, ids: Sequence[int]) -> list[Choice]:
    known = [each for each in ids if 0 < each < 2**63][:_MOST_IDS]
    return _read(layout, sql.SQL("t.id = ANY({}::bigint[])").format(sql.Literal(known)), _MOST_IDS)


def _read(layout: Layout, wanted: sql.Composable, most: int) -> list[Choice]:
    statement = sql.SQL("SELECT t.id, {} FROM {} AS t WHERE {} ORDER BY t.id DESC LIMIT {}").format(
        layout.title("t"), layout.target, wanted, sql.Literal(most)
    )
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return [Choice(*row) for row in cursor.fetchall()]
