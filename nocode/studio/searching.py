"""What a search reads of a row: one text of all its words, the same in the index and in the question."""

from collections.abc import Iterable

from psycopg2 import sql


def search_expression(columns: Iterable[str], alias: str = "") -> sql.Composable:
    """The text of these columns (of type text), each on its line, in a row of the table `alias`.

    PostgreSQL uses the index for a condition with this very expression: same columns, same order.
    """
    names = (sql.Identifier(alias, name) if alias else sql.Identifier(name) for name in columns)
    parts = [sql.SQL("coalesce({}, '')").format(name) for name in names]
    return sql.SQL("({})").format(sql.SQL(" || E'\\n' || ").join(parts))
