"""A lookup: what a field of the related row says, shown here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy
from psycopg2 import sql

from nocode.studio.fields.base import FieldType, field_types
from nocode.studio.fields.computed import Along

if TYPE_CHECKING:
    from nocode.studio.layouts import Layout
    from nocode.studio.models import Field


@field_types.register
class Lookup(Along):
    """A field of the related row; of several related rows, their values as one text."""

    kind, label = "lookup", gettext_lazy("Lookup")

    def expression(self, field: Field, layout: Layout, alias: str) -> sql.Composable:
        way = self.way(field, layout, alias)
        source = self.source(field, layout, way.alias)
        if not way.is_many:
            value = source.sql if source.label_sql is None else source.text
            return sql.SQL("(SELECT {} FROM {})").format(value, way.rows)
        return sql.SQL("(SELECT string_agg({}, ', ' ORDER BY {}) FROM {})").format(
            source.text, sql.Identifier(way.alias, "id"), way.rows
        )

    def reading(self, field: Field, layout: Layout) -> tuple[FieldType, dict]:
        way = self.way(field, layout, "t")
        source = self.source(field, layout, way.alias)
        if way.is_many or source.label_sql is not None:
            return field_types["text"], {}
        return source.type, source.settings
