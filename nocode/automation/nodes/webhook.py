"""Steps that talk to whoever called a webhook."""

from http import HTTPStatus

from django import forms
from django.utils.translation import gettext_lazy as _

from nocode.automation.nodes.base import Family, NodeType, Outcome, Step, node_types
from nocode.automation.nodes.config import ConfigForm, RowsField, TextField, ValueField


@node_types.register
class Respond(NodeType):
    kind, label, icon, family = "respond", _("Respond to webhook"), "reply", Family.OUTSIDE
    summary = _("Answer the webhook's caller now; the execution goes on.")
    can_run_per_item = False

    class Config(ConfigForm):
        status = forms.IntegerField(label=_("Status code"), min_value=200, max_value=599, initial=HTTPStatus.OK.value)
        body = ValueField(
            label=_("Body"),
            widget=forms.Textarea(attrs={"rows": 4}),
            help_text=_("Text, or an expression that gives an object; empty: the input."),
        )
        headers = RowsField(
            {"name": forms.CharField(label=_("Header")), "value": TextField(label=_("Value"), required=False)},
            label=_("Headers"),
            required=False,
        )

    def run(self, settings: dict, step: Step) -> Outcome:
        body = step.input if settings["body"] in (None, "") else settings["body"]
        headers = {row["name"]: row["value"] for row in settings["headers"]}
        return Outcome(step.input, response={"status": settings["status"], "headers": headers, "body": body})
