"""Fields: making them, naming them, and their rules."""

from __future__ import annotations

import dataclasses
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from psycopg2 import sql

from nocode.studio.fields import field_types
from nocode.studio.models import Field
from nocode.studio.schema import ddl, problems
from nocode.studio.schema.operations import specs
from nocode.studio.schema.operations.base import Operation, operation
from nocode.studio.schema.operations.indexes import refresh_search
from nocode.studio.schema.operations.specs import NewField
from nocode.studio.schema.operations.trash import RestoreField, TrashField
from nocode.studio.schema.place import Place
from nocode.studio.schema.workbench import Workbench

_SAYS = {
    "label": _("“%(field)s” is called “%(after)s” from now on."),
    "help_text": _("“%(field)s” has another help text."),
    "default": _("“%(field)s” of new rows is filled in differently; rows that are there stay as they are."),
    "settings": _("“%(field)s” has other settings: they hold for what is written from now on."),
    ("required", True): _("“%(field)s” must be filled in from now on, in every row."),
    ("required", False): _("“%(field)s” may be left empty from now on."),
    ("unique", True): _("“%(field)s” must be different in every row from now on."),
    ("unique", False): _("“%(field)s” may be the same in several rows from now on."),
}


@operation
@dataclasses.dataclass(frozen=True)
class AddField(Operation):
    """A field more. Rows that exist get `fill`; a required field needs it, or a default, as soon as there are rows."""

    op = "add_field"
    label = _("Field added")

    new: dict[str, Any] = dataclasses.field(default_factory=dict)
    fill: Any = None

    def prepared(self, bench: Workbench) -> AddField:
        table = bench.table(self.table)
        others = list(specs.all_fields(table))
        last = max((other.position for other in others), default=-1)
        new = specs.prepared(bench, table, NewField(**self.new), others, last + 1)
        fill = specs.clean_value(new.build(table), self.fill)
        return dataclasses.replace(self, new=dataclasses.asdict(new), fill=fill)

    def apply(self, bench: Workbench) -> Operation:
        new = NewField(**self.new)
        if bench.has_trashed(Field, new.id):  # made again after it was undone
            return RestoreField(self.table, new.id).apply(bench)
        table = bench.table(self.table)
        field = new.build(table)
        field.save(force_insert=True)
        fill = None if self.fill is None else field.type.clean(self.fill, field.settings)
        place = bench.place(table)
        if bench.dry and field.type.column:
            self._look_at_rows(bench, place, field, ddl.first_value(place, field, fill))
        bench.run(*ddl.add_column(place, field, fill))
        refresh_search(bench, table)
        bench.touch(table)
        bench.tell(field, "created")
        return TrashField(self.table, new.id)

    def says(self, bench: Workbench) -> str:
        new = NewField(**self.new)
        names = {"field": new.label, "type": field_types[new.kind].label}
        return gettext("“%(field)s” is added: %(type)s.") % names

    def _look_at_rows(self, bench: Workbench, place: Place, field: Field, value: sql.Composable | None) -> None:
        """What the rows that exist have against the field. What a type fills in by itself is another value in each."""
        bench.checks = field.type.is_relation or field.required or bool(ddl.rules(field))
        bench.rewrites = value is not None and value == field.type.column_default(field, place)
        if bench.rewrites:
            return
        value = sql.SQL("({})::{}").format(value or sql.NULL, sql.SQL(field.type.column))
        bench.imagine(field, value)
        if field.required:
            bench.object(problems.without_value(bench.rows, place, field, value))
        if field.unique:
            bench.object(problems.doubles(bench.rows, place, field, value))


@operation
@dataclasses.dataclass(frozen=True)
class ChangeField(Operation):
    """The name, help and rules of a field. `values` are those that change; new settings hold for what comes."""

    op = "change_field"
    label = _("Field changed")
    CHANGEABLE = ("label", "help_text", "required", "unique", "settings", "default")

    field: str = ""
    values: dict[str, Any] = dataclasses.field(default_factory=dict)

    def prepared(self, bench: Workbench) -> ChangeField:
        field, values = bench.field(self.field), dict(self.values)
        if "label" in values:
            values["label"] = bench.free_field_label(values["label"], field.table.fields.exclude(pk=field.pk))
        before = {name: getattr(field, name) for name in self.CHANGEABLE}
        for name, value in values.items():
            setattr(field, name, value)
        if {"required", "unique", "settings", "default"} & set(values):
            specs.check(field)
        changed = {name: getattr(field, name) for name in self.CHANGEABLE if getattr(field, name) != before[name]}
        return dataclasses.replace(self, values=changed)

    def is_idle(self, bench: Workbench) -> bool:
        return not self.values

    def says(self, bench: Workbench) -> str:
        field = bench.field(self.field)
        names = {"field": field.label, "after": self.values.get("label")}
        return " ".join(str(_SAYS.get(name) or _SAYS[name, value]) % names for name, value in self.values.items())

    def apply(self, bench: Workbench) -> Operation:
        field = bench.field(self.field)
        before = {name: getattr(field, name) for name in self.values}
        for name, value in self.values.items():
            setattr(field, name, value)
        field.save(update_fields=[*self.values, "updated_at"])
        if "settings" in self.values:
            bench.run(*field.type.change(field, bench.place(field.table)))
        if field.type.column:
            self._change_rules(bench, field)
        bench.touch(field.table)
        bench.tell(field, "changed")
        return ChangeField(self.table, self.field, before)

    def _change_rules(self, bench: Workbench, field: Field) -> None:
        bench.checks = "settings" in self.values or any(self.values.get(rule) for rule in ("unique", "required"))
        place, value = bench.place(field.table), bench.value(field)
        if "settings" in self.values:
            bench.run(ddl.drop_check(place, field))
            in_the_way = problems.against_settings(bench.rows, place, field, value)
            bench.object(in_the_way)
            if (check := ddl.check_of(field)) is not None and not in_the_way:
                bench.run(*ddl.add_check(place, field, check))
        if {"default", "settings"} & set(self.values):
            bench.run(ddl.set_default(place, field))
        if "unique" in self.values:
            if bench.dry and field.unique:
                bench.object(problems.doubles(bench.rows, place, field, value))
            bench.run(*ddl.set_unique(place, field))
        if "required" in self.values:
            if bench.dry and field.required:
                bench.object(problems.without_value(bench.rows, place, field, value))
            bench.run(ddl.set_required(place, field))
