"""Where a table lies in the database, for the field types that have more than a column there."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from psycopg2 import sql


@dataclass(frozen=True)
class Place:
    """Where the table of a field lies now, where the tables of its project are at home, and where its trash is.

    `find` answers where another table of the project lies. It raises TableMissing, also for a table in the trash.
    """

    schema: str
    table: str
    trash_schema: str
    home: str
    find: Callable[[UUID | str], "Place"]

    @property
    def target(self) -> sql.Identifier:
        """The table."""
        return sql.Identifier(self.schema, self.table)
