"""The step that gives its execution labels, by which people find it again."""

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from nocode.automation.errors import PermanentFailure
from nocode.automation.models import WorkflowExecution
from nocode.automation.nodes.base import Effect, Family, NodeType, Step, node_types
from nocode.automation.nodes.config import ConfigForm, RowsField, TextField

MOST_LABELS = 20
LONGEST_NAME, LONGEST_VALUE = 60, 200
WITHOUT_SIGN = RegexValidator("=", _("A name has no “=” in it."), inverse_match=True)


@node_types.register
class LabelExecution(NodeType):
    kind, label, icon, family = "execution.label", _("Label the execution"), "label", Family.DATA
    summary = _("Give this run names and values, a customer or an order, to find it by in the list of executions.")
    effect = Effect.TRANSACTION

    class Config(ConfigForm):
        labels = RowsField(
            {
                "name": forms.CharField(label=_("Name"), max_length=LONGEST_NAME, validators=[WITHOUT_SIGN]),
                "value": TextField(label=_("Value")),
            },
            label=_("Labels"),
            help_text=_("In the list of executions, name=value finds the run. A name given again gets the new value."),
        )

    def run(self, settings: dict, step: Step) -> object:
        mine = WorkflowExecution.objects.filter(pk=step.execution_id)
        labels = mine.select_for_update().values_list("labels", flat=True).get() or {}
        labels |= {row["name"].strip(): str(row["value"])[:LONGEST_VALUE] for row in settings["labels"]}
        if len(labels) > MOST_LABELS:
            raise PermanentFailure(_("An execution has at most %d labels.") % MOST_LABELS)
        mine.update(labels=labels)
        return step.input
