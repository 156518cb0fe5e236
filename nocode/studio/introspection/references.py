"""Foreign keys: which of them become relations, which tables are nothing but links, which table comes first."""

from collections.abc import Collection, Iterable

from django.utils.translation import gettext as _

from nocode.studio.introspection.measuring import most_links
from nocode.studio.introspection.plan import TablePlan
from nocode.studio.schema.catalog import Constraint, Table

MOST_LINKS = 1000  # rows that a row may lead to
ON_DELETE = {"c": "cascade", "n": "set_null"}


def followed(table: Table, carried: Collection[str]) -> tuple[dict[str, Constraint], list[str]]:
    """The foreign keys of a table that become relations, by their column; sentences about the others."""
    found: dict[str, Constraint] = {}
    left_out = []
    for each in table.constraints:
        if each.kind != "f":
            continue
        if reason := _obstacle(each, table, carried, found):
            left_out.append(_("Foreign key “%(name)s”: %(why)s.") % {"name": each.name, "why": reason})
        else:
            found[each.columns[0]] = each
    return found, left_out


def _obstacle(rule: Constraint, table: Table, carried: Collection[str], found: Collection[str]) -> str:
    if len(rule.columns) > 1:
        return _("it goes by several columns (%(columns)s)") % {"columns": ", ".join(rule.columns)}
    if rule.other_schema != table.schema:
        return _("it leads to the table “%(table)s” of another schema") % {
            "table": f"{rule.other_schema}.{rule.other_table}"
        }
    if rule.other_table not in carried:
        return _("the table “%(table)s” it leads to is not taken over") % {"table": rule.other_table}
    if rule.columns[0] in found:
        return _("its column leads to another table already")
    return ""


def link_column(
    table: Table, relations: dict[str, Constraint], tables: Iterable[Table], most: int | None
) -> str | None:
    """The column of a table of pairs whose rows get a relation to many rows: the first by which none leads to too many.

    None when it is no such table, or no relation can say what it says.
    """
    if not _is_pairs(table, relations, tables):
        return None
    return next((column for column in table.columns if most_links(table, column, most) <= MOST_LINKS), None)


def _is_pairs(table: Table, relations: dict[str, Constraint], tables: Iterable[Table]) -> bool:
    """Whether a table is pairs of rows and nothing else, so that a relation to many rows says all that it says."""
    pair = set(relations)
    return (
        len(table.columns) == len(pair) == 2
        and all(column.not_null for column in table.columns.values())
        and all(rule.is_valid for rule in relations.values())
        and any(rule.kind in "pu" and set(rule.columns) == pair for rule in table.constraints)
        and not any(rule.kind in "cx" for rule in table.constraints)
        and not any(rule.kind in "pu" and len(rule.columns) == 1 for rule in table.constraints)
        and not (table.triggers or table.rules or table.has_policies)
        and not any(rule.kind == "f" and rule.other_table == table.name for each in tables for rule in each.constraints)
    )


def in_order(tables: list[TablePlan]) -> list[TablePlan]:
    """The tables, each after those it leads to; of tables that lead to each other, a relation of one is marked late."""
    waiting, placed = sorted(tables, key=lambda each: each.source.name), []
    while waiting:
        chosen = min(waiting, key=lambda each: _weight(each, placed))
        for relation in _ahead(chosen, placed):
            relation.is_late = True
        waiting.remove(chosen)
        placed.append(chosen)
    return placed


def _ahead(table: TablePlan, placed: list[TablePlan]) -> list:
    """The relations of a table to tables that have not got their place yet, other than itself."""
    return [each for each in table.relations if each.target is not table and each.target not in placed]


def _weight(table: TablePlan, placed: list[TablePlan]) -> tuple[int, int]:
    ahead = _ahead(table, placed)
    return sum(each.required for each in ahead), len(ahead)
