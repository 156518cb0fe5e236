"""Repairs: the database and what we know of it are brought together again, where there is no way back: what was before
was a mistake. Repairs of rules have one (see rules.py)."""

from __future__ import annotations

import dataclasses
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from psycopg2 import sql

from nocode.studio.fields.relations import links_name
from nocode.studio.models import DataTable, Field
from nocode.studio.schema import ddl, mending, problems
from nocode.studio.schema.operations import specs
from nocode.studio.schema.operations.adopt import found_table
from nocode.studio.schema.operations.base import Operation, operation
from nocode.studio.schema.operations.forgetting import forget_field, forget_table
from nocode.studio.schema.operations.indexes import refresh_search
from nocode.studio.schema.operations.trash import leave_off_rules, trash_dependents
from nocode.studio.schema.workbench import Workbench


@dataclasses.dataclass(frozen=True)
class Repair(Operation):
    """A change of structure that cannot be undone."""

    def apply(self, bench: Workbench) -> None:
        self.mend(bench)

    def mend(self, bench: Workbench) -> None:
        """Make the repair. Raises RuleBroken when rows are in its way."""
        raise NotImplementedError


@operation
@dataclasses.dataclass(frozen=True)
class MakeSchema(Repair):
    """The schema of the project, empty."""

    op = "make_schema"
    label = _("Schema made again")

    def mend(self, bench: Workbench) -> None:
        project = bench.project
        bench.run(*ddl.create_schema(project.schema_name, f"NoCode project {project.pk}"))


@operation
@dataclasses.dataclass(frozen=True)
class MakeTable(Repair):
    """A table that is gone, empty, with all its columns; links and relations that survived are kept."""

    op = "make_table"
    label = _("Table made again")

    def mend(self, bench: Workbench) -> None:
        table = bench.table(self.table)
        place, fields = bench.place(table), list(table.fields.all())
        bench.run(*ddl.create_table(place, []))
        for field in sorted(fields, key=lambda each: each.type.is_relation):
            if field.type.column or not bench.has_relation(place.home, links_name(field)):
                bench.run(*ddl.add_column(place, field, None))
        for field in Field.everything.filter(table=table, trashed_at__isnull=False):
            if field.type.column:
                bench.run(mending.add_bare_column(place, field))
        bench.touch(table)


@operation
@dataclasses.dataclass(frozen=True)
class MakeColumn(Repair):
    """A column that is gone, empty; a field cannot be required then, when there are rows."""

    op = "make_column"
    label = _("Column made again")

    field: str = ""

    def mend(self, bench: Workbench) -> None:
        field = bench.field(self.field)
        place = bench.place(field.table)
        fills = ddl.filling(field, place) is not None
        if field.required and not fills and bench.rows(sql.SQL("SELECT FROM {} LIMIT 1").format(place.target)):
            field.required = False
            field.save(update_fields=["required", "updated_at"])
            bench.note(gettext("“%(field)s” is not required any more: rows have no value.") % {"field": field.label})
        bench.run(*ddl.add_column(place, field, None))
        refresh_search(bench, field.table)
        bench.touch(field.table)


@operation
@dataclasses.dataclass(frozen=True)
class ConvertBack(Repair):
    """A column that got another type gets the field's again, if no value is lost by it."""

    op = "convert_back"
    label = _("Column converted back")

    field: str = ""

    def mend(self, bench: Workbench) -> None:
        field = bench.field(self.field)
        place = bench.place(field.table)
        there = found_table(bench, field.table.physical_name).columns[field.physical_name]
        bench.run(*field.type.trash(field, place))
        mending.reshape(bench, place, field, there)
        if field.type.is_relation and not bench.dry:
            mending.refuse(problems.leading_nowhere(bench.rows, place, field, place.find(field.settings["table"])))
        mending.keep_rules(bench, place, field)
        if field.type.is_relation:
            bench.run(*field.type.create(field, place))
        bench.touch(field.table)


@operation
@dataclasses.dataclass(frozen=True)
class TakeType(Repair):
    """The field gets the type that its column has got; rules that its rows break are left off and said."""

    op = "take_type"
    label = _("Type taken from the column")

    field: str = ""
    kind: str = ""
    settings: dict[str, Any] = dataclasses.field(default_factory=dict)

    def mend(self, bench: Workbench) -> None:
        field = bench.field(self.field)
        field.kind, field.settings = self.kind, self.settings
        default, field.default = field.default, None
        if field.unique and not field.type.can_be_unique:
            field.unique = False
            bench.note(gettext("“%(field)s” is not unique any more.") % {"field": field.label})
        if default is not None:
            bench.note(gettext("“%(field)s” has no default any more.") % {"field": field.label})
        specs.check(field)
        place = bench.place(field.table)
        there = found_table(bench, field.table.physical_name).columns[field.physical_name]
        mending.reshape(bench, place, field, there)
        has_check = leave_off_rules(bench, field, bench.value(field))
        field.save(update_fields=["kind", "settings", "required", "unique", "default", "updated_at"])
        bench.run(*ddl.add_rules(place, field, has_check=has_check))
        for reader in bench.dependents({field.pk}):
            specs.check(reader)
        refresh_search(bench, field.table, force=True)
        bench.touch(field.table)
        bench.tell(field, "retyped")


@operation
@dataclasses.dataclass(frozen=True)
class ForgetField(Repair):
    """A field whose column is gone is gone, too; fields computed from it go to the trash."""

    op = "forget_field"
    label = _("Field forgotten")
    forgets = True

    field: str = ""
    name: str = ""

    def mend(self, bench: Workbench) -> None:
        field = bench.field(self.field)
        trash_dependents(bench, {field.pk})
        table = field.table
        if table.display_name == field.physical_name:
            DataTable.objects.filter(pk=table.pk).update(display_name="")
        bench.run(*field.type.drop(field, bench.place(table)))
        bench.touch(table)
        forget_field(bench, field)
        refresh_search(bench, table)


@operation
@dataclasses.dataclass(frozen=True)
class ForgetTable(Repair):
    """A table that is gone from the database is gone; fields of others that lead to it go to the trash."""

    op = "forget_table"
    label = _("Table forgotten")
    forgets = True

    name: str = ""

    def mend(self, bench: Workbench) -> None:
        table = bench.table(self.table)
        fields = list(Field.everything.filter(table=table))
        trash_dependents(bench, {table.pk, *(field.pk for field in fields)}, besides=table)
        place = bench.place(table)
        for field in fields:
            field.table = table
            bench.run(*field.type.drop(field, place))
        forget_table(bench, table)
