"""The step that waits for something to happen."""

import json
import re
from typing import Any

from django import forms
from django.core.serializers.json import DjangoJSONEncoder
from django.core.validators import RegexValidator
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from nocode.automation.models import EventWait, Workflow
from nocode.automation.nodes.base import Effect, Family, NodeType, Outcome, Step, node_types
from nocode.automation.nodes.config import ConfigForm, holds_expression
from nocode.automation.nodes.pauses import amount_field, length, moment_in, unit_field
from nocode.foundation.models import OutboxEvent

_WILDCARD = re.compile(r"[*?]")
LATE = 5_000  # events that others may have published meanwhile, while a transaction with an earlier id is open


@node_types.register
class WaitForEvent(NodeType):
    """Sleeps until an event of the organization comes that fits, or until its time is over.

    The wait is a row that commits together with the step: events that are published after it count, none before.
    """

    kind, label, icon, family = "wait.event", _("Wait for an event"), "sensors", Family.LOGIC
    summary = _("Pause the execution until something happens: a row changes, an application goes online, and so on.")
    effect = Effect.TRANSACTION
    deferred = frozenset({"filter"})
    can_run_per_item = False

    class Config(ConfigForm):
        """What to wait for, and for how long."""

        pattern = forms.CharField(
            label=_("Event"),
            max_length=200,
            validators=[RegexValidator(r"^[\w.*?-]+$", _("Use letters, digits, dots, and * for anything."))],
            help_text=_("Its name, like studio.record.created; studio.record.* is any change of a row."),
        )
        filter = forms.CharField(
            label=_("Only when"),
            required=False,
            widget=forms.Textarea(attrs={"rows": 2}),
            help_text=_(
                "An expression about `event` (name, payload, actor, at) and `input`, what came into this step: "
                "{{ event.payload.record_id === input.id }}. Empty: any."
            ),
        )
        amount = amount_field(_("At most"), help_text=_("Empty: however long it takes."))
        unit = unit_field()

    def ports(self, config: dict) -> list[tuple[str, str]]:
        return [("event", _("it happened")), ("expired", _("too late"))]

    def check(self, config: dict, workflow: Workflow) -> dict[str, list[str]]:
        if config.get("filter") and not holds_expression(config["filter"]):
            return {"filter": [_("Write it as an expression, between {{ and }}.")]}
        return {}

    def run(self, settings: dict, step: Step) -> Outcome:
        if step.answer is not None:
            return Outcome(step.answer, ("event",))
        if step.woken:
            EventWait.objects.of(step).delete()
            return Outcome(step.input, ("expired",))
        self._listen(settings, step)
        limit = moment_in(length(settings["amount"], settings["unit"]))
        return Outcome(None, waits=True, wake_at=limit)

    @staticmethod
    def _listen(settings: dict, step: Step) -> None:
        EventWait.objects.create(
            execution_id=step.execution_id,
            node_key=step.key,
            iteration=step.iteration,
            attempt=step.attempt,
            organization_id=step.organization_id,
            pattern=settings["pattern"],
            stem=stem_of(settings["pattern"]),
            filter=settings["filter"],
            input=_as_json(step.input) if "input" in settings["filter"] else None,
            **_seen_so_far(),
        )


def _as_json(value: Any) -> Any:
    """As the output of a step is kept: moments and numbers of rows are no JSON."""
    return json.loads(json.dumps(value, cls=DjangoJSONEncoder))


def _seen_so_far() -> dict[str, Any]:
    """Which events are there already. Ids are given out before transactions commit: gaps may still be filled."""
    newest = OutboxEvent.objects.aggregate(newest=Max("pk"))["newest"] or 0
    recent = set(OutboxEvent.objects.filter(pk__gt=newest - LATE).values_list("pk", flat=True))
    oldest = min(recent, default=newest)
    return {"after_event": newest, "unseen": [pk for pk in range(oldest, newest) if pk not in recent]}


def stem_of(pattern: str) -> str:
    """The whole words of a pattern before its first wildcard: `studio.record.*` begins with `studio.record`."""
    literal = _WILDCARD.split(pattern, maxsplit=1)[0]
    return literal if literal == pattern else literal.rpartition(".")[0]


def stems_of(name: str) -> list[str]:
    """What the patterns that may fit a name begin with: nothing, its first word, its first two, …"""
    words = name.split(".")
    return [".".join(words[:count]) for count in range(len(words) + 1)]
