"""Steps that write rows by what they hold, and that remove rows."""

from typing import Any

from django import forms
from django.db import connection
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from nocode.automation.models import Workflow
from nocode.automation.nodes.base import Step, node_types
from nocode.automation.nodes.config import ConfigForm
from nocode.automation.nodes.records import NOTHING_CHOSEN, RecordNode, fields_by_table, table_field, values_field
from nocode.automation.nodes.values import is_empty, refuse, shown
from nocode.studio.errors import RecordNotFound
from nocode.studio.models import DataTable
from nocode.studio.services.records import Records

# Two executions that save the same row at once: the second one waits, and finds what the first one made.
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"


@node_types.register
class SaveRecord(RecordNode):
    kind, label, icon = "record.upsert", _("Create or update a record"), "save"
    summary = _("Change the row that has a value already, such as an e-mail address; add one when there is none.")
    gives = _("The row; _created tells whether it is new.")

    class Config(ConfigForm):
        table = table_field()
        match = forms.CharField(
            label=_("Same row when equal"),
            max_length=63,
            help_text=_("The field that tells which row is meant; it needs a value below."),
        )
        values = values_field()

    def form(self, workflow: Workflow, **options: Any) -> ConfigForm:
        form = super().form(workflow, **options)
        tables = list(DataTable.objects.filter(project=workflow.project_id).prefetch_related("fields"))
        form.fields["match"].widget = forms.Select(choices=[NOTHING_CHOSEN, *fields_by_table(tables, "match")])
        return form

    def _check_fields(self, config: dict, table: DataTable) -> dict[str, list[str]]:
        match, given = config.get("match"), {row.get("field") for row in config.get("values") or []}
        if match and match not in {field.physical_name for field in table.fields.all()}:
            message = gettext("The table “%(table)s” has no field “%(field)s”.")
            return {"match": [message % {"table": table, "field": match}]}
        if match and match not in given:
            return {"match": [gettext("Give this field a value below: it tells which row is meant.")]}
        return super()._check_fields(config, table) or self._check_required(config, table)

    def run(self, settings: dict, step: Step) -> dict:
        records, match = self.records(settings, step), settings["match"]
        values = {row["field"]: row["value"] for row in settings["values"]}
        name, wanted = self.Config.base_fields["match"].label, values.get(match)
        if is_empty(wanted):
            raise refuse(name, gettext("“%s” is empty here.") % match)
        with connection.cursor() as cursor:
            cursor.execute(_ONE_AT_A_TIME, [f"{records.table.pk}:{match}:{wanted}"])
        found = records.find([{"field": match, "op": "eq", "value": wanted}], limit=2)
        if len(found) > 1:
            raise refuse(name, gettext("several rows have %s there.") % shown(wanted))
        written = records.update(found[0]["id"], values) if found else records.create(values)
        return {**written, "_table": str(records.table.pk), "_created": not found}


@node_types.register
class DeleteRecord(RecordNode):
    kind, label, icon = "record.delete", _("Delete a record"), "delete"
    summary = _("Remove the row with a given id; its history keeps what it was.")
    gives = _("The row as it was, or nothing where there was none.")

    class Config(ConfigForm):
        table = table_field()
        record_id = forms.IntegerField(label=_("Id of the row"), min_value=1)
        may_be_gone = forms.BooleanField(label=_("Go on when there is no such row"), required=False)

    def run(self, settings: dict, step: Step) -> dict | None:
        records: Records = self.records(settings, step)
        try:
            return {**records.delete(settings["record_id"]), "_table": str(records.table.pk)}
        except RecordNotFound:
            if settings["may_be_gone"]:
                return None
            raise
