"""Loops: what is connected to “each” runs once for every item, what is connected to “done” afterwards.

Up to `concurrency` turns run side by side, in one worker: their outside calls overlap. Turns are committed as they end,
so a worker that takes over goes on with the next item. A loop inside a loop is another workflow that is called.
"""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from nocode.automation.errors import PermanentFailure
from nocode.automation.nodes.base import Effect, Family, NodeType, Step, node_types
from nocode.automation.nodes.config import ConfigForm, ValueField
from nocode.automation.nodes.records import RecordNode, matching_field, table_field
from nocode.studio.services.records import Records

PAGE = 500


class LoopForm(ConfigForm):
    """How a loop goes through its items."""

    concurrency = forms.IntegerField(
        label=_("At once"),
        initial=1,
        min_value=1,
        max_value=20,
        help_text=_("How many items may be in work side by side; their calls to other systems overlap."),
    )
    on_failure = forms.ChoiceField(
        label=_("When an item fails"),
        initial="stop",
        choices=[("stop", _("the execution fails there")), ("continue", _("go on with the others"))],
    )
    collect = forms.BooleanField(
        label=_("Collect the results"),
        required=False,
        initial=True,
        help_text=_("“done” gets a list of what each turn brought; otherwise only how many there were."),
    )


class LoopNode(NodeType):
    """Shared by the loops. What `load` adds to the settings is kept with the loop until it is over."""

    icon, family, effect = "repeat", Family.LOGIC, Effect.PURE
    gives = _("Through “each” the item; through “done” the list of the results, or how many there were.")
    can_run_per_item = False

    def ports(self, config: dict) -> list[tuple[str, str]]:
        return [("each", _("each")), ("done", _("done"))]

    def items(self, settings: dict, step: Step, begun: int, last: Any) -> Iterator[Any]:
        """What is gone through, behind the first `begun` items, of which `last` was the last."""
        raise NotImplementedError


@node_types.register
class ForEach(LoopNode):
    kind, label = "loop", _("For each item")
    summary = _("Run the steps behind “each” once for every item of a list.")

    class Config(LoopForm):
        list = ValueField(label=_("List"), required=False, help_text=_("Empty: the input."))
        field_order = ["list"]

    def load(self, settings: dict, step: Step) -> list:
        found = step.input if settings["list"] in (None, "") else settings["list"]
        if not isinstance(found, list):
            raise PermanentFailure(_("The list is not a list; it is %(value)r.") % {"value": found}, field="list")
        return found

    def items(self, settings: dict, step: Step, begun: int, last: Any) -> Iterator[Any]:
        return iter(step.loaded[begun:])


@node_types.register
class ForEachRecord(LoopNode, RecordNode):
    kind, label = "loop.records", _("For each row")
    summary = _("Run the steps behind “each” once for every row of a table that meets conditions; however many.")

    class Config(LoopForm):
        table = table_field()
        where = matching_field()
        field_order = ["table", "where"]

    def load(self, settings: dict, step: Step) -> Records:
        """The rows there are now: what the turns add themselves has no turn of its own."""
        records = self.records(settings, step)
        if "until" not in settings:
            settings["until"] = next((row["id"] for row in records.find(order="-id", limit=1)), 0)
        return records

    def items(self, settings: dict, step: Step, begun: int, last: Any) -> Iterator[Any]:
        after = last["id"] if last else 0
        while rows := step.loaded.find(self._between(settings, after), order="id", limit=PAGE):
            yield from rows
            after = rows[-1]["id"]

    @staticmethod
    def _between(settings: dict, after: int) -> list[dict]:
        bounds = [("gt", after), ("lte", settings["until"])]
        return [*settings["where"], *({"field": "id", "op": op, "value": value} for op, value in bounds)]
