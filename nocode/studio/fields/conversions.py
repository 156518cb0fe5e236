"""The SQL half of the field types: calls of the functions in `conversions.sql`, which `install_functions` installs."""

from typing import Any

from psycopg2 import sql

# What the functions take for white space is what str.strip() takes away.
MINUS = "\N{MINUS SIGN}"


def call(function: str, *arguments: Any) -> sql.Composable:
    """A call of `public.nocode_<function>`; arguments are SQL, or values to be quoted."""
    given = [each if isinstance(each, sql.Composable) else sql.Literal(each) for each in arguments]
    return sql.SQL("{}({})").format(sql.Identifier("public", f"nocode_{function}"), sql.SQL(", ").join(given))


def all_of(*conditions: sql.Composable | None) -> sql.Composable | None:
    """A condition for a CHECK: all that are given hold; None when none is given."""
    given = [condition for condition in conditions if condition is not None]
    return sql.SQL(" AND ").join(given) if given else None


def between(value: sql.Composable, low: Any, high: Any) -> sql.Composable | None:
    """A condition for a CHECK: not below the smallest, not above the largest, whichever there are."""
    return all_of(
        None if low is None else sql.SQL("{} >= {}").format(value, sql.Literal(low)),
        None if high is None else sql.SQL("{} <= {}").format(value, sql.Literal(high)),
    )
