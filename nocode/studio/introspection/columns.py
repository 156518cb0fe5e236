"""From the columns of a table to fields: the best way that takes all values, with the rules that still hold."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from nocode.studio.fields import field_types
from nocode.studio.introspection.labels import readable, without_id
from nocode.studio.introspection.measuring import Measured, measure
from nocode.studio.introspection.plan import FieldPlan, TablePlan
from nocode.studio.introspection.references import ON_DELETE
from nocode.studio.introspection.ways import AS_TEXT, Way, ways
from nocode.studio.schema import expressions
from nocode.studio.schema.catalog import Column, Constraint, Table

WHOLE_NUMBERS = ("int2", "int4", "int8")
FILLED_IN = ("gen_random_uuid()", "uuid_generate_v4()")  # what a field of the type UUID does by itself


def plan_fields(
    plan: TablePlan, relations: dict[str, Constraint], plans: dict[str, TablePlan], most: int | None
) -> bool:
    """Give a plan its fields; answers whether all rows were looked at."""
    table = plan.source
    uniques = unique_columns(table)
    candidate = table.primary_key[0] if len(table.primary_key) == 1 else ""
    if candidate and (table.columns[candidate].base not in WHOLE_NUMBERS or table.columns[candidate].generated):
        candidate = ""
    possible = {
        name: ways(column, checks_of(table, column)) for name, column in table.columns.items() if name not in relations
    }
    unproven = [rule for rule in relations.values() if not rule.is_valid]
    found = measure(table, possible, key=candidate, unproven=unproven, most=most)
    plan.rows = found.rows if found.is_whole else max(table.estimate, found.rows)
    if candidate and (found.smallest is None or found.smallest >= 1):
        plan.key = candidate
    for column in table.columns.values():
        if column.name in relations and not found.astray.get(relations[column.name].name):
            _add_relation(plan, column, relations[column.name], plans, column.name in uniques)
        elif column.name != plan.key:
            _note_astray(plan, relations.get(column.name), found)
            chosen = possible.get(column.name) or ways(column, checks_of(table, column))
            _add_field(plan, column, chosen, found, column.name in uniques)
    _add_indexes(plan)
    return found.is_whole


def _add_relation(
    plan: TablePlan, column: Column, rule: Constraint, plans: dict[str, TablePlan], is_unique: bool
) -> None:
    on_delete = ON_DELETE.get(rule.on_delete, "restrict")
    if rule.on_delete == "d":
        on_delete = "restrict"
        plan.notes.append(
            _("“%(column)s”: a row that others lead to cannot be deleted; until now they got their default.")
            % {"column": column.name}
        )
    elif on_delete == "set_null" and column.not_null:
        on_delete = "restrict"  # it could not be deleted before either
    target = plans[rule.other_table]
    label = readable(without_id(column.name), target.label, _labels(plan))
    if constant_of(column) not in (expressions.NOT_CONSTANT, None) or _is_computed(column):
        plan.left_out.append(_default_left(column))
    field = FieldPlan(column, label, None, len(plan.fields), required=column.not_null, unique=is_unique, target=target)
    field.target_column, field.on_delete = rule.other_columns[0], on_delete
    plan.fields.append(field)


def _add_field(plan: TablePlan, column: Column, possible: list[Way], found: Measured, is_unique: bool) -> None:
    if not possible:
        plan.left_out.append(_why_not(column))
        return
    place = next(i for i in range(len(possible)) if not found.misfits.get((column.name, i)))
    way, kind = possible[place], field_types[possible[place].kind]
    field = FieldPlan(column, readable(column.name, _("Field"), _labels(plan)), way, len(plan.fields))
    _note_way(plan, column, possible, place, found)
    blanks = found.blanks.get((column.name, place), 0)
    field.required = column.not_null and not kind.is_computed and not blanks
    if column.not_null and blanks:
        plan.notes.append(
            ngettext(
                "“%(column)s” is not required any more: in %(count)d row it is blank, which is empty here.",
                "“%(column)s” is not required any more: in %(count)d rows it is blank, which is empty here.",
                blanks,
            )
            % {"column": column.name, "count": blanks}
        )
    field.unique = is_unique and kind.can_be_unique
    if is_unique and not field.unique:
        plan.left_out.append(
            _("“%(column)s” is not unique any more: a field of its type cannot be.") % {"column": column.name}
        )
    field.default = _default(plan, column, way)
    plan.fields.append(field)


def _note_way(plan: TablePlan, column: Column, possible: list[Way], place: int, found: Measured) -> None:
    """Say when the type is another one than people would expect."""
    names = {"column": column.name, "type": column.type, "kind": field_types[possible[place].kind].label}
    misfits = found.misfits.get((column.name, 0), 0)
    if column.base in AS_TEXT:
        plan.notes.append(_("“%(column)s” (%(type)s) is kept as a text.") % names)
    elif place and possible[0].kind != possible[place].kind and possible[0].kind != "text":
        plan.notes.append(
            ngettext(
                "“%(column)s” (%(type)s) becomes “%(kind)s”: %(count)d value does not fit into a narrower type.",
                "“%(column)s” (%(type)s) becomes “%(kind)s”: %(count)d values do not fit into a narrower type.",
                misfits,
            )
            % {**names, "count": misfits}
        )
    if column.base == "timestamp" and possible[place].kind == "datetime":
        plan.notes.append(_("“%(column)s” has no time zone: its times are those of this installation.") % names)


def _note_astray(plan: TablePlan, rule: Constraint | None, found: Measured) -> None:
    count = found.astray.get(rule.name, 0) if rule else 0
    if count:
        plan.left_out.append(
            ngettext(
                "Foreign key “%(name)s”: %(count)d value leads nowhere; the column is kept as it is.",
                "Foreign key “%(name)s”: %(count)d values lead nowhere; the column is kept as it is.",
                count,
            )
            % {"name": rule.name, "count": count}
        )


def _why_not(column: Column) -> str:
    names = {"column": column.name, "type": column.type, "formula": column.default}
    if column.generated:
        return _("Column “%(column)s”: it is computed by the database (%(formula)s); make a formula for it.") % names
    if column.is_array:
        return _("Column “%(column)s”: lists (%(type)s) are not taken over.") % names
    return _("Column “%(column)s”: there is no field type for %(type)s.") % names


# --- rules


def unique_columns(table: Table) -> set[str]:
    """The columns of which no two rows have the same value."""
    alone = {rule.columns[0] for rule in table.constraints if rule.kind in "pu" and len(rule.columns) == 1}
    return alone | {each.columns[0] for each in table.indexes if each.is_unique and each.is_valid and is_of_one(each)}


def is_of_one(index: Any) -> bool:
    """Whether an index is by one column, and of all rows."""
    return index.columns is not None and len(index.columns) == 1


def checks_of(table: Table, column: Column) -> list[str]:
    """The CHECKs of a column alone, its domain's with them."""
    own = [rule.definition for rule in table.constraints if rule.kind == "c" and rule.columns == (column.name,)]
    return [*own, *column.checks]


def _add_indexes(plan: TablePlan) -> None:
    """The indexes that fields can have, besides those that come with their rules."""
    for index in plan.source.indexes:
        if index.is_of_constraint or index.is_unique or not index.is_valid or index.columns is None:
            continue
        fields = [plan.field_of(name) for name in index.columns]
        has_one = len(fields) == 1 and fields[0] is not None and (fields[0].target or fields[0].unique)
        if index.columns == (plan.key,) or has_one or fields in plan.indexes:
            continue
        if all(field is not None and field_types[field.kind].sortable for field in fields):
            plan.indexes.append(fields)
        else:
            plan.left_out.append(_("Index “%(name)s”.") % {"name": index.name})


# --- defaults


def constant_of(column: Column) -> Any:
    """The constant a column is filled with; None without."""
    return expressions.constant(column.default) if column.default and not column.generated else None


def _is_computed(column: Column) -> bool:
    return constant_of(column) is expressions.NOT_CONSTANT and not column.default.startswith("nextval(")


def default_of(column: Column, way: Way) -> Any:
    """The default of the field that a column becomes; None without, and where it is no constant."""
    value = constant_of(column)
    if value is None or value is expressions.NOT_CONSTANT:
        return None
    kind = field_types[way.kind]
    try:
        cleaned = kind.clean(value if isinstance(value, bool) else str(value), way.settings)
    except ValidationError:
        return None
    return None if cleaned is None else kind.plain(cleaned)


def _default(plan: TablePlan, column: Column, way: Way) -> Any:
    value, default = constant_of(column), default_of(column, way)
    fills_itself = way.kind == "auto_number" or (way.kind == "uuid" and column.default.endswith(FILLED_IN))
    if value not in (None, "") and default is None and not fills_itself:
        plan.left_out.append(_default_left(column))
    return None if way.kind == "auto_number" else default


def _default_left(column: Column) -> str:
    return _("“%(column)s”: its default, %(default)s.") % {"column": column.name, "default": column.default}


def _labels(plan: TablePlan) -> set[str]:
    return {field.label for field in plan.fields}
