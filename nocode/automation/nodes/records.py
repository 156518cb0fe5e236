"""Steps that read and write the tables of the workflow's project. A write commits together with its step: once."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from nocode.automation.errors import PermanentFailure
from nocode.automation.models import Workflow
from nocode.automation.nodes.base import Effect, Family, NodeType, Outcome, Step, node_types
from nocode.automation.nodes.config import ConfigForm, RowsField, ValueField
from nocode.studio.comparisons import COMPARISONS
from nocode.studio.layouts import table_named
from nocode.studio.models import DataTable, Field
from nocode.studio.queries import OPERATORS
from nocode.studio.services.records import Records

NOTHING_CHOSEN = ("", _("Select value"))  # the words of the console's other menus


def table_field() -> forms.CharField:
    """The table, by its name in the database: a choice among the project's tables once the project is known."""
    return forms.CharField(label=_("Table"), max_length=63)


def values_field() -> RowsField:
    return RowsField(
        {
            "field": forms.CharField(label=_("Field"), max_length=63),
            "value": ValueField(label=_("Value")),
        },
        label=_("Values"),
    )


def matching_field() -> RowsField:
    return RowsField(
        {
            "field": forms.CharField(label=_("Field"), max_length=63),
            "op": forms.ChoiceField(
                label=_("Comparison"), choices=[(name, COMPARISONS[name]) for name in OPERATORS], initial="eq"
            ),
            "value": ValueField(label=_("Value")),
        },
        label=_("Rows where"),
        required=False,
    )


class RecordNode(NodeType):
    """Shared by the record steps: they know the tables of the project and name what is missing."""

    family, effect = Family.RECORDS, Effect.TRANSACTION
    gives = _("The row, by the names of its fields in the database.")

    def form(self, workflow: Workflow, **options) -> ConfigForm:
        form = super().form(workflow, **options)
        tables = list(DataTable.objects.filter(project=workflow.project_id).prefetch_related("fields"))
        choices = [(table.physical_name, table.label) for table in tables]
        form.fields["table"].widget = forms.Select(choices=[NOTHING_CHOSEN, *choices])
        for name in {"values", "where"} & form.fields.keys():
            columns = form.fields[name].columns
            columns["field"].widget = forms.Select(choices=[NOTHING_CHOSEN, *fields_by_table(tables, name)])
        return form

    def check(self, config: dict, workflow: Workflow) -> dict[str, list[str]]:
        project = workflow.project
        if project is None:
            return {"table": [_("Choose the workflow's project first: its tables are what this step uses.")]}
        tables = {table.physical_name: table for table in project.tables.all()}
        table = tables.get(config.get("table", ""))
        if table is None:
            message = _("The project “%(project)s” has no table “%(table)s”; choose another one.")
            return {"table": [message % {"project": project, "table": config.get("table", "")}]}
        return self._check_fields(config, table)

    def _check_fields(self, config: dict, table: DataTable) -> dict[str, list[str]]:
        known = {"id", *(field.physical_name for field in table.fields.all())}
        errors = {}
        for name in ("values", "where"):
            strange = [row.get("field", "") for row in config.get(name) or [] if row.get("field") not in known]
            if strange:
                message = _("The table “%(table)s” has no field “%(field)s”.")
                errors[name] = [message % {"table": table, "field": field} for field in strange]
        return errors

    def _check_required(self, config: dict, table: DataTable) -> dict[str, list[str]]:
        given = {row.get("field") for row in config.get("values") or []}
        missing = [field.label for field in table.fields.all() if field.required and field.physical_name not in given]
        if not missing:
            return {}
        return {"values": [_("The table needs a value for: %s.") % ", ".join(missing)]}

    def records(self, settings: dict, step: Step) -> Records:
        """The table's records. Raises PermanentFailure when it does not exist any more."""
        if step.project_id is None:
            raise PermanentFailure(_("The workflow has no project, so this step has no tables."))
        table = table_named(step.project_id, settings["table"])
        if table is None:
            raise PermanentFailure(_("The project has no table “%s” any more.") % settings["table"])
        return Records(
            table,
            source=step.workflow_name,
            cause=str(step.execution_id),
            savepoint=self.effect is Effect.PURE,  # of a write, the engine takes all back
        )


def fields_by_table(tables: list[DataTable], use: str) -> list[tuple]:
    """Groups of choices: each table's fields, the required ones marked; rows are found by their id too."""
    first = [("id", "id")] if use == "where" else []
    return [(table.label, first + [_choice(field) for field in table.fields.all()]) for table in tables]


def _choice(field: Field) -> tuple[str, str]:
    return field.physical_name, f"{field.label} *" if field.required else field.label


def _written(record: dict, records: Records) -> dict[str, Any]:
    return {**record, "_table": str(records.table.pk)}


@node_types.register
class CreateRecord(RecordNode):
    kind, label, icon = "record.create", _("Create a record"), "add_box"
    summary = _("Add a row to a table, exactly once.")

    class Config(ConfigForm):
        table = table_field()
        values = values_field()

    def _check_fields(self, config: dict, table: DataTable) -> dict[str, list[str]]:
        return super()._check_fields(config, table) or self._check_required(config, table)

    def run(self, settings: dict, step: Step) -> dict:
        records = self.records(settings, step)
        return _written(records.create({row["field"]: row["value"] for row in settings["values"]}), records)


@node_types.register
class UpdateRecord(RecordNode):
    kind, label, icon = "record.update", _("Update a record"), "edit_square"
    summary = _("Change fields of the row with a given id.")

    class Config(ConfigForm):
        table = table_field()
        record_id = forms.IntegerField(label=_("Id of the row"), min_value=1)
        values = values_field()

    def run(self, settings: dict, step: Step) -> dict:
        records = self.records(settings, step)
        changes = {row["field"]: row["value"] for row in settings["values"]}
        return _written(records.update(settings["record_id"], changes), records)


@node_types.register
class FindRecords(RecordNode):
    kind, label, icon = "record.find", _("Find records"), "search"
    effect = Effect.PURE
    summary = _("Look up rows of a table; leaves through “found” or “none”.")
    gives = _("The first row, or a list of rows; through “none” nothing, or an empty list.")

    class Config(ConfigForm):
        table = table_field()
        where = matching_field()
        first = forms.BooleanField(label=_("Only the first row"), required=False, initial=True)
        limit = forms.IntegerField(label=_("At most"), min_value=1, max_value=10_000, initial=100)

    def ports(self, config: dict) -> list[tuple[str, str]]:
        return [("found", _("found")), ("none", _("none"))]

    def run(self, settings: dict, step: Step) -> Outcome:
        records = self.records(settings, step)
        rows = records.find(settings["where"], limit=1 if settings["first"] else settings["limit"])
        found = [_written(row, records) for row in rows]
        if not found:
            return Outcome(None if settings["first"] else [], ("none",))
        return Outcome(found[0] if settings["first"] else found, ("found",))
