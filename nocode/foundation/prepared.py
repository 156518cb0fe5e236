"""Statements that each connection parses once and, after a few calls, plans once: for the hottest paths only."""

from typing import Any

from django.db.backends.utils import CursorWrapper


class Prepared:
    """A server-side prepared statement with `%(name)s` parameters, whose PostgreSQL types are given by name.

    Needs a connection that is the session's own, like LISTEN: a pooler in transaction mode breaks both.
    """

    def __init__(self, name: str, sql: str, **types: str):
        places = {parameter: f"${place}" for place, parameter in enumerate(types, start=1)}
        self.name = name
        self._prepare = f"PREPARE {name} ({', '.join(types.values())}) AS {sql % places}"
        self._execute = f"EXECUTE {name} ({', '.join(f'%({parameter})s' for parameter in types)})"

    def execute(self, cursor: CursorWrapper, values: dict[str, Any]) -> None:
        """Run it, preparing it first where this connection does not know it yet."""
        database = cursor.db
        session, known = getattr(database, "prepared", (None, set()))
        if session is not database.connection:
            known = set()
            database.prepared = database.connection, known
        if self.name not in known:
            cursor.execute(self._prepare)
            known.add(self.name)
        cursor.execute(self._execute, values)
