"""The names of tables and fields in a file, instead of ids: `orders`, and `orders.amount` or, at home, `amount`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from nocode.studio.blocks import block_types
from nocode.studio.blocks.config import FieldChoice, FieldList, TableChoice
from nocode.studio.models import DataTable
from nocode.studio.schema import names
from nocode.studio.transfer.format import SYSTEM_COLUMNS


class Keys:
    """What the tables and fields of a project are called in its file: as in the database, made plain where needed."""

    def __init__(self, tables: Sequence[DataTable]):
        self.tables: dict[str, str] = {}  # by id
        self.columns: dict[UUID, dict[str, str]] = {}  # of a table, by physical name
        self.fields: dict[str, tuple[str, str]] = {}  # (table, field) by id
        for table in tables:
            key = names.table_name(table.physical_name, set(self.tables.values()))
            self.tables[str(table.pk)] = key
            columns = self.columns[table.pk] = {}
            for field in table.fields.all():
                columns[field.physical_name] = names.column_name(field.physical_name, set(columns.values()))
                self.fields[str(field.pk)] = key, columns[field.physical_name]

    def of(self, table: DataTable) -> "Written":
        """The names as settings of the table's own fields mention them."""
        return Written(self, self.tables[str(table.pk)])


@dataclass(frozen=True)
class Written:
    """From ids to names, in the settings of a field of the table `home`."""

    keys: Keys
    home: str

    def table(self, name: str) -> str:
        return self.keys.tables[name]

    def field(self, name: str) -> str:
        table, field = self.keys.fields[name]
        return field if table == self.home else f"{table}.{field}"


def split(name: str, home: str) -> tuple[str, str]:
    """The table and the field that are meant by a name in the settings of a field of the table `home`."""
    table, dot, field = name.partition(".")
    return (table, field) if dot else (home, name)


def view_renamed(settings: Mapping[str, Any], columns: Mapping[str, str]) -> dict[str, Any]:
    """What a view keeps, with other names for the columns; without those that are not there any more."""
    columns = {**{name: name for name in SYSTEM_COLUMNS}, **columns}

    def ordered(key: str) -> str:
        return f"-{columns[key[1:]]}" if key.startswith("-") else columns[key]

    found = dict(settings)
    for name in {"columns", "hidden"} & found.keys():
        found[name] = [columns[each] for each in found[name] if each in columns]
    if "widths" in found:
        found["widths"] = {columns[name]: width for name, width in found["widths"].items() if name in columns}
    if "conditions" in found:
        known = [each for each in found["conditions"] if each["field"] in columns]
        found["conditions"] = [each | {"field": columns[each["field"]]} for each in known]
    if "sort" in found:
        found["sort"] = [ordered(key) for key in found["sort"] if key.removeprefix("-") in columns]
    if found.get("group"):
        found["group"] = columns.get(found["group"], "")
    return found


def block_renamed(
    kind: str, settings: Mapping[str, Any], table: Callable[[str], str], column: Callable[[str, str], str]
) -> dict[str, Any]:
    """What a block says, with other names for its table and that table's columns (given the name before)."""
    found, fields = dict(settings), block_types[kind].Config.base_fields
    about = settings.get("table", "")
    for name, field in fields.items():
        value = settings.get(name)
        if not value:
            continue
        if isinstance(field, TableChoice):
            found[name] = table(value)
        elif isinstance(field, FieldList) and isinstance(value, list):
            found[name] = [column(about, each) for each in value]
        elif isinstance(field, FieldChoice):
            found[name] = column(about, value)
    return found
