"""The step that asks the tables of the workflow's project in SQL, and can only read."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from nocode.automation.errors import PermanentFailure
from nocode.automation.models import Workflow
from nocode.automation.nodes.base import Family, NodeType, Step, node_types
from nocode.automation.nodes.config import ConfigForm, RowsField, TextField, ValueField
from nocode.studio.errors import QueryRefused
from nocode.studio.models import DataTable, Project
from nocode.studio.services import selecting

TABLES_SHOWN = 12
_KINDS = {
    "": _("as it is"),
    "text": _("text"),
    "integer": _("whole number"),
    "number": _("number"),
    "boolean": _("yes/no"),
    "date": _("date"),
    "datetime": _("date and time"),
    "json": _("JSON"),
}


def _kind_of(value: Any) -> str:
    """The type of a value that is taken as it is."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer" if abs(value) < 2**63 else "number"
    if isinstance(value, float):
        return "number"
    return "json" if isinstance(value, dict | list) else "text"


@node_types.register
class SqlQuery(NodeType):
    kind, label, icon, family = "sql", _("SQL query"), "database", Family.RECORDS
    summary = _("Read the tables of the project with SELECT: joins, sums, whatever the other steps cannot ask.")
    gives = _("A list of objects, one per row; with “only the first row”, that one, or nothing.")
    deferred = frozenset({"query"})

    class Config(ConfigForm):
        query = TextField(
            label=_("Query"),
            max_length=selecting.LONGEST_QUERY,
            strip=False,
            widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
            help_text=_("One SELECT. Values do not stand in it but below: the first one is $1, the second one $2."),
        )
        values = RowsField(
            {
                "value": ValueField(label=_("Value")),
                "type": forms.ChoiceField(label=_("Type"), required=False, choices=list(_KINDS.items())),
            },
            label=_("Values"),
            required=False,
        )
        first = forms.BooleanField(label=_("Only the first row"), required=False)
        limit = forms.IntegerField(
            label=_("At most so many rows"), min_value=1, max_value=selecting.MOST_ROWS, initial=1000
        )
        seconds = forms.IntegerField(
            label=_("Time limit (seconds)"), min_value=1, max_value=selecting.MOST_SECONDS, initial=10
        )

    def form(self, workflow: Workflow, **options: Any) -> ConfigForm:
        form = super().form(workflow, **options)
        tables = DataTable.objects.filter(project=workflow.project_id).prefetch_related("fields")[:TABLES_SHOWN]
        if tables:
            names = "; ".join(f"{each.physical_name} ({_columns(each)})" for each in tables)
            form.fields["query"].help_text = f"{form.fields['query'].help_text} {gettext('Tables: %s.') % names}"
        return form

    def check(self, config: dict, workflow: Workflow) -> dict[str, list[str]]:
        query = config.get("query") or ""
        if workflow.project is None:
            return {"query": [gettext("Choose the workflow's project first: its tables are what this step uses.")]}
        if "{{" in query:
            return {"query": [gettext("Expressions cannot stand in a query: give a value below and write $1 here.")]}
        rows = config.get("values") or []
        if not query or any(not row.get("type") for row in rows):
            return {}  # of which type a value is only shows when it is there
        try:
            selecting.check(workflow.project, query, [row["type"] for row in rows])
        except QueryRefused as refusal:
            return {"query": [refusal.message]}
        return {}

    def run(self, settings: dict, step: Step) -> Any:
        project = Project.objects.filter(pk=step.project_id).first()
        if project is None:
            raise PermanentFailure(gettext("The workflow has no project, so this step has no tables."))
        values = [(row.get("type") or _kind_of(row["value"]), row["value"]) for row in settings["values"]]
        wanted = 1 if settings["first"] else settings["limit"]
        try:
            rows = selecting.select(project, settings["query"], values, rows=wanted, seconds=settings["seconds"])
        except QueryRefused as refusal:
            raise PermanentFailure(refusal.message) from None
        return next(iter(rows), None) if settings["first"] else rows


def _columns(table: DataTable) -> str:
    return ", ".join(["id", *(field.physical_name for field in table.fields.all())])
