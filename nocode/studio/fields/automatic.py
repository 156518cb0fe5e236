"""What a row gets by itself: a number, an identifier, the moments and the people of its first and last writing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg2 import sql
from unfold.widgets import UnfoldAdminTextInputWidget

from nocode.studio.fields.base import FieldType, field_types, quoted
from nocode.studio.fields.conversions import call
from nocode.studio.fields.date import DateTime
from nocode.studio.fields.number import WholeNumber
from nocode.studio.fields.person import Person

if TYPE_CHECKING:
    from nocode.studio.layouts import Layout
    from nocode.studio.models import Field
    from nocode.studio.schema.place import Place

_HEX = "[0-9A-Fa-f]"
_UUID = f"{_HEX}{{8}}-?({_HEX}{{4}}-?){{3}}{_HEX}{{12}}"
UUID_SHAPE = rf"^({_UUID}|\u007b{_UUID}\u007d)$"


@field_types.register
class Uuid(FieldType):
    """An identifier that no other row in the world has; a new row gets one unless it brings its own."""

    kind, label, column = "uuid", gettext_lazy("UUID"), "uuid"

    def column_default(self, field: Field, place: Place) -> sql.Composable:
        return sql.SQL("gen_random_uuid()")

    def from_text(self, text: sql.Composable, settings: dict) -> sql.Composable:
        return sql.SQL("{}::uuid").format(call("try_shape", text, UUID_SHAPE, 40))

    def parse(self, value: Any) -> UUID | None:
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        text = str(value).strip()
        if not re.fullmatch(UUID_SHAPE, text):
            raise ValidationError(
                _("%(value)s is not a UUID; write for example 01234567-89ab-cdef-0123-456789abcdef")
                % {"value": quoted(value)}
            )
        return UUID(text)

    def adapt(self, value: UUID) -> str:
        return str(value)

    def to_json(self, value: UUID | str) -> str:
        return str(value)

    def form_field(self, settings: dict, **options: Any) -> forms.Field:
        options.setdefault("initial", lambda: str(uuid4()))
        return forms.CharField(widget=UnfoldAdminTextInputWidget(attrs={"spellcheck": "false"}), **options)


@field_types.register
class AutoNumber(WholeNumber):
    """1, 2, 3 … in the order in which rows were added; a number is never given twice, so some may be missing."""

    kind, label = "auto_number", gettext_lazy("Auto number")
    is_computed = True
    Config = forms.Form

    def prepare(self, field: Field, place: Place) -> list[sql.Composable]:
        return [sql.SQL("CREATE SEQUENCE {}").format(_sequence(field, place))]

    def create(self, field: Field, place: Place) -> list[sql.Composable]:
        """The sequence belongs to the column: it goes where the table goes, and ends with it."""
        names = {
            "sequence": _sequence(field, place),
            "name": _by_name(field, place),
            "column": sql.Identifier(place.schema, place.table, field.physical_name),
            "value": sql.Identifier(field.physical_name),
            "table": place.target,
        }
        return [
            sql.SQL("ALTER SEQUENCE {sequence} OWNED BY {column}").format(**names),
            sql.SQL("SELECT setval({name}, coalesce(max({value}), 0) + 1, false) FROM {table}").format(**names),
        ]

    def column_default(self, field: Field, place: Place) -> sql.Composable:
        return sql.SQL("nextval({}::regclass)").format(_by_name(field, place))


def _sequence(field: Field, place: Place) -> sql.Identifier:
    return sql.Identifier(place.schema, f"n_{field.pk.hex}")


def _by_name(field: Field, place: Place) -> sql.Literal:
    """The sequence as nextval() takes it: its quoted name in a text."""
    return sql.Literal(_sequence(field, place).as_string(connection.connection))


class _SystemTime(DateTime):
    """A moment that every row has in a column of its table's own."""

    column = None
    is_computed = True
    can_be_unique = False
    Config = forms.Form

    def expression(self, field: Field, layout: Layout, alias: str) -> sql.Composable:
        return sql.Identifier(alias, self.source)


@field_types.register
class CreatedTime(_SystemTime):
    """When the row was added."""

    kind, label, source = "created_time", gettext_lazy("Created at"), "created_at"


@field_types.register
class UpdatedTime(_SystemTime):
    """When the row was last changed."""

    kind, label, source = "updated_time", gettext_lazy("Updated at"), "updated_at"


@field_types.register
class CreatedBy(Person):
    """Who added the row; empty when that was no person."""

    kind, label = "created_by", gettext_lazy("Created by")
    stamped = frozenset({"created"})
    is_computed = True
    can_be_unique = False


@field_types.register
class UpdatedBy(Person):
    """Who changed the row last; empty when that was no person."""

    kind, label = "updated_by", gettext_lazy("Updated by")
    stamped = frozenset({"updated"})
    is_computed = True
    can_be_unique = False
