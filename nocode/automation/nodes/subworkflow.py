"""The step that runs another workflow."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from nocode.automation.errors import PermanentFailure
from nocode.automation.models import Workflow, WorkflowExecution
from nocode.automation.nodes.base import Effect, Family, NodeType, Outcome, Step, node_types
from nocode.automation.nodes.config import ConfigForm, RowsField, ValueField

NOTHING_CHOSEN = ("", _("Select value"))


@node_types.register
class CallWorkflow(NodeType):
    """Starts an execution of another workflow, or of the same one, and sleeps until it has ended.

    The new execution and this step's state commit together, so a crash neither loses it nor starts it twice.
    """

    kind, label, icon, family = "workflow.call", _("Call a workflow"), "account_tree", Family.LOGIC
    summary = _("Run another workflow of the organization, and go on with what it brings.")
    effect = Effect.TRANSACTION
    can_run_per_item = False

    class Config(ConfigForm):
        """Which workflow, with which input."""

        workflow = forms.UUIDField(
            label=_("Workflow"),
            help_text=_("It must be active; it starts as with its “Run” button. It may be this workflow itself."),
        )
        values = RowsField(
            {
                "name": forms.CharField(label=_("Name"), max_length=200),
                "value": ValueField(label=_("Value")),
            },
            label=_("Input"),
            required=False,
            help_text=_("Its steps read it as trigger.<name>. Nothing: the input of this step as it is."),
        )
        wait = forms.BooleanField(
            label=_("Wait for its end"),
            required=False,
            initial=True,
            help_text=_(
                "Its result is the output of this step, its failure that of this step; cancelling this execution "
                "cancels it. Otherwise it runs on its own."
            ),
        )

    def form(self, workflow: Workflow, **options) -> ConfigForm:
        form = super().form(workflow, **options)
        field = form.fields["workflow"]
        known = Workflow.objects.filter(organization=workflow.organization_id)
        known = known.exclude(status=Workflow.Status.ARCHIVED).order_by("name", "pk").values_list("pk", "name")
        choices = [NOTHING_CHOSEN, *((str(pk), name) for pk, name in known)]
        form.fields["workflow"] = forms.ChoiceField(label=field.label, help_text=field.help_text, choices=choices)
        return form

    def check(self, config: dict, workflow: Workflow) -> dict[str, list[str]]:
        same = Workflow.objects.filter(organization=workflow.organization_id)
        if config.get("workflow") and not same.filter(pk=config["workflow"]).exists():
            return {"workflow": [_("This workflow does not exist in the organization; choose another one.")]}
        return {}

    def run(self, settings: dict, step: Step) -> Any:
        if step.answer is not None:
            return self._result(step.answer["execution_id"])
        given = {row["name"]: row["value"] for row in settings["values"]}
        called = step.call(settings["workflow"], given or step.input, settings["wait"])
        return Outcome(None, waits=True) if settings["wait"] else {"execution_id": str(called)}

    @staticmethod
    def _result(execution_id: str) -> Any:
        called = WorkflowExecution.objects.filter(pk=execution_id).first()
        if called is None:
            raise PermanentFailure(_("The execution that was called has been deleted."))
        if called.status == WorkflowExecution.Status.COMPLETED:
            return called.output
        names = {"name": called.workflow_name, "why": called.error_message}
        if called.status == WorkflowExecution.Status.CANCELLED:
            raise PermanentFailure(_("“%(name)s” was cancelled.") % names)
        raise PermanentFailure(_("“%(name)s” failed: %(why)s") % names)
