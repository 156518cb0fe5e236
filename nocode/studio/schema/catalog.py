"""What PostgreSQL itself knows of a schema: its tables, their columns, rules, indexes and triggers, as plain values."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from nocode.foundation.database import fetch

ORDINARY, PARTITIONED, FOREIGN = "r", "p", "f"


@dataclass(frozen=True)
class Column:
    """A column. Of a domain it is the type behind it that counts; `checks` are the domain's."""

    name: str
    type: str  # as PostgreSQL writes it: character varying(40)
    base: str  # its plain name: varchar
    kind: str  # b: base type, e: enum, c: composite, r: range …
    is_array: bool
    not_null: bool
    default: str
    identity: bool
    generated: bool
    comment: str
    options: tuple[str, ...]  # of an enum
    checks: tuple[str, ...]


@dataclass(frozen=True)
class Constraint:
    """A rule of a table. `kind` is p, u, f, c, x (exclusion) or t (trigger)."""

    name: str
    kind: str
    columns: tuple[str, ...]
    definition: str
    is_valid: bool
    is_deferrable: bool
    other_schema: str = ""
    other_table: str = ""
    other_columns: tuple[str, ...] = ()
    on_delete: str = ""  # a, r, c, n, d


@dataclass(frozen=True)
class Index:
    """An index; `columns` is None when it is of expressions, of a part of the rows, or of a method of its own."""

    name: str
    definition: str
    columns: tuple[str, ...] | None
    is_unique: bool
    is_valid: bool
    is_of_constraint: bool


@dataclass
class Table:
    """A table and all that hangs on it."""

    schema: str
    name: str
    kind: str
    comment: str
    estimate: int  # of its rows; -1 when PostgreSQL never looked
    is_partition: bool
    has_policies: bool
    may_read: bool
    columns: dict[str, Column] = field(default_factory=dict)
    constraints: list[Constraint] = field(default_factory=list)
    indexes: list[Index] = field(default_factory=list)
    triggers: list[str] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)

    def named(self, name: str) -> Constraint | None:
        """A constraint by its name."""
        return next((each for each in self.constraints if each.name == name), None)

    def index(self, name: str) -> Index | None:
        """An index by its name."""
        return next((each for each in self.indexes if each.name == name), None)

    def uniques(self, column: str) -> tuple[list[str], list[str]]:
        """The names of what keeps the values of a column from being twice there: rules, and indexes of their own."""
        rules = [each.name for each in self.constraints if each.kind == "u" and each.columns == (column,)]
        unique = (each for each in self.indexes if each.is_unique and not each.is_of_constraint)
        return rules, [each.name for each in unique if each.columns == (column,)]

    @property
    def primary_key(self) -> tuple[str, ...]:
        """Its columns, in order; none for a table without."""
        return next((each.columns for each in self.constraints if each.kind == "p"), ())


_HERE = "relnamespace = to_regnamespace(quote_ident(%(schema)s)) AND (%(only)s::text IS NULL OR relname = %(only)s)"
_C_HERE = _HERE.replace("rel", "c.rel")

_TABLES = f"""
    SELECT nspname, relname, relkind, coalesce(obj_description(c.oid, 'pg_class'), ''), reltuples::bigint,
        relispartition, relrowsecurity, has_table_privilege(c.oid, 'SELECT')
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace
    WHERE {_HERE} AND relkind IN ('r', 'p', 'f')
        AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e')
    ORDER BY relname
"""  # noqa: S608 - no value in it

_COLUMNS = f"""
    WITH RECURSIVE found AS (
        SELECT relname, attrelid, attnum, attname, atttypid AS type, atttypmod AS modifier, attnotnull AS not_null,
            attidentity, attgenerated, '{{}}'::oid[] AS domains, pg_get_expr(adbin, adrelid) AS given
        FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
        LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        WHERE {_HERE} AND relkind IN ('r', 'p', 'f')
        UNION ALL
        SELECT relname, attrelid, attnum, attname, typbasetype, typtypmod, not_null OR typnotnull,
            attidentity, attgenerated, domains || pg_type.oid, coalesce(given, pg_get_expr(typdefaultbin, 0))
        FROM found JOIN pg_type ON pg_type.oid = found.type AND typtype = 'd'
    )
    SELECT DISTINCT ON (relname, attnum) relname, attname, format_type(type, modifier), typname, typtype,
        typcategory = 'A', not_null, coalesce(given, ''), attidentity <> '', attgenerated <> '',
        coalesce(col_description(attrelid, attnum), ''),
        ARRAY(SELECT enumlabel::text FROM pg_enum WHERE enumtypid = type ORDER BY enumsortorder),
        ARRAY(SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE contypid = ANY(domains) AND contype = 'c')
    FROM found JOIN pg_type ON pg_type.oid = type
    ORDER BY relname, attnum, cardinality(domains) DESC
"""  # noqa: S608

_NAMES = "ARRAY(SELECT attname::text FROM unnest({keys}) WITH ORDINALITY AS k (n, place) JOIN pg_attribute ON attrelid = {table} AND attnum = n ORDER BY place)"  # noqa: E501

_CONSTRAINTS = f"""
    SELECT c.relname, conname, contype, {_NAMES.format(keys="conkey", table="conrelid")}, pg_get_constraintdef(k.oid),
        convalidated, condeferrable, coalesce(n.nspname, ''), coalesce(o.relname, ''),
        {_NAMES.format(keys="confkey", table="confrelid")}, confdeltype
    FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = conrelid
    LEFT JOIN pg_class AS o ON o.oid = confrelid LEFT JOIN pg_namespace AS n ON n.oid = o.relnamespace
    WHERE {_C_HERE} AND conparentid = 0 ORDER BY c.relname, conkey, conname
"""  # noqa: S608

_INDEXES = f"""
    SELECT c.relname, i.relname, pg_get_indexdef(i.oid),
        CASE WHEN indpred IS NULL AND indexprs IS NULL AND amname = 'btree' AND indnatts = indnkeyatts
            THEN {_NAMES.format(keys="indkey::smallint[]", table="indrelid")} END,
        indisunique, indisvalid, EXISTS (SELECT FROM pg_constraint WHERE conindid = i.oid AND conrelid = indrelid)
    FROM pg_index JOIN pg_class AS i ON i.oid = indexrelid JOIN pg_class AS c ON c.oid = indrelid
    JOIN pg_am ON pg_am.oid = i.relam
    WHERE {_C_HERE} ORDER BY c.relname, i.relname
"""  # noqa: S608

_TRIGGERS = f"""
    SELECT relname, tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
    WHERE {_HERE} AND NOT tgisinternal AND tgenabled <> 'D' ORDER BY 1, 2
"""  # noqa: S608

_RULES = f"""
    SELECT relname, rulename FROM pg_rewrite JOIN pg_class ON pg_class.oid = ev_class
    WHERE {_HERE} AND relkind IN ('r', 'p', 'f') ORDER BY 1, 2
"""  # noqa: S608


def tables(schema: str, only: str | None = None) -> dict[str, Table]:
    """The tables of a schema, or `only` the one of a name, by their names; none when there is no such schema."""
    found = {row[1]: Table(*row) for row in read(_TABLES, schema, only=only)}
    parts: list[tuple[str, str, Callable[..., Any]]] = [
        ("constraints", _CONSTRAINTS, _constraint),
        ("indexes", _INDEXES, _index),
        ("triggers", _TRIGGERS, str),
        ("rules", _RULES, str),
    ]
    for name, row in _by_table(read(_COLUMNS, schema, only=only)):
        if name in found:
            found[name].columns[row[0]] = Column(*row[:-2], options=tuple(row[-2]), checks=tuple(row[-1]))
    for attribute, query, make in parts:
        for name, row in _by_table(read(query, schema, only=only)):
            if name in found:
                getattr(found[name], attribute).append(make(*row))
    return found


_OTHERS = """
    SELECT kind, name FROM (
        SELECT relkind::text AS kind, relname::text AS name, pg_class.oid, 'pg_class'::regclass AS class FROM pg_class
        WHERE relkind IN ('v', 'm', 'f') AND relnamespace = to_regnamespace(quote_ident(%(schema)s))
        UNION ALL
        SELECT CASE prokind WHEN 'a' THEN 'aggregate' ELSE 'function' END, proname::text, oid, 'pg_proc'::regclass
        FROM pg_proc WHERE pronamespace = to_regnamespace(quote_ident(%(schema)s))
    ) AS found
    WHERE NOT EXISTS (SELECT FROM pg_depend WHERE classid = class AND objid = found.oid AND deptype = 'e')
    ORDER BY kind, name
"""


def others(schema: str) -> dict[str, list[str]]:
    """What is in a schema besides tables, by kind: v (views), m (materialized views), f (foreign tables), function …"""
    found: dict[str, list[str]] = defaultdict(list)
    for kind, name in read(_OTHERS, schema):
        if name not in found[kind]:
            found[kind].append(name)
    return dict(found)


def read(query: str, schema: str, **more: Any) -> list[tuple]:
    """The rows a query gives for a schema."""
    return fetch(query, {"schema": schema, **more})


def _by_table(rows: Iterable[tuple]) -> Iterable[tuple[str, tuple]]:
    return ((row[0], row[1:]) for row in rows)


def _constraint(name: str, kind: str, columns: list[str], definition: str, *rest: Any) -> Constraint:
    *flags, other_schema, other_table, other_columns, on_delete = rest
    return Constraint(
        name, kind, tuple(columns), definition, *flags, other_schema, other_table, tuple(other_columns), on_delete
    )


def _index(name: str, definition: str, columns: list[str] | None, *flags: bool) -> Index:
    return Index(name, definition, None if columns is None else tuple(columns), *flags)
