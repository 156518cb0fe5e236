"""A field type says how one kind of column is stored, checked, shown and edited. Adding one is adding a class."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Protocol
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.utils.safestring import SafeString
from psycopg2 import sql
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from nocode.foundation.displays import escaped
from nocode.foundation.json_text import storable
from nocode.foundation.registry import Registry

if TYPE_CHECKING:  # models know the field types, layouts know the models
    from nocode.studio.layouts import Layout
    from nocode.studio.models import DataTable, Field
    from nocode.studio.schema.place import Place

Exported = str | int | float | Decimal | bool | dt.date | dt.datetime | dt.time | dt.timedelta

NO_SETTINGS: Mapping = MappingProxyType({})
EMPTINESS = ("is_empty", "is_not_empty")
ORDER = ("eq", "ne", "gte", "lte", "gt", "lt", *EMPTINESS)
WORDS = ("contains", "eq", "ne", "starts_with", "ends_with", *EMPTINESS)


class Settings(forms.Form):
    """Settings of a field of which some may be left empty: what says nothing is not stored."""

    def clean(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}


class Names(Protocol):
    """Other names for the tables and fields that settings mention, which they have in a file, say."""

    def table(self, name: str) -> str: ...

    def field(self, name: str) -> str: ...


class FieldType:
    """One kind of column. `parse` understands a value, `clean` also checks it against the field's settings.

    In Python a value goes parse → check → adapt → PostgreSQL → to_json → display. In SQL, for imports and changes of
    type, it goes through text: `from_text` understands what `parse` and `check` do, `to_text` writes it.
    """

    kind: ClassVar[str]
    label: ClassVar[Any]
    column: ClassVar[str | None]  # the PostgreSQL type; None: the table has no such column
    is_computed: ClassVar[bool] = False  # nobody writes it
    stamped: ClassVar[frozenset[str]] = frozenset()  # when Records writes who it was: "created", "updated"
    can_be_unique: ClassVar[bool] = True
    searchable: ClassVar[bool] = False
    is_number: ClassVar[bool] = False
    is_relation: ClassVar[bool] = False  # leads to rows of the table in its setting `table`
    is_many: ClassVar[bool] = False  # its value is a list, and so are its labels
    sortable: ClassVar[bool] = True
    is_upload: ClassVar[bool] = False  # forms send files for it, each to one row
    operators: ClassVar[tuple[str, ...]] = ("eq", "ne", *EMPTINESS)  # how people compare it, the usual way first
    is_range: ClassVar[bool] = False  # looked for between two values

    class Config(forms.Form):
        """The settings of a field of this type; this form is the schema of the stored JSON."""

    # --- in SQL

    def expression(self, field: Field, layout: Layout, alias: str) -> sql.Composable:
        """The value in a row of the table `alias`."""
        return sql.Identifier(alias, field.physical_name)

    def label_sql(self, field: Field, layout: Layout, alias: str) -> sql.Composable | None:
        """What people read instead of the value: the label of a related row, a list of them; None: the value itself."""
        return None

    def reading(self, field: Field, layout: Layout) -> tuple[FieldType, dict]:
        """The type that reads, compares and shows the value, with its settings: another one where it is computed."""
        return self, field.settings

    def label_text(self, label: sql.Composable) -> sql.Composable:
        """What `label_sql` says, as one text in SQL."""
        return label

    def titles(self, field: Field, layout: Layout) -> sql.Composable | None:
        """The rows (`id`, `label`) by whose labels, not by the value itself, people want rows sorted."""
        return None

    def write(self, field: Field, layout: Layout, values: Mapping[int, Any]) -> list[sql.Composable]:
        """For a field that is written but has no column: what gives rows these cleaned values, by the rows' ids."""
        return []

    # --- among the other fields of the project

    def resolve(self, settings: dict, field: Field) -> dict:
        """Settings that name other fields or tables, checked and as they are stored. Raises ValidationError."""
        return settings

    def needs(self, settings: dict) -> frozenset[UUID]:
        """The ids of the tables and fields that a field with these settings cannot be without."""
        return frozenset()

    def spoken(self, settings: dict, field: Field) -> dict:
        """The settings as a form shows them to people: `resolve` understands them again."""
        return settings

    def renamed(self, settings: dict, names: Names) -> dict:
        """The settings with other names for the tables and fields they mention."""
        return settings

    def offer(self, form: forms.Form, table: DataTable, tables: Sequence[DataTable]) -> None:
        """Let people choose, in a settings form for a field of `table`, among the tables of its project."""

    # --- in the structure of the database: SchemaManager runs these in the transaction of the change. A Place (see
    # schema/place.py) says where the field's table lies, where the trash is, and finds the field's other tables.

    def prepare(self, field: Field, place: Place) -> list[sql.Composable]:
        """What must be there before the column: a sequence. The column exists afterwards, if the type has one."""
        return []

    def create(self, field: Field, place: Place) -> list[sql.Composable]:
        """What a field has besides its column, when it is made: a foreign key, an index, a table of links."""
        return []

    def trash(self, field: Field, place: Place) -> list[sql.Composable]:
        """Put that out of the way, keeping what it holds: the column still has its name, and loses it next."""
        return []

    def restore(self, field: Field, place: Place) -> list[sql.Composable]:
        """Bring back what `trash` put away: the column has its name again. What no longer holds is left out."""
        return []

    def drop(self, field: Field, place: Place) -> list[sql.Composable]:
        """Remove for good what `trash` put away, after the column."""
        return []

    def change(self, field: Field, place: Place) -> list[sql.Composable]:
        """Make what `create` made fit the settings as they are now; defaults and checks follow by themselves."""
        return []

    def filled(self, field: Field, place: Place, value: sql.Composable) -> sql.Composable | None:
        """The query that counts the values people gave it, wherever they are kept."""
        return sql.SQL("SELECT count({}) FROM {}").format(value, place.target) if self.column else None

    def column_default(self, field: Field, place: Place) -> sql.Composable | None:
        """What PostgreSQL puts in a new row, and in those that exist, when nobody says anything."""
        return None

    # --- in SQL, values as text

    def to_text(self, value: sql.Composable, settings: dict) -> sql.Composable:
        """A value of this type as text, in SQL; NULL stays NULL."""
        return sql.SQL("{}::text").format(value)

    def from_text(self, text: sql.Composable, settings: dict) -> sql.Composable:
        """The value a text means, in SQL: NULL for an empty text and for one that `clean` would refuse."""
        raise NotImplementedError

    def constraint(self, column: sql.Composable, settings: dict) -> sql.Composable | None:
        """The CHECK that holds these settings in the database, if there is anything to hold."""
        return None

    def converted(
        self, value: sql.Composable, source: FieldType, source_settings: dict, settings: dict
    ) -> sql.Composable:
        """A column of the type `source` as a value of this one, in SQL: for changes of type. Usually through text."""
        return self.from_text(source.to_text(value, source_settings), settings)

    def needs_python(self, settings: Mapping) -> bool:
        """Whether SQL alone cannot tell what `check` and `accept` refuse: an import asks these about each value.

        A `pattern` is a regular expression of Python, and who is a member or which file is there is not known to the
        schema of a project.
        """
        return bool(settings.get("pattern")) or type(self).accept is not FieldType.accept

    # --- in Python

    def parse(self, value: Any) -> Any:
        """The Python value meant by `value` (from JSON or a form), None when empty. Raises ValidationError."""
        raise NotImplementedError

    def check(self, value: Any, settings: dict) -> Any:
        """The parsed value as it may be stored. Raises ValidationError when the settings forbid it."""
        return value

    def clean(self, value: Any, settings: dict) -> Any:
        """What to store for `value`: None when it is empty. Raises ValidationError saying what to do."""
        parsed = self.parse(value)
        return None if parsed is None else self.check(parsed, settings)

    def accept(self, values: Collection[Any], layout: Layout) -> None:
        """Look at cleaned values that are about to be written, in the transaction that writes them, all at once.

        For what only the database knows: that the files and the people they name are there. Raises ValidationError.
        """

    def adapt(self, value: Any) -> Any:
        """The value as psycopg2 takes it."""
        return value

    def to_json(self, value: Any) -> Any:
        """The stored value as workflows and answers carry it; never None here."""
        return value

    def plain(self, value: Any) -> Any:
        """A cleaned value as `to_json` gives it once it is stored."""
        return self.to_json(value)

    def display(self, value: Any, settings: Mapping = NO_SETTINGS) -> str:
        """A value made by `to_json`, for people to read."""
        return str(value)

    def cell(self, value: Any, settings: Mapping = NO_SETTINGS) -> SafeString:
        """A value made by `to_json` in a grid: a badge, a link, a picture; plain text unless a type knows better."""
        return escaped(self.display(value, settings))

    def whole(self, value: Any, settings: Mapping = NO_SETTINGS) -> SafeString:
        """The same where there is room for all of it: on a page about one row."""
        return self.cell(value, settings)

    def export(self, value: Any, settings: Mapping = NO_SETTINGS) -> Exported:
        """A value made by `to_json` for a file: a number, a day or a moment where a spreadsheet has cells of those."""
        return self.display(value, settings)

    def to_form(self, value: Any) -> Any:
        """A value made by `to_json`, as the form field wants it."""
        return value

    def form_field(self, settings: dict, **options: Any) -> forms.Field:
        """The form field that edits a value; `clean` has the last word on what was typed."""
        return forms.CharField(widget=UnfoldAdminTextInputWidget(), **options)

    def row_field(self, field: Field, layout: Layout, **options: Any) -> forms.Field:
        """The same in the form of a row, where the type may look around: at the members, at the other table."""
        return self.form_field(field.settings, **options)


field_types: Registry[FieldType] = Registry("field types")


class LinesField(forms.CharField):
    """A list of texts, typed one per line; blank lines and repetitions are dropped."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": 4})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:
        lines = value if isinstance(value, list) else str(value or "").splitlines()
        return list(dict.fromkeys(text for line in lines if (text := storable(str(line)).strip())))

    def validate(self, value: list[str]) -> None:
        if self.required and not value:
            raise ValidationError(self.error_messages["required"], code="required")

    def run_validators(self, value: list[str]) -> None:
        for line in value:
            super().run_validators(line)


def quoted(value: Any) -> str:
    """A value as an error message shows it: short, in quotes."""
    text = str(value)
    return f"“{text[:40]}…”" if len(text) > 40 else f"“{text}”"
