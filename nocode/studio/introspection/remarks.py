"""What a takeover leaves behind, in words; columns and foreign keys are told of where they are planned."""

from collections.abc import Iterable

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nocode.studio.introspection.plan import TablePlan
from nocode.studio.schema import catalog
from nocode.studio.schema.catalog import Constraint, Index, Table

_OTHERS = {
    "v": gettext_lazy("View “%(name)s”."),
    "m": gettext_lazy("Materialized view “%(name)s”."),
    "f": gettext_lazy("Table of another server “%(name)s”."),
    "function": gettext_lazy("Function “%(name)s”."),
    "aggregate": gettext_lazy("Aggregate “%(name)s”."),
}


def besides(schema: str, tables: dict[str, Table]) -> list[str]:
    """What stays of the schema itself: views, functions, tables that no field could hold."""
    parts = sum(each.is_partition for each in tables.values())
    lines = []
    for name, table in tables.items():
        if table.kind == catalog.PARTITIONED and not table.is_partition:
            lines.append(
                _("Partitioned table “%(name)s”; the partitions of this schema: %(count)d.")
                % {"name": name, "count": parts}
            )
        elif not table.may_read:
            lines.append(_("Table “%(name)s”: the database role may not read it.") % {"name": name})
    for kind, found in catalog.others(schema).items():
        lines += [str(_OTHERS[kind]) % {"name": name} for name in found]
    return lines


def about(plan: TablePlan) -> list[str]:
    """What stays of a table whose fields are planned: rules of several columns, checks, indexes, triggers."""
    table = plan.source
    lines = [line for rule in table.constraints for line in _rule(plan, rule)]
    lines += [line for index in table.indexes for line in _index(index)]
    lines += [_("Trigger “%(name)s”.") % {"name": name} for name in table.triggers]
    lines += [_("Rule “%(name)s”.") % {"name": name} for name in table.rules]
    if table.has_policies:
        lines.append(_("Row security: who may see which rows."))
    long = [column.name for column in table.columns.values() if len(column.comment) > 300]
    lines += [
        _("Comment on “%(column)s”: only its first 300 characters come along.") % {"column": each} for each in long
    ]
    kept = {check for field in plan.fields if field.way for check in field.way.kept}
    for column in table.columns.values():
        lines += [
            _check(column.name, each) for each in column.checks if each not in kept and _is_there(plan, column.name)
        ]
    return lines


def _rule(plan: TablePlan, rule: Constraint) -> Iterable[str]:
    names = {"name": rule.name, "columns": ", ".join(rule.columns), "definition": rule.definition}
    kept = {check for field in plan.fields if field.way for check in field.way.kept}
    if rule.kind == "x":
        yield _("Exclusion “%(name)s”: %(definition)s.") % names
    elif rule.kind == "c" and rule.definition not in kept:
        yield _("Check “%(name)s”: %(definition)s.") % names
    elif rule.kind == "p" and len(rule.columns) > 1:
        yield (
            _("Primary key of several columns (%(columns)s): that they are unique together; rows get a number instead.")
            % names
        )
    elif rule.kind == "u" and len(rule.columns) > 1:
        yield _("Unique together: %(columns)s.") % names
    if rule.kind in "puf" and rule.is_deferrable:
        yield _("“%(name)s” is checked at once from now on, no longer at the end of a transaction.") % names


def _check(column: str, definition: str) -> str:
    return _("Check on “%(column)s”: %(definition)s.") % {"column": column, "definition": definition}


def _is_there(plan: TablePlan, column: str) -> bool:
    return plan.field_of(column) is not None or column == plan.key


def _index(index: Index) -> Iterable[str]:
    """Of indexes those that are a rule, too, or of a kind that fields do not have."""
    if index.is_of_constraint or (index.columns and not index.is_unique):
        return
    if index.is_unique and not (index.columns and len(index.columns) == 1):
        yield _("Unique index “%(name)s”: %(definition)s.") % {"name": index.name, "definition": index.definition}
    elif index.columns is None:
        yield _("Index “%(name)s”: %(definition)s.") % {"name": index.name, "definition": index.definition}
