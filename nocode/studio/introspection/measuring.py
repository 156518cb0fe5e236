"""What the rows of a table say about how its columns can be carried: one question for a whole table."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import connection
from psycopg2 import sql

from nocode.studio.introspection.ways import Way
from nocode.studio.schema.catalog import Constraint, Table


@dataclass
class Measured:
    """How many rows there are, how many values of a column each of its ways cannot keep, how many it leaves empty."""

    rows: int
    is_whole: bool
    misfits: dict[tuple[str, int], int] = field(default_factory=dict)
    blanks: dict[tuple[str, int], int] = field(default_factory=dict)
    smallest: int | None = None  # of the key
    astray: dict[str, int] = field(default_factory=dict)  # values of foreign keys that lead nowhere, by the rule's name


def measure(
    table: Table, ways: dict[str, list[Way]], *, key: str, unproven: Sequence[Constraint], most: int | None
) -> Measured:
    """Look at the rows of a table: at all of them, or at the `most` first ones.

    Foreign keys that were never proven are held against the rows they should lead to.
    """
    questions: dict[tuple, sql.Composable] = {("rows",): sql.SQL("count(*)")}
    for column, possible in ways.items():
        source = sql.Identifier("s", column)
        for place, way in enumerate(possible):
            if way.fits is not None:
                misfit = sql.SQL("count(*) FILTER (WHERE {} IS NOT NULL AND ({}) IS FALSE)").format(source, way.fits)
                questions["misfits", (column, place)] = misfit
            if way.kind in ("text", "long_text"):
                blank = sql.SQL("count(*) FILTER (WHERE {} IS NOT NULL AND {} IS NULL)").format(source, way.value)
                questions["blanks", (column, place)] = blank
    if key:
        questions["smallest",] = sql.SQL("min({})").format(sql.Identifier("s", key))
    for each in unproven:
        questions["astray", each.name] = _astray(each)
    answers = dict(zip(questions, _ask(table, list(questions.values()), most), strict=True))
    found = Measured(answers["rows",], most is None or answers["rows",] < most, smallest=answers.get(("smallest",)))
    for (name, *about), answer in answers.items():
        if about:
            getattr(found, name)[about[0]] = answer
    return found


def _ask(table: Table, questions: list[sql.Composable], most: int | None) -> tuple:
    """The answers: all at once, as PostgreSQL reads the table once for them, a thousand at most in one go."""
    rows, answers = _rows(table, most), []
    with connection.cursor() as cursor:
        for first in range(0, len(questions), 1000):
            asked = sql.SQL(", ").join(questions[first : first + 1000])
            cursor.execute(sql.SQL("SELECT {} FROM {} AS s").format(asked, rows))
            answers += cursor.fetchone()
    return tuple(answers)


def _rows(table: Table, most: int | None) -> sql.Composable:
    target = sql.Identifier(table.schema, table.name)
    if most is None:
        return sql.SQL("ONLY {}").format(target)
    return sql.SQL("(SELECT * FROM ONLY {} LIMIT {})").format(target, sql.Literal(most))


def count(table: Table, most: int | None) -> int:
    """How many rows a table has; about how many when there are `most` or more."""
    [found] = _ask(table, [sql.SQL("count(*)")], most)
    return found if most is None or found < most else max(table.estimate, found)


def most_links(link: Table, column: str, most: int | None) -> int:
    """The most rows of a table of pairs that have the same value in a column; of the `most` first ones."""
    statement = sql.SQL(
        "SELECT coalesce(max(n), 0) FROM (SELECT count(*) AS n FROM {} AS s GROUP BY {}) AS counted"
    ).format(_rows(link, most), sql.Identifier("s", column))
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]


def _astray(rule: Constraint) -> sql.Composable:
    [ours], [theirs] = rule.columns, rule.other_columns
    return sql.SQL(
        "count(*) FILTER (WHERE {ours} IS NOT NULL "
        "AND NOT EXISTS (SELECT FROM ONLY {other} AS o WHERE o.{theirs} = {ours}))"
    ).format(
        ours=sql.Identifier("s", ours),
        other=sql.Identifier(rule.other_schema, rule.other_table),
        theirs=sql.Identifier(theirs),
    )
