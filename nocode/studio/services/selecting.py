"""Queries in SQL that people write themselves: they read the tables of one project, and nothing else.

PostgreSQL itself says what a query would do. It becomes the body of a function that lives for a moment, and of that
body the server keeps what it understood: each table and each function by its number. A query that reads anything but
tables of the project, or calls a function that does more than compute, is refused before it runs. It then runs in a
transaction that may only read, for so long and no longer. What it was given are arguments, never parts of its text.
"""

import json
from collections.abc import Sequence
from typing import Any

from django.db import Error, connection, transaction
from django.db.backends.utils import CursorWrapper
from django.utils.translation import gettext as _
from psycopg2 import errorcodes, sql

from nocode.foundation.database import is_connection_lost
from nocode.studio.errors import QueryRefused
from nocode.studio.models import Project

MOST_ROWS = 10_000
MOST_BYTES = 8 * 1024 * 1024
MOST_SECONDS = 30
LONGEST_QUERY = 20_000
TYPES = {
    "text": "text",
    "integer": "bigint",
    "number": "numeric",
    "boolean": "boolean",
    "date": "date",
    "datetime": "timestamptz",
    "json": "jsonb",
}

# Functions that do not only compute, yet tell nothing: of the clock, of time zones, of how values are written.
_HARMLESS = """
    now transaction_timestamp statement_timestamp clock_timestamp random gen_random_uuid date_trunc date_part extract
    age to_char to_date to_timestamp to_number make_timestamptz timezone date_bin generate_series date time timetz
    timestamp timestamptz concat concat_ws format array_to_string to_json to_jsonb row_to_json array_to_json json_agg
    jsonb_agg json_object_agg jsonb_object_agg json_build_object json_build_array jsonb_build_object jsonb_build_array
    quote_literal quote_nullable to_tsvector to_tsquery plainto_tsquery phraseto_tsquery websearch_to_tsquery
    ts_headline
""".split()

# The rows as JSON, in their order; too many bytes are told by nothing in the place of a row.
_FRAME = """
SELECT CASE WHEN sum(octet_length(row_text)) OVER (ROWS UNBOUNDED PRECEDING) <= {bytes} THEN row_text END
FROM (SELECT row_to_json(query)::text AS row_text FROM (
{query}
) AS query LIMIT {rows}) AS rows"""

_DEFINE = "CREATE FUNCTION pg_temp.{name}({types}) RETURNS SETOF {row} LANGUAGE sql STABLE BEGIN ATOMIC {body}; END"

# What the server understood: numbers of relations, of functions (also those behind operators), of types, and kinds of
# commands. Types of other schemas, and those that are names in the catalog, would tell what others have.
_UNDERSTOOD = """
WITH parts AS (
    SELECT DISTINCT found[1] AS part, found[2]::bigint AS number
    FROM pg_proc, regexp_matches(prosqlbody::text,
        ':(relid|funcid|aggfnoid|winfnoid|opfuncid|tsmhandler|commandType|\\w*type(?:id)?) (\\d+)', 'g') AS found
    WHERE oid = 'pg_temp.nocode_query'::regproc)
SELECT 'table', relation.oid::regclass::text
FROM parts JOIN pg_class AS relation ON part = 'relid' AND relation.oid = number
WHERE relation.relnamespace <> quote_ident(%(schema)s)::regnamespace OR relation.relkind NOT IN ('r', 'p')
UNION ALL
SELECT 'function', function.proname
FROM parts JOIN pg_proc AS function ON part !~ 'relid|[tT]ype' AND function.oid = number
WHERE function.pronamespace <> 'pg_catalog'::regnamespace
   OR NOT (part = 'opfuncid' OR function.provolatile = 'i' OR function.proname = ANY(%(harmless)s))
UNION ALL
SELECT 'type', type.typname
FROM parts JOIN pg_type AS type ON part ~ 'type' AND type.oid = number
WHERE type.typnamespace NOT IN ('pg_catalog'::regnamespace, quote_ident(%(schema)s)::regnamespace)
   OR type.typname ~ '^_?reg' AND type.typname !~ '^_?reg(config|dictionary)$'
UNION ALL
SELECT 'command', '' FROM parts WHERE part = 'commandType' AND number <> 1
LIMIT 1
"""


def select(
    project: Project, query: str, values: Sequence[tuple[str, Any]] = (), *, rows: int = 1000, seconds: float = 10
) -> list[dict[str, Any]]:
    """The rows of a query, at most so many. `values` are (type, value) for $1, $2 and so on.

    Raises QueryRefused, which says what is wrong with the query or its values.
    """
    with _Query(project, query, [kind for kind, _value in values], min(rows, MOST_ROWS)) as cursor:
        cursor.execute(
            "SELECT set_config('transaction_read_only', 'on', true), set_config('statement_timeout', %s, true)",
            [f"{int(min(seconds, MOST_SECONDS) * 1000)}ms"],
        )
        arguments = sql.SQL(", ").join(sql.SQL(f"%s::{TYPES[kind]}") for kind, _value in values)
        call = sql.SQL("SELECT * FROM pg_temp.nocode_query({})").format(arguments)
        cursor.execute(call, [_argument(*each) for each in values])
        found = [text for (text,) in cursor.fetchall()]
    if None in found:
        raise QueryRefused(_("The rows have more than %d MB; choose fewer columns or rows.") % (MOST_BYTES // 1024**2))
    return [json.loads(text) for text in found]


def check(project: Project, query: str, kinds: Sequence[str] = ()) -> None:
    """See whether a query could run, without running it. Raises QueryRefused."""
    with _Query(project, query, kinds, 1):
        pass


class _Query:
    """A query understood by the server and found harmless, as long as the block lasts; all is rolled back behind it."""

    def __init__(self, project: Project, query: str, kinds: Sequence[str], rows: int):
        text = query.strip().removesuffix(";")
        if ";" in text or len(text) > LONGEST_QUERY:
            message = _("Write one query of at most %d characters, without semicolons; values may have them.")
            raise QueryRefused(message % LONGEST_QUERY)
        self._schema = project.schema_name
        body = _FRAME.format(bytes=MOST_BYTES, query=text, rows=rows)
        types = ", ".join(TYPES[kind] for kind in kinds)
        # It must be a query by itself: otherwise it could lead out of its frame, and of the limits there.
        self._alone = _DEFINE.format(name="nocode_alone", types=types, row="record", body=text)
        self._framed = _DEFINE.format(name="nocode_query", types=types, row="text", body=body)
        self._atomic = transaction.atomic()

    def __enter__(self) -> CursorWrapper:
        self._atomic.__enter__()
        try:
            cursor = connection.cursor()
            self._understand(cursor)
        except BaseException as error:
            self.__exit__(type(error), error, error.__traceback__)
            raise
        return cursor

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if error is None:
            transaction.set_rollback(True)
        self._atomic.__exit__(kind, error, trace)
        if isinstance(error, Error) and not is_connection_lost(error):
            raise QueryRefused(_why(error)) from None

    def _understand(self, cursor: CursorWrapper) -> None:
        """Let the server read the query. Raises QueryRefused for one that does more than read this project."""
        cursor.execute("SELECT set_config('search_path', quote_ident(%s), true)", [self._schema])
        cursor.execute(self._alone)
        cursor.execute(self._framed)
        cursor.execute(_UNDERSTOOD, {"schema": self._schema, "harmless": _HARMLESS})
        if (refused := cursor.fetchone()) is None:
            return
        what, name = refused
        if what == "table":
            raise QueryRefused(_("“%s” is not a table of this project.") % name)
        if what == "function":
            raise QueryRefused(_("The function “%s” cannot be used here.") % name)
        if what == "type":
            raise QueryRefused(_("The type “%s” cannot be used here.") % name)
        raise QueryRefused(_("The query may only read: it begins with SELECT or WITH."))


def _argument(kind: str, value: Any) -> Any:
    if value == "" and kind != "text":
        return None
    if value is not None and (kind == "json" or isinstance(value, dict | list)):
        return json.dumps(value, ensure_ascii=False)
    return value


def _why(error: Error) -> str:
    """What the database said, in words that lead on."""
    cause = error.__cause__
    code, told = getattr(cause, "pgcode", None), getattr(getattr(cause, "diag", None), "message_primary", None)
    if code == errorcodes.QUERY_CANCELED:
        return _("The query took too long; let it read fewer rows.")
    if code == errorcodes.INSUFFICIENT_PRIVILEGE:
        return _("The database user of this installation may not do that: %s") % (told or error)
    return _("The database refused the query: %s") % (told or str(error).strip())
