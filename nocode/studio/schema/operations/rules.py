"""Repairs of what the database holds: rules of fields, which can be undone; relations, links, indexes, what every table
has.
"""

from __future__ import annotations

import dataclasses

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from psycopg2 import sql

from nocode.studio.errors import RuleBroken
from nocode.studio.fields.relations import links, links_name
from nocode.studio.models import Field, TableIndex
from nocode.studio.schema import catalog, ddl, mending, problems
from nocode.studio.schema.operations import specs
from nocode.studio.schema.operations.adopt import found_table
from nocode.studio.schema.operations.base import Operation, operation
from nocode.studio.schema.operations.repairs import Repair
from nocode.studio.schema.operations.rule_state import SetRule
from nocode.studio.schema.place import Place
from nocode.studio.schema.workbench import Workbench


@dataclasses.dataclass(frozen=True)
class _Rule(Operation):
    """A repair of one rule of a field: `required`, `unique`, `check`, `default`."""

    field: str = ""
    rule: str = ""

    def apply(self, bench: Workbench) -> Operation | None:
        field = bench.field(self.field)
        before = SetRule.now(bench, field, self.rule)
        self.mend(bench, field, bench.place(field.table))
        bench.checks = True
        bench.touch(field.table)
        return before

    def mend(self, bench: Workbench, field: Field, place: Place) -> None:
        """Make the repair. Raises RuleBroken when rows are in its way."""
        raise NotImplementedError


@operation
@dataclasses.dataclass(frozen=True)
class PutRule(_Rule):
    """A rule that the database lost. Refused when rows break it."""

    op = "put_rule"
    label = _("Rule put back")

    def mend(self, bench: Workbench, field: Field, place: Place) -> None:
        column = bench.value(field)
        if self.rule == "required":
            mending.refuse(problems.without_value(bench.rows, place, field, column))
            bench.run(ddl.set_required(place, field))
        elif self.rule == "unique":
            mending.refuse(problems.doubles(bench.rows, place, field, column))
            bench.run(*mending.drop_constraints(place, [field.unique_constraint]), *ddl.set_unique(place, field))
        elif self.rule == "check":
            mending.refuse(problems.against_settings(bench.rows, place, field, column))
            bench.run(ddl.drop_check(place, field), *ddl.add_check(place, field, ddl.check_of(field)))
        elif field.type.is_computed and not bench.has_relation(place.schema, f"n_{field.pk.hex}"):
            bench.run(*field.type.prepare(field, place), *field.type.create(field, place))
        if self.rule == "default":
            bench.run(ddl.set_default(place, field))


@operation
@dataclasses.dataclass(frozen=True)
class DropRule(_Rule):
    """A rule of the database that the field does not have is dropped: `required`, `unique`."""

    op = "drop_rule"
    label = _("Rule dropped")

    def mend(self, bench: Workbench, field: Field, place: Place) -> None:
        if self.rule == "required":
            bench.run(ddl.set_required(place, field))
        else:
            bench.run(*_drop_uniques(bench, place, field))


@operation
@dataclasses.dataclass(frozen=True)
class TakeRule(_Rule):
    """The field gets a rule that only the database has: `required`, `unique`."""

    op = "take_rule"
    label = _("Rule taken from the database")

    def mend(self, bench: Workbench, field: Field, place: Place) -> None:
        setattr(field, self.rule, True)
        specs.check(field)
        field.save(update_fields=[self.rule, "updated_at"])
        if self.rule == "required":
            bench.run(ddl.set_required(place, field))
        else:
            bench.run(*_drop_uniques(bench, place, field), *ddl.set_unique(place, field))


def _drop_uniques(bench: Workbench, place: Place, field: Field) -> mending.Statements:
    """Take from a column what keeps its values from being twice there, whatever it is called."""
    return mending.drop_unique(place, SetRule.now(bench, field, "unique").names)


@operation
@dataclasses.dataclass(frozen=True)
class PutReference(Repair):
    """A relation is held by the database again. With `emptying`, values that lead nowhere are taken away for it."""

    op = "put_reference"
    label = _("Relation put back")

    field: str = ""
    emptying: bool = False

    def mend(self, bench: Workbench) -> None:
        field = bench.field(self.field)
        place = bench.place(field.table)
        gone = problems.leading_nowhere(bench.rows, place, field, place.find(field.settings["table"]))
        if not self.emptying:
            mending.refuse(gone)
        elif gone is not None:
            bench.note(gettext("%(problem)s: they are empty now (%(rows)s).") % {"problem": gone, "rows": gone.rows})
        bench.run(*field.type.trash(field, place), *field.type.restore(field, place))
        bench.touch(field.table)


@operation
@dataclasses.dataclass(frozen=True)
class PutLinks(Repair):
    """The links of a relation to many rows: the table of them, or what holds it. With `trimming`, loose links go."""

    op = "put_links"
    label = _("Links put back")

    field: str = ""
    trimming: bool = False

    def mend(self, bench: Workbench) -> None:
        field = bench.field(self.field)
        place, target = bench.place(field.table), links(field, bench.project.schema_name)
        name = links_name(field)
        there = catalog.tables(place.home, only=name).get(name)
        bench.touch(field.table)
        if there is None:
            bench.run(*field.type.create(field, place))
            return
        other = place.find(field.settings["table"])
        loose = mending.loose_links(place, other)
        count = bench.rows(sql.SQL("SELECT count(*) FROM {} AS l WHERE {}").format(target, loose))[0][0]
        if count and not self.trimming:
            names = {"field": field.label, "count": count}
            raise RuleBroken(gettext("“%(field)s”: %(count)d links lead to rows that are gone.") % names)
        if count:
            bench.run(sql.SQL("DELETE FROM {} AS l WHERE {}").format(target, loose))
            bench.note(gettext("Links of “%(field)s” that led nowhere were removed.") % {"field": field.label})
        bench.run(*mending.hold_links(place, other, target, there))


@operation
@dataclasses.dataclass(frozen=True)
class PutSystem(Repair):
    """What every table has: its own columns and the trigger that notes changes."""

    op = "put_system"
    label = _("Columns of every table put back")

    def mend(self, bench: Workbench) -> None:
        table = bench.table(self.table)
        place = bench.place(table)
        bench.run(*mending.system_columns(place, found_table(bench, table.physical_name)))
        bench.run(*mending.put_trigger(place))
        bench.touch(table)


@operation
@dataclasses.dataclass(frozen=True)
class BuildIndex(Repair):
    """An index that is gone is built again, beside the work of others."""

    op = "build_index"
    label = _("Index built again")

    index: str = ""

    def mend(self, bench: Workbench) -> None:
        index = TableIndex.objects.select_related("table").get(pk=self.index, table__project=bench.project)
        index.state, index.error = TableIndex.State.BUILDING, ""
        index.save(update_fields=["state", "error", "updated_at"])
        bench.touch(index.table)
        bench.tell(index, "requested")
