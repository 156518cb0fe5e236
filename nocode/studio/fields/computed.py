"""What lookups and rollups have in common: the way from a row to the rows of another table, along a relation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg2 import sql
from unfold.widgets import UnfoldAdminSelectWidget

from nocode.foundation.ids import uuid_or_none
from nocode.studio.errors import FieldBroken
from nocode.studio.fields.base import FieldType, Names
from nocode.studio.fields.relations import links

if TYPE_CHECKING:
    from nocode.studio.layouts import Column, Layout
    from nocode.studio.models import DataTable, Field

BACK = "-"  # before the id of a relation: the way back, to the rows that lead here


class Computed(FieldType):
    """A field that shows what it finds out when it is read; nobody writes it."""

    column = None
    is_computed = True
    can_be_unique = False

    def parse(self, value: Any) -> Any:
        if value is None or not str(value).strip():
            return None
        raise ValidationError(_("it is computed; nobody can write it"))


class WayConfig(forms.Form):
    """A relation, forwards or back, and a field of the table at its end."""

    relation = forms.CharField(label=gettext_lazy("Relation"), widget=UnfoldAdminSelectWidget())
    field = forms.CharField(label=gettext_lazy("Field"), widget=UnfoldAdminSelectWidget())
    table = forms.CharField(required=False, widget=forms.HiddenInput())  # at its end: `resolve` knows it


@dataclass(frozen=True)
class Way:
    """The rows at the end of a relation: what follows FROM, and how the statement calls such a row."""

    layout: Layout
    alias: str
    rows: sql.Composable
    is_many: bool


class Along(Computed):
    """A field computed from a field of related rows."""

    Config = WayConfig

    def resolve(self, settings: dict, field: Field) -> dict:
        back = BACK if settings["relation"].startswith(BACK) else ""
        relation = _field(field, settings["relation"].removeprefix(BACK))
        table = relation and _end(relation, field, is_back=bool(back))
        if table is None:
            raise ValidationError(_("choose a relation of this table, or one that leads to it"))
        settings |= {"relation": f"{back}{relation.pk}", "table": str(table)}
        if settings["field"]:
            target = _field(field, settings["field"])
            if target is None or target.table_id != table:
                raise ValidationError(_("choose a field of the table at the other end of the relation"))
            settings["field"] = str(target.pk)
        refuse_circle(field, self.needs(settings))
        return settings

    def renamed(self, settings: dict, names: Names) -> dict:
        """Without the table: `resolve` finds it at the end of the relation."""
        key = settings["relation"]
        back = BACK if key.startswith(BACK) else ""
        settings = settings | {"relation": f"{back}{names.field(key.removeprefix(BACK))}"}
        if settings.get("field"):
            settings["field"] = names.field(settings["field"])
        return {name: value for name, value in settings.items() if name != "table"}

    def needs(self, settings: dict) -> frozenset[UUID]:
        named = (settings["relation"].removeprefix(BACK), settings["table"], settings["field"])
        return frozenset(UUID(each) for each in named if each)

    def offer(self, form: forms.Form, table: DataTable, tables: Sequence[DataTable]) -> None:
        known = {other.pk: other for other in tables}
        ways, ends = [("", "—")], {}
        for other in tables:
            for each in other.fields.all():
                end = known.get(uuid_or_none(each.settings.get("table"))) if each.type.is_relation else None
                if end and other.pk == table.pk:
                    ways.append((str(each.pk), f"{each.label} → {end.label}"))
                    ends[end.pk] = end
                if end and end.pk == table.pk:
                    ways.append((f"{BACK}{each.pk}", f"{other.label} ({each.label})"))
                    ends[other.pk] = other
        form.fields["relation"].widget.choices = ways
        form.fields["field"].widget.choices = [
            ("", "—"),
            *((end.label, [(str(each.pk), each.label) for each in end.fields.all()]) for end in ends.values()),
        ]

    def way(self, field: Field, layout: Layout, alias: str) -> Way:
        """Where the related rows of a row called `alias` are. Raises FieldBroken."""
        key, other, row = field.settings["relation"], layout.related(field.settings["table"]), f"{alias}r"
        is_back = key.startswith(BACK)
        relation = (other if is_back else layout).by_id.get(key.removeprefix(BACK))
        if relation is None or not relation.type.is_relation:
            raise FieldBroken(_("The relation it follows is not there."))
        is_many = relation.type.is_many or (is_back and not relation.unique)
        return Way(other, row, _rows(relation, layout.schema, other, row, alias, is_back), is_many)

    def source(self, field: Field, layout: Layout, alias: str) -> Column:
        """The field that is looked at, in a row called `alias` of the table at the end. Raises FieldBroken."""
        other = layout.related(field.settings["table"])
        target = other.by_id.get(field.settings["field"])
        if target is None:
            raise FieldBroken(_("The field it shows is not there."))
        return other.column(target, alias)


def _rows(relation: Field, schema: str, other: Layout, row: str, alias: str, is_back: bool) -> sql.Composable:
    here, there = sql.Identifier(alias, "id"), sql.Identifier(row, "id")
    names = {"other": other.target, "row": sql.Identifier(row), "here": here, "there": there}
    if relation.type.is_many:
        near, far = ("target", "source") if is_back else ("source", "target")
        shape = "{other} AS {row} JOIN {links} AS l ON l.{far} = {there} WHERE l.{near} = {here}"
        return sql.SQL(shape).format(
            **names, links=links(relation, schema), near=sql.Identifier(near), far=sql.Identifier(far)
        )
    if is_back:
        column = sql.Identifier(row, relation.physical_name)
        return sql.SQL("{other} AS {row} WHERE {column} = {here}").format(**names, column=column)
    column = sql.Identifier(alias, relation.physical_name)
    return sql.SQL("{other} AS {row} WHERE {there} = {column}").format(**names, column=column)


def _field(field: Field, key: str) -> Field | None:
    """A field of the same project by its id."""
    fields = type(field).objects.filter(table__project=field.table.project_id, table__trashed_at=None)
    return fields.filter(pk=uuid_or_none(key)).first()


def _end(relation: Field, field: Field, *, is_back: bool) -> UUID | None:
    """The table at the end of a relation, None when it has nothing to do with the table of the field."""
    if not relation.type.is_relation:
        return None
    near, far = relation.table_id, UUID(relation.settings["table"])
    if is_back:
        near, far = far, near
    return far if near == field.table_id else None


def refuse_circle(field: Field, needs: frozenset[UUID]) -> None:
    """Raise ValidationError when a field would be computed from itself, directly or through others."""
    others = type(field).objects.filter(table__project=field.table.project_id, table__trashed_at=None)
    known = {each.pk: each.type.needs(each.settings) for each in others if each.type.is_computed}
    reached, fresh = set(), set(needs)
    while fresh:
        reached |= fresh
        fresh = {pk for near in fresh for pk in known.get(near, ())} - reached
    if field.pk in reached:
        raise ValidationError(_("it would be computed from itself"))
