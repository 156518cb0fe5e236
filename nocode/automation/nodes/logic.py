"""Steps that decide where an execution goes next."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from nocode.automation.errors import PermanentFailure
from nocode.automation.models import Workflow
from nocode.automation.nodes.base import Example, Family, NodeType, Outcome, Step, node_types
from nocode.automation.nodes.conditions import combine_field, condition_columns, conditions_field, holds, met
from nocode.automation.nodes.config import ConfigForm, KeyField, RowsField, TextField, holds_expression
from nocode.automation.nodes.pauses import amount_field, length, moment_in, unit_field


@node_types.register
class If(NodeType):
    kind, label, icon, family = "if", _("If"), "call_split", Family.LOGIC
    summary = _("Go one way when conditions hold and another way when they do not.")
    example = Example({"conditions": [{"left": "{{ input.a }}", "op": "eq", "right": "1"}]}, {"a": 1}, {"a": 1})
    can_run_per_item = False

    class Config(ConfigForm):
        conditions = conditions_field()
        combine = combine_field()

    def ports(self, config: dict) -> list[tuple[str, str]]:
        return [("true", _("true")), ("false", _("false"))]

    def run(self, settings: dict, step: Step) -> Outcome:
        port = "true" if met(settings["conditions"], settings["combine"]) else "false"
        return Outcome(step.input, (port,))


@node_types.register
class Switch(NodeType):
    kind, label, icon, family = "switch", _("Switch"), "alt_route", Family.LOGIC
    summary = _("Go through the output of the first rule that holds, or of every rule that holds.")
    can_run_per_item = False
    OTHERWISE = "otherwise"

    class Config(ConfigForm):
        rules = RowsField({"port": KeyField(label=_("Output"), max_length=60), **condition_columns()}, label=_("Rules"))
        every = forms.BooleanField(label=_("Follow every rule that holds"), required=False)

    def ports(self, config: dict) -> list[tuple[str, str]]:
        names = dict.fromkeys(row.get("port", "") for row in config.get("rules") or [])
        return [*((name, name) for name in names if name), (self.OTHERWISE, _("otherwise"))]

    def run(self, settings: dict, step: Step) -> Outcome:
        matching = (row["port"] for row in settings["rules"] if holds(row))
        ports = tuple(dict.fromkeys(matching)) if settings["every"] else tuple(filter(None, [next(matching, None)]))
        return Outcome(step.input, ports or (self.OTHERWISE,))


class _Join(NodeType):
    """Shared by the two merges: an object of objects, or a list in the order of the connections."""

    icon, family = "call_merge", Family.LOGIC
    is_join = True
    can_run_per_item = False


@node_types.register
class Merge(_Join):
    kind, label = "merge", _("Merge (all)")
    summary = _("Wait for every branch that is still alive, then go on with what they brought.")
    gives = _("What the branches brought, as a list or put together.")

    class Config(ConfigForm):
        combine = forms.ChoiceField(
            label=_("Result"),
            choices=[
                ("list", _("A list with one entry per branch")),
                ("append", _("One list: the branches' lists put together")),
                ("object", _("One object: the branches' objects put together")),
            ],
            initial="list",
        )

    def run(self, settings: dict, step: Step) -> Any:
        branches = step.input
        if settings["combine"] == "append":
            return [entry for branch in branches for entry in (branch if isinstance(branch, list) else [branch])]
        if settings["combine"] == "object":
            return self._united(branches)
        return branches

    @staticmethod
    def _united(branches: list) -> dict:
        united: dict = {}
        for branch in branches:
            if not isinstance(branch, dict):
                raise PermanentFailure(_("A branch brought something that is not an object; choose another result."))
            united |= branch
        return united


@node_types.register
class MergeAny(_Join):
    kind, label = "merge.any", _("Merge (first)")
    summary = _("Go on as soon as the first branch arrives; later ones are ignored.")
    gives = _("What the first branch brought.")

    def suffices(self, config: dict) -> int:
        return 1

    def run(self, settings: dict, step: Step) -> Any:
        return step.input[0]


@node_types.register
class MergeSome(_Join):
    kind, label = "merge.some", _("Merge (some)")
    summary = _("Go on as soon as a number of branches have arrived, with a list of what they brought.")
    gives = _("What those branches brought, as a list.")

    class Config(ConfigForm):
        count = forms.IntegerField(
            label=_("How many branches"),
            initial=2,
            min_value=1,
            max_value=100,
            help_text=_("When fewer can still come, it goes on with those. Later ones are ignored."),
        )

    def suffices(self, config: dict) -> int:
        return int(config.get("count") or 2)

    def check(self, config: dict, workflow: Workflow) -> dict[str, list[str]]:
        if holds_expression(config.get("count")):
            return {"count": [_("Give a number; it must be known before the execution begins.")]}
        return {}

    def run(self, settings: dict, step: Step) -> Any:
        return step.input


@node_types.register
class CallOff(NodeType):
    kind, label, icon, family = "cancel", _("Call off other branches"), "cancel_schedule_send", Family.LOGIC
    summary = _("End the branches that have not come to their end yet: what they wait for counts no more.")
    can_run_per_item = False

    def run(self, settings: dict, step: Step) -> Outcome:
        return Outcome(step.input, calls_off=True)


@node_types.register
class Wait(NodeType):
    kind, label, icon, family = "wait", _("Wait"), "hourglass_empty", Family.LOGIC
    summary = _("Pause the execution for a while or until a moment; no worker is held.")
    can_run_per_item = False

    class Config(ConfigForm):
        amount = amount_field(_("Wait for"))
        unit = unit_field("seconds")
        until = forms.DateTimeField(
            label=_("Or until"), required=False, help_text=_("A date and time, or an expression that gives one.")
        )

    def check(self, config: dict, workflow: Workflow) -> dict[str, list[str]]:
        if config.get("amount") in (None, "") and not config.get("until"):
            return {"amount": [_("Say how long to wait, or until when.")]}
        return {}

    def run(self, settings: dict, step: Step) -> Outcome:
        if step.woken:
            return Outcome(step.input)
        return Outcome(step.input, wake_at=self._end(settings))

    @staticmethod
    def _end(settings: dict) -> datetime:
        return settings["until"] or moment_in(length(settings["amount"] or 0, settings["unit"]))


@node_types.register
class Stop(NodeType):
    kind, label, icon, family = "stop", _("Stop with an error"), "block", Family.LOGIC
    summary = _("End the execution as failed, with a message of your own.")
    gives = _("Nothing: the execution ends there.")
    can_run_per_item = False

    class Config(ConfigForm):
        message = TextField(label=_("Message"), widget=forms.Textarea(attrs={"rows": 2}))

    def ports(self, config: dict) -> list[tuple[str, str]]:
        return []

    def run(self, settings: dict, step: Step) -> None:
        raise PermanentFailure(settings["message"])
