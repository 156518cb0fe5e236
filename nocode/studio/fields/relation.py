"""A relation to one row: a column with a foreign key, so the database itself keeps it true."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg2 import sql
from unfold.widgets import UnfoldAdminSelectWidget

from nocode.studio.fields.base import EMPTINESS, field_types
from nocode.studio.fields.conversions import call
from nocode.studio.fields.links import Link, LinkConfig, row_id

if TYPE_CHECKING:
    from nocode.studio.layouts import Layout
    from nocode.studio.models import Field
    from nocode.studio.schema.place import Place

ON_DELETE = {
    "restrict": gettext_lazy("Refuse to delete it"),
    "set_null": gettext_lazy("Leave this field empty"),
    "cascade": gettext_lazy("Delete this row, too"),
}
# NO ACTION refuses like RESTRICT, but only at the end of a statement: rows that go together may go together.
_CLAUSES = {"restrict": "NO ACTION", "set_null": "SET NULL", "cascade": "CASCADE"}


@field_types.register
class Relation(Link):
    """One row of another table, or of the same one."""

    kind, label, column = "relation", gettext_lazy("Relation to one row"), "bigint"
    operators = ("contains", "eq", "ne", *EMPTINESS)  # what is contained is a part of the row's name

    class Config(LinkConfig):
        on_delete = forms.ChoiceField(
            label=gettext_lazy("When that row is deleted"),
            choices=list(ON_DELETE.items()),
            initial="restrict",
            required=False,
            widget=UnfoldAdminSelectWidget(),
        )

    def resolve(self, settings: dict, field: Field) -> dict:
        settings = super().resolve(settings, field)
        settings["on_delete"] = settings["on_delete"] or "restrict"
        if settings["on_delete"] == "set_null" and field.required:
            raise ValidationError(_("a required field cannot be left empty when the other row is deleted"))
        return settings

    # --- in SQL

    def label_sql(self, field: Field, layout: Layout, alias: str) -> sql.Composable:
        other, row = layout.related(field.settings["table"]), f"{alias}r"
        return sql.SQL("(SELECT {} FROM {} AS {} WHERE {} = {})").format(
            other.title(row),
            other.target,
            sql.Identifier(row),
            sql.Identifier(row, "id"),
            sql.Identifier(alias, field.physical_name),
        )

    def titles(self, field: Field, layout: Layout) -> sql.Composable:
        other = layout.related(field.settings["table"])
        return sql.SQL("SELECT o.id, {} AS label FROM {} AS o").format(other.title("o"), other.target)

    def from_text(self, text: sql.Composable, settings: dict) -> sql.Composable:
        return call("try_integer", text, 1, None)

    # --- in the structure of the database

    def create(self, field: Field, place: Place) -> list[sql.Composable]:
        index = sql.SQL("CREATE INDEX {} ON {} ({})").format(
            sql.Identifier(_name(field)), place.target, sql.Identifier(field.physical_name)
        )
        return [self._foreign_key(field, place), index]

    def trash(self, field: Field, place: Place) -> list[sql.Composable]:
        drop = "ALTER TABLE {} DROP CONSTRAINT IF EXISTS {}"
        return [
            sql.SQL(drop).format(place.target, sql.Identifier(_name(field))),
            sql.SQL("DROP INDEX IF EXISTS {}").format(sql.Identifier(place.schema, _name(field))),
        ]

    def restore(self, field: Field, place: Place) -> list[sql.Composable]:
        column = sql.Identifier(field.physical_name)
        gone = sql.SQL(
            "UPDATE {table} AS t SET {column} = NULL WHERE t.{column} IS NOT NULL "
            "AND NOT EXISTS (SELECT FROM {other} AS o WHERE o.id = t.{column})"
        ).format(table=place.target, column=column, other=place.find(field.settings["table"]).target)
        return [gone, *self.create(field, place)]

    def change(self, field: Field, place: Place) -> list[sql.Composable]:
        return [self.trash(field, place)[0], self._foreign_key(field, place)]

    def _foreign_key(self, field: Field, place: Place) -> sql.Composable:
        return sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} (id) ON DELETE {}").format(
            place.target,
            sql.Identifier(_name(field)),
            sql.Identifier(field.physical_name),
            place.find(field.settings["table"]).target,
            sql.SQL(_CLAUSES[field.settings["on_delete"]]),
        )

    # --- in Python

    def parse(self, value: Any) -> int | None:
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        return row_id(value)

    def display(self, value: int, settings: Any = None) -> str:
        return f"#{value}"


def _name(field: Field) -> str:
    """Of the foreign key and of its index, from the id: a refusal of the database leads back to the field."""
    return f"fk_{field.pk.hex}"
