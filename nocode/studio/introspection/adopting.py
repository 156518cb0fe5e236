"""A table or a column that somebody made in a project's schema: which field a column becomes, where it is."""

from collections.abc import Collection
from dataclasses import asdict

from django.utils.translation import gettext as _

from nocode.studio.fields import field_types
from nocode.studio.introspection.columns import checks_of, default_of, unique_columns
from nocode.studio.introspection.labels import readable, without_id
from nocode.studio.introspection.measuring import Measured, measure
from nocode.studio.introspection.references import ON_DELETE
from nocode.studio.introspection.ways import Way, ways
from nocode.studio.models import DataTable, Project
from nocode.studio.schema import catalog
from nocode.studio.schema.catalog import Column, Constraint, Table
from nocode.studio.schema.drift import SYSTEM_TYPES
from nocode.studio.schema.manager import NewField
from nocode.studio.schema.operations import AdoptField


def adopt_column(table: DataTable, name: str) -> AdoptField | None:
    """What takes a column of a table in as a field; None when there is no type for it."""
    there = catalog.tables(table.project.schema_name, only=table.physical_name)[table.physical_name]
    labels = set(table.fields.values_list("label", flat=True))
    return next(iter(_adopt(table.project, str(table.pk), there, [name], labels)), None)


def adopt_all(project: Project, table_id: str, there: Table) -> list[AdoptField]:
    """What takes in all columns of a table besides those that every table has."""
    kept = {name for name, type_name in SYSTEM_TYPES.items() if _stays(there.columns.get(name), type_name)}
    return _adopt(project, table_id, there, [name for name in there.columns if name not in kept], set())


def _stays(column: Column | None, type_name: str) -> bool:
    """Whether a column is the one that every table has; another one of its name is put aside under another name."""
    is_number = column is not None and column.name == "id" and column.base in ("int2", "int4", "int8")
    return column is not None and (is_number or column.type == type_name)


def _adopt(
    project: Project, table_id: str, there: Table, columns: Collection[str], labels: set[str]
) -> list[AdoptField]:
    possible = {name: _ways(there, there.columns[name]) for name in columns}
    found = measure(there, possible, key="", unproven=[], most=None)
    homes = {table.physical_name: table for table in project.tables.all()}
    adopted = []
    for name in columns:
        column, rules = there.columns[name], _own_rules(there, name)
        label = readable(name, _("Field"), labels)
        leading = next((rule for rule in rules if rule.kind == "f" and _leads(rule, project, homes)), None)
        if leading is not None and column.type == "bigint":
            label = readable(without_id(name), label, labels)
            settings = {
                "table": str(homes[leading.other_table].pk),
                "on_delete": ON_DELETE.get(leading.on_delete, "restrict"),
            }
            if column.not_null and settings["on_delete"] == "set_null":
                settings["on_delete"] = "restrict"
            new = NewField(label, "relation", column.not_null, name in unique_columns(there), settings)
        elif (new := _new(there, column, label, possible[name], found)) is None:
            continue
        labels.add(label)
        aside = name if name not in SYSTEM_TYPES else f"field_{name}"
        replaced = [rule.name for rule in rules if rule.kind == "u" or rule is leading]
        adopted.append(AdoptField(table_id, aside, asdict(new), replaced))
    return adopted


def _ways(there: Table, column: Column) -> list[Way]:
    """Those that a column can take where it is: through text."""
    return [way for way in ways(column, checks_of(there, column)) if way.kind not in ("auto_number", "duration")]


def _new(there: Table, column: Column, label: str, possible: list[Way], found: Measured) -> NewField | None:
    places = [place for place in range(len(possible)) if not found.misfits.get((column.name, place))]
    if not places:
        return None
    place = places[0]
    way, kind = possible[place], field_types[possible[place].kind]
    return NewField(
        label,
        way.kind,
        required=column.not_null and not found.blanks.get((column.name, place)),
        unique=column.name in unique_columns(there) and kind.can_be_unique,
        settings=dict(way.settings),
        default=default_of(column, way),
        help_text=column.comment[:300],
    )


def _own_rules(there: Table, name: str) -> list[Constraint]:
    return [rule for rule in there.constraints if rule.columns == (name,)]


def _leads(rule: Constraint, project: Project, homes: dict[str, DataTable]) -> bool:
    return rule.other_schema == project.schema_name and rule.other_table in homes and rule.other_columns == ("id",)
