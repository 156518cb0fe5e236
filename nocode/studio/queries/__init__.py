"""The SQL that reads and writes the rows of a table: one statement each, every name and value through psycopg2.sql."""

from nocode.studio.queries.conditions import OPERATORS, Filter, condition, one_of, unknown_field
from nocode.studio.queries.reading import (
    MEASURES,
    Key,
    Phase,
    by_ids,
    count,
    estimate,
    groups,
    ids,
    keys_of,
    labels_of,
    measure,
    phases,
    select,
    to_dict,
)
from nocode.studio.queries.writing import delete, insert, put_back, update, update_each

__all__ = [
    "MEASURES",
    "Filter",
    "Key",
    "OPERATORS",
    "Phase",
    "by_ids",
    "condition",
    "count",
    "delete",
    "estimate",
    "groups",
    "hold",
    "ids",
    "insert",
    "keys_of",
    "labels_of",
    "measure",
    "one_of",
    "phases",
    "put_back",
    "select",
    "to_dict",
    "unknown_field",
    "update",
    "update_each",
]
