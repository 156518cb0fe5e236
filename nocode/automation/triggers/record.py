"""Started by what happens to the rows of a table of the workflow's project."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nocode.automation.models import Workflow
from nocode.automation.nodes.config import RowsField, ValueField
from nocode.automation.nodes.records import NOTHING_CHOSEN, fields_by_table, table_field
from nocode.automation.triggers.base import TriggerType, trigger_types
from nocode.studio import queries
from nocode.studio.comparisons import COMPARISONS
from nocode.studio.errors import QueryRefused
from nocode.studio.layouts import layout_of
from nocode.studio.models import DataTable

CREATED, UPDATED, DELETED = "created", "updated", "deleted"
EVENTS = {CREATED: gettext_lazy("added"), UPDATED: gettext_lazy("changed"), DELETED: gettext_lazy("deleted")}
OPERATORS = [name for name in queries.OPERATORS if name != "in"]  # which takes a list, and here is a box for one value


class PlainRowsField(RowsField):
    """Rows in which `{{` is text like any other: there is no execution yet that could fill it in."""

    accepts_expressions = False


@trigger_types.register
class RecordTrigger(TriggerType):
    kind, label, icon = "record", gettext_lazy("Row"), "table_rows"
    summary = gettext_lazy(
        "Runs when a row of a table is added, changed or deleted; `trigger.record` is the row as it is then."
    )

    class Config(forms.Form):
        """Of which table, what must have happened, and to which rows."""

        conditional: dict = {}

        table = table_field()
        events = forms.MultipleChoiceField(
            label=gettext_lazy("When a row is"),
            choices=list(EVENTS.items()),
            initial=[CREATED],
            widget=forms.CheckboxSelectMultiple,
        )
        fields_watched = PlainRowsField(
            {"field": forms.CharField(label=gettext_lazy("Field"), max_length=63)},
            label=gettext_lazy("Only changes of"),
            required=False,
            help_text=gettext_lazy("A change counts when one of these fields has another value. Empty: any field."),
        )
        where = PlainRowsField(
            {
                "field": forms.CharField(label=gettext_lazy("Field"), max_length=63),
                "op": forms.ChoiceField(
                    label=gettext_lazy("Comparison"),
                    choices=[(name, COMPARISONS[name]) for name in OPERATORS],
                    initial="eq",
                ),
                "value": ValueField(label=gettext_lazy("Value")),
            },
            label=gettext_lazy("Only rows where"),
            required=False,
            help_text=gettext_lazy("All of this holds for the row when the workflow is about to start."),
        )

        def clean(self) -> dict[str, Any]:
            """A row that is gone can be compared with nothing."""
            data = super().clean()
            if data.get("where") and DELETED in data.get("events", ()):
                self.add_error("where", _("A deleted row meets no condition; make a trigger of its own for deletions."))
            return data

    def form(self, workflow: Workflow, *args: Any, **options: Any) -> forms.Form:
        """The form, with the tables of the project and their fields to choose from."""
        form = super().form(workflow, *args, **options)
        tables = list(DataTable.objects.filter(project=workflow.project_id).prefetch_related("fields"))
        choices = [(table.physical_name, table.label) for table in tables]
        form.fields["table"].widget = forms.Select(choices=[NOTHING_CHOSEN, *choices])
        for name, use in (("fields_watched", "values"), ("where", "where")):
            grouped = fields_by_table(tables, use)
            form.fields[name].columns["field"].widget = forms.Select(choices=[NOTHING_CHOSEN, *grouped])
        return form

    def check(self, settings: Mapping[str, Any], workflow: Workflow) -> dict[str, list[str]]:
        """The project has this table, the table these fields, and the values can be compared with them."""
        if workflow.project is None:
            return {"table": [_("Choose the workflow's project first: its tables are what this trigger watches.")]}
        table = table_of(settings, workflow)
        if table is None:
            message = _("The project “%(project)s” has no table “%(table)s”; choose another one.")
            return {"table": [message % {"project": workflow.project, "table": settings["table"]}]}
        errors, layout = {}, layout_of(table)
        strange = [row["field"] for row in settings["fields_watched"] if row["field"] not in layout.fields]
        if strange:
            errors["fields_watched"] = [queries.unknown_field(layout, name) for name in strange]
        try:
            queries.condition(layout, settings["where"])
        except QueryRefused as refusal:
            errors["where"] = [refusal.message]
        return errors

    def describe(self, trigger) -> str:
        """For example "When a row of “Deals” is added or changed"."""
        settings = self.clean(trigger.config)
        table = table_of(settings, trigger.workflow) if trigger.workflow.project else None
        events = [str(EVENTS[event]) for event in settings["events"]]
        return _("When a row of “%(table)s” is %(events)s") % {
            "table": table.label if table else settings["table"],
            "events": get_text_list(events, _("or")),
        }


def table_of(settings: Mapping[str, Any], workflow: Workflow) -> DataTable | None:
    """The table a trigger watches; of tables that were read with the project already, without asking again."""
    named = (table for table in workflow.project.tables.all() if table.physical_name == settings["table"])
    return next(named, None)
