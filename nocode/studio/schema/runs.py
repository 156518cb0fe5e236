"""Large tables in parts: runs of the pages they lie in, to write them piece by piece and tell how far it is."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection
from psycopg2 import sql

MOST = 20  # runs of one table, so that its progress is seen
_PAGES = "SELECT pg_relation_size(%s) / current_setting('block_size')::bigint"


@dataclass(frozen=True)
class Run:
    """Some pages of a table, and the condition that its rows lie in them."""

    where: sql.Composable
    pages: int


def runs(target: sql.Identifier, alias: str, *, smallest: int, most: int | None = MOST) -> Iterator[Run]:
    """Part the rows of a table, called `alias`: so many runs at most (None: any number), so large at least.

    The last one has no end: whatever the table grew by since its pages were counted is in it.
    """
    with connection.cursor() as cursor:
        cursor.execute(_PAGES, [target.as_string(cursor.connection)])
        pages = cursor.fetchone()[0]
    step = max(smallest, -(-pages // most) if most else 0)
    place = sql.Identifier(alias, "ctid")
    for first in range(0, max(pages, 1), step):
        end = min(first + step, pages)
        where = sql.SQL("{} >= {}").format(place, _page(first))
        if end < pages:
            where = sql.SQL("{} AND {} < {}").format(where, place, _page(end))
        yield Run(where, end - first)


def _page(number: int) -> sql.Composable:
    return sql.SQL("{}::tid").format(sql.Literal(f"({number},0)"))
