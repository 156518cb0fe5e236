"""What people can do about differences between the database and what we know of it: each way by its name."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nocode.foundation.ids import uuid7
from nocode.foundation.models import User
from nocode.studio.errors import SchemaRefused, TableMissing
from nocode.studio.introspection.adopting import adopt_all, adopt_column
from nocode.studio.introspection.labels import readable
from nocode.studio.models import Field, Project
from nocode.studio.schema import catalog, drift
from nocode.studio.schema.drift import Finding
from nocode.studio.schema.manager import SchemaManager
from nocode.studio.schema.operations import AdoptTable, ChangeField, DropIndex, Operation, repairs, rules
from nocode.studio.schema.preview import Preview


@dataclass(frozen=True)
class Way:
    """One way to end a difference, by operations. `warning` says what is lost by it; that takes the right to delete."""

    label: Any
    operations: Callable[[Project, Finding], list[Operation]]
    warning: Any = ""

    @property
    def right(self) -> str:
        """What a person must be allowed to do with the project."""
        return "delete" if self.warning else "change"


def finding(project: Project, key: str, way: str) -> Finding:
    """A difference that can be ended in one way, as it is now. Raises SchemaRefused when it is none any more."""
    found = next((each for each in drift.findings(project) if each.key == key), None)
    if found is None or way not in found.repairs:
        raise SchemaRefused(_("This is not so any more. Look at the list again."))
    return found


def preview(project: Project, found: Finding, way: str) -> Preview | None:
    """What ending a difference in one way would do; None when that cannot be told before. Raises RuleBroken."""
    try:
        return SchemaManager(project).preview(*WAYS[way].operations(project, found))
    except TableMissing:  # a table that gets another name first: what is done next is about that one
        return None


def repair(project: Project, key: str, way: str, user: User | None = None) -> list[str]:
    """End one difference in one way; answers sentences about what could not be as it was. Raises NoCodeError."""
    found, manager = finding(project, key, way), SchemaManager(project, user)
    manager.make_together(WAYS[way].operations(project, found), found.table or project)
    return manager.notes


def _mend(kind: type[Operation], **values: Any) -> Callable[[Project, Finding], list[Operation]]:
    """A repair of a table, of a field of it, or of an index of it, whichever the repair knows."""

    def operations(project: Project, finding: Finding) -> list[Operation]:
        own = {name: finding.thing for name in ("field", "index") if name in kind.__dataclass_fields__}
        if "name" in kind.__dataclass_fields__:
            own["name"] = _label(finding)
        return [kind(str(finding.table.pk) if finding.table else "", **own, **values)]

    return operations


def _label(finding: Finding) -> str:
    return Field.objects.get(pk=finding.thing).label if finding.thing else finding.table.label


def _change(**values: Any) -> Callable[[Project, Finding], list[Operation]]:
    return lambda project, finding: [ChangeField(str(finding.table.pk), finding.thing, values)]


def _take_type(project: Project, finding: Finding) -> list[Operation]:
    field = Field.objects.get(pk=finding.thing)
    name = finding.table.physical_name
    column = catalog.tables(project.schema_name, only=name)[name].columns[field.physical_name]
    new = adopt_column(finding.table, column.name)
    if new is None:
        raise SchemaRefused(_("No field can be of the type %(type)s; convert it back.") % {"type": column.type})
    return [repairs.TakeType(str(finding.table.pk), finding.thing, new.new["kind"], new.new["settings"])]


def _adopt_column(project: Project, finding: Finding) -> list[Operation]:
    found = adopt_column(finding.table, finding.thing)
    if found is None:
        raise SchemaRefused(
            _("The column “%(column)s” cannot be a field: there is no field type for it.") % {"column": finding.thing}
        )
    return [found]


def _adopt_table(project: Project, finding: Finding) -> list[Operation]:
    """The table with all of its columns that can be fields, as one change."""
    there = catalog.tables(project.schema_name, only=finding.thing)[finding.thing]
    labels = set(project.tables.values_list("label", flat=True))
    made = AdoptTable(str(uuid7()), found=finding.thing, name=readable(finding.thing, _("Table"), labels))
    return [made, *adopt_all(project, made.table, there)]


WAYS: dict[str, Way] = {
    "make_schema": Way(gettext_lazy("Make the schema again (empty)"), _mend(repairs.MakeSchema)),
    "make_table": Way(gettext_lazy("Make the table again (empty)"), _mend(repairs.MakeTable)),
    "forget_table": Way(
        gettext_lazy("Forget the table"),
        _mend(repairs.ForgetTable),
        gettext_lazy("Its fields, views and history are removed for good, too."),
    ),
    "adopt_table": Way(gettext_lazy("Take it in as a table"), _adopt_table),
    "make_column": Way(gettext_lazy("Make the column again (empty)"), _mend(repairs.MakeColumn)),
    "forget_field": Way(
        gettext_lazy("Forget the field"),
        _mend(repairs.ForgetField),
        gettext_lazy("Its values leave the history of rows for good; fields computed from it go to the trash."),
    ),
    "adopt_column": Way(gettext_lazy("Take the column in as a field"), _adopt_column),
    "convert_back": Way(gettext_lazy("Convert the column back"), _mend(repairs.ConvertBack)),
    "take_type": Way(gettext_lazy("Let the field have the type of the column"), _take_type),
    "put_required": Way(gettext_lazy("Put the rule back"), _mend(rules.PutRule, rule="required")),
    "drop_required": Way(gettext_lazy("Let the field be empty"), _change(required=False)),
    "put_unique": Way(gettext_lazy("Put the rule back"), _mend(rules.PutRule, rule="unique")),
    "drop_unique": Way(gettext_lazy("Allow the same value twice"), _change(unique=False)),
    "free_required": Way(gettext_lazy("Let the field be empty"), _mend(rules.DropRule, rule="required")),
    "take_required": Way(gettext_lazy("Make the field required"), _mend(rules.TakeRule, rule="required")),
    "free_unique": Way(gettext_lazy("Allow the same value twice"), _mend(rules.DropRule, rule="unique")),
    "take_unique": Way(gettext_lazy("Make the field unique"), _mend(rules.TakeRule, rule="unique")),
    "put_check": Way(gettext_lazy("Put the rule back"), _mend(rules.PutRule, rule="check")),
    "put_default": Way(gettext_lazy("Put the default back"), _mend(rules.PutRule, rule="default")),
    "put_reference": Way(gettext_lazy("Put the rule back"), _mend(rules.PutReference)),
    "empty_reference": Way(
        gettext_lazy("Empty what leads nowhere, and put the rule back"),
        _mend(rules.PutReference, emptying=True),
        gettext_lazy("Values that lead to rows that are gone are lost."),
    ),
    "make_links": Way(gettext_lazy("Make the links again (none)"), _mend(rules.PutLinks)),
    "put_links": Way(gettext_lazy("Put the rule back"), _mend(rules.PutLinks)),
    "trim_links": Way(
        gettext_lazy("Remove what leads nowhere, and put the rule back"),
        _mend(rules.PutLinks, trimming=True),
        gettext_lazy("Links to rows that are gone are lost."),
    ),
    "system_columns": Way(gettext_lazy("Put it in order"), _mend(rules.PutSystem)),
    "put_trigger": Way(gettext_lazy("Put it back"), _mend(rules.PutSystem)),
    "build_index": Way(gettext_lazy("Build it again"), _mend(rules.BuildIndex)),
    "drop_index": Way(gettext_lazy("Do without it"), _mend(DropIndex)),
}
