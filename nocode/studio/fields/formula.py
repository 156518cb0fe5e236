"""A formula: computed from other fields of the row, in the language of `studio/formula`."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg2 import sql
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextareaWidget

from nocode.foundation.ids import uuid_or_none
from nocode.studio.errors import FieldBroken, FormulaRefused
from nocode.studio.fields.base import FieldType, Names, field_types
from nocode.studio.fields.computed import Computed, refuse_circle
from nocode.studio.formula import Kind, Typed, compile_formula, place_in, references, rewrite
from nocode.studio.formula.kinds import cast, tidy
from nocode.studio.formula.lexer import LONGEST

if TYPE_CHECKING:
    from nocode.studio.formula.lexer import Token
    from nocode.studio.layouts import Column, Layout
    from nocode.studio.models import Field

SYSTEM_NAMES = ("id", "created_at", "updated_at")
_DECIMALS = 10
_KINDS = {
    "text": Kind.TEXT,
    "bigint": Kind.NUMBER,
    "numeric": Kind.NUMBER,
    "boolean": Kind.BOOLEAN,
    "date": Kind.DATE,
    "timestamptz": Kind.DATETIME,
}
_READERS = {
    Kind.NUMBER: "decimal",
    Kind.TEXT: "text",
    Kind.BLANK: "text",
    Kind.BOOLEAN: "boolean",
    Kind.DATE: "date",
    Kind.DATETIME: "datetime",
}
_SHOWN_NUMBER = "(SELECT CASE WHEN abs(f.a) < 1e30 THEN round(f.a, {}) END FROM (SELECT {} AS a OFFSET 0) AS f)"


@field_types.register
class Formula(Computed):
    """What a formula makes of the other fields of the row."""

    kind, label = "formula", gettext_lazy("Formula")

    class Config(forms.Form):
        formula = forms.CharField(
            label=gettext_lazy("Formula"),
            max_length=LONGEST,
            widget=UnfoldAdminTextareaWidget(attrs={"rows": 4, "spellcheck": "false", "class": "c-code"}),
            help_text=gettext_lazy('Fields are written {Price}, texts "paid", functions ROUND({Price} * 1.2, 2).'),
        )
        decimals = forms.IntegerField(
            label=gettext_lazy("Decimals"),
            min_value=0,
            max_value=_DECIMALS,
            required=False,
            widget=UnfoldAdminIntegerFieldWidget(),
            help_text=gettext_lazy("To which a number is rounded; empty: as many as it has."),
        )

    def resolve(self, settings: dict, field: Field) -> dict:
        """Fields may be named by their label or by their id; ids are kept, so that a rename changes nothing."""
        siblings = type(field).objects.filter(table=field.table_id).exclude(pk=field.pk)
        known = {each.label: str(each.pk) for each in siblings} | {field.label: str(field.pk)}
        try:
            settings["formula"] = rewrite(settings["formula"], lambda token: _id(token, known))
        except FormulaRefused as error:
            raise ValidationError(said(error)) from error
        refuse_circle(field, self.needs(settings))
        return settings

    def spoken(self, settings: dict, field: Field) -> dict:
        labels = {str(each.pk): each.label for each in field.table.fields.all()}
        return settings | {"formula": rewrite(settings["formula"], lambda token: labels.get(token.value, token.value))}

    def renamed(self, settings: dict, names: Names) -> dict:
        def name(token: Token) -> str:
            return token.value if token.value in SYSTEM_NAMES else names.field(token.value)

        return settings | {"formula": rewrite(settings["formula"], name)}

    def needs(self, settings: dict) -> frozenset[UUID]:
        return frozenset(pk for name in references(settings["formula"]) if (pk := uuid_or_none(name)))

    def expression(self, field: Field, layout: Layout, alias: str) -> sql.Composable:
        found = _compiled(field, layout, alias)
        if found.kind == Kind.NUMBER:
            decimals = field.settings.get("decimals")
            return sql.SQL(_SHOWN_NUMBER).format(sql.Literal(_DECIMALS if decimals is None else decimals), found.sql)
        return cast(found.sql, found.kind)

    def reading(self, field: Field, layout: Layout) -> tuple[FieldType, dict]:
        return field_types[_READERS[_compiled(field, layout, "t").kind]], {}


def said(error: FormulaRefused) -> str:
    """A mistake in a formula with its place, as people count."""
    return _("Formula, character %(place)d: %(problem)s") % {"place": error.position + 1, "problem": error.message}


def _id(token: Token, known: dict[str, str]) -> str:
    name = token.value
    if name in known.values() or (name in SYSTEM_NAMES and name not in known):
        return name
    if name not in known:
        raise FormulaRefused(_("There is no field “%(name)s” in this table.") % {"name": name}, position=token.start)
    return known[name]


def _compiled(field: Field, layout: Layout, alias: str) -> Typed:
    def scope(name: str) -> Typed:
        other = layout.by_id.get(name)
        column = layout.column(other, alias) if other else layout.named(name, alias)
        if column is None:
            raise FormulaRefused(_("A field of this formula is not there."))
        return _typed(column)

    try:
        return compile_formula(field.settings["formula"], scope)
    except FormulaRefused as error:
        error.position = place_in(field.settings["formula"], error.position, lambda token: _label(token, layout))
        raise FieldBroken(said(error), position=error.position) from error


def _label(token: Token, layout: Layout) -> str:
    other = layout.by_id.get(token.value)
    return other.label if other else token.value


def _typed(column: Column) -> Typed:
    """A column as a value of a formula: as a text what is neither a number, nor a date, nor true or false."""
    kind = None if column.label_sql is not None else _KINDS.get(column.type.column or "")
    if kind is None or kind == Kind.TEXT:
        return Typed(tidy(column.text), Kind.TEXT)
    return Typed(cast(column.sql, kind), kind)
