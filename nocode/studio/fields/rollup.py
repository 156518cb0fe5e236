"""A rollup: one figure over the related rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg2 import sql
from unfold.widgets import UnfoldAdminSelectWidget

from nocode.studio.errors import FieldBroken
from nocode.studio.fields.base import FieldType, field_types
from nocode.studio.fields.computed import Along, WayConfig

if TYPE_CHECKING:
    from nocode.studio.layouts import Column, Layout
    from nocode.studio.models import Field

FUNCTIONS = {
    "count": gettext_lazy("Number of rows"),
    "filled": gettext_lazy("Number of values"),
    "sum": gettext_lazy("Sum"),
    "avg": gettext_lazy("Average"),
    "min": gettext_lazy("Smallest"),
    "max": gettext_lazy("Largest"),
    "any": gettext_lazy("Whether one is yes"),
    "all": gettext_lazy("Whether all are yes"),
}
# What the functions can be used on: the PostgreSQL types of the field's values.
_NUMBERS = ("bigint", "numeric")
_SUITS = {
    **dict.fromkeys(["sum", "avg"], _NUMBERS),
    **dict.fromkeys(["min", "max"], (*_NUMBERS, "text", "date", "timestamptz", "time")),
    **dict.fromkeys(["any", "all"], ("boolean",)),
}
_SHAPES = {
    "filled": "count({})",
    "sum": "coalesce(sum({}), 0)",
    "avg": "round(avg({}), 10)",
    "min": "min({})",
    "max": "max({})",
    "any": "coalesce(bool_or({}), FALSE)",
    "all": "bool_and({})",
}
_WHOLE = "(SELECT CASE WHEN abs(f.a) < 9e18 THEN f.a::bigint END FROM (SELECT {} AS a OFFSET 0) AS f)"


@field_types.register
class Rollup(Along):
    """A figure over the related rows: how many, the sum, the largest …"""

    kind, label = "rollup", gettext_lazy("Rollup")

    class Config(WayConfig):
        field = forms.CharField(
            label=gettext_lazy("Field"),
            required=False,
            widget=UnfoldAdminSelectWidget(),
            help_text=gettext_lazy("Not needed to count rows."),
        )
        function = forms.ChoiceField(
            label=gettext_lazy("Figure"), choices=list(FUNCTIONS.items()), widget=UnfoldAdminSelectWidget()
        )

    def resolve(self, settings: dict, field: Field) -> dict:
        if settings["function"] == "count":
            settings["field"] = ""
        elif not settings["field"]:
            raise ValidationError(_("choose the field for this figure"))
        return super().resolve(settings, field)

    def expression(self, field: Field, layout: Layout, alias: str) -> sql.Composable:
        way, function = self.way(field, layout, alias), field.settings["function"]
        if function == "count":
            return sql.SQL("(SELECT count(*) FROM {})").format(way.rows)
        source = self.source(field, layout, way.alias)
        _refuse_misfit(source, function)
        figure = sql.SQL("(SELECT {} FROM {})").format(sql.SQL(_SHAPES[function]).format(source.sql), way.rows)
        is_whole = function in ("sum", "avg") and _reads_whole(source)
        return sql.SQL(_WHOLE).format(figure) if is_whole else figure

    def reading(self, field: Field, layout: Layout) -> tuple[FieldType, dict]:
        function = field.settings["function"]
        if function in ("count", "filled"):
            return field_types["integer"], {}
        source = self.source(field, layout, self.way(field, layout, "t").alias)
        if function in ("sum", "avg") and source.type.column == "bigint" and not _reads_whole(source):
            return field_types["decimal"], {}
        return source.type, source.settings


def _reads_whole(source: Column) -> bool:
    """Whether the type means something by a whole number, as a duration does by its seconds."""
    return source.type.column == "bigint" and source.type.kind not in ("integer", "auto_number")


def _refuse_misfit(source: Column, function: str) -> None:
    if function in _SUITS and source.type.column not in _SUITS[function]:
        raise FieldBroken(
            _("“%(function)s” makes no sense for “%(field)s”.")
            % {"function": FUNCTIONS[function], "field": source.label}
        )
