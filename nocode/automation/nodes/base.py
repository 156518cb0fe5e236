"""What a step type is. To add one: write its class in a file of this folder."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from nocode.automation.models import Workflow
from nocode.automation.nodes.config import PER_ITEM, ConfigForm
from nocode.foundation.registry import Registry


class Effect(Enum):
    """What a step does beyond computing; this decides when the engine commits."""

    PURE = "pure"  # commits together with whatever comes next
    TRANSACTION = "transaction"  # writes to our database: the writes and the step's result are one transaction
    OUTSIDE = "outside"  # calls the outside world, in a thread: "started" is committed before, the result after


class Family(Enum):
    """How the list of step types is grouped."""

    LOGIC = _("Logic")
    DATA = _("Data")
    LISTS = _("Lists")
    TEXT = _("Text and dates")
    FORMATS = _("Formats and files")
    RECORDS = _("Records")
    OUTSIDE = _("Outside")


@dataclass(frozen=True)
class Example:
    """One use of a step type, shown in the reference; the tests run it."""

    settings: dict
    input: Any
    output: Any


@dataclass
class Step:
    """What a running step may know and use."""

    key: str
    iteration: int  # the turn of the loop it stands in; 0 outside of loops
    attempt: int
    execution_id: UUID
    organization_id: UUID
    project_id: UUID | None
    workflow_name: str
    input: Any
    idempotency_key: str
    resolve: Callable[..., Any]  # resolve(value, item=…): fills in the expressions of a deferred setting
    log: Callable[..., None]  # log(level, message, **details): a line that is committed with the step's result
    count_call: Callable[[UUID, float, str], None]  # count_call(integration id, seconds, error): it was used once
    call: Callable[..., UUID]  # call(workflow id, input, waits): runs another workflow; the id of its execution
    script: Callable[..., Any]  # script(source, seconds=…): runs JavaScript of the sandbox that expressions use
    shared: dict = field(default_factory=dict, repr=False)  # what the items of one attempt need be found once for
    woken: bool = False  # the step waited, and its time or its answer has come
    answer: dict | None = None  # what came for a step that waited; None: nothing until its time
    loaded: Any = field(default=None, repr=False)  # what the step type's load() gave; stored nowhere


@dataclass
class Outcome:
    """How a step ended: its output and the ports it leaves through; or that it waits, for a time or for an answer."""

    output: Any
    ports: tuple[str, ...] = ("main",)
    wake_at: datetime | None = None
    waits: bool = False  # for an answer; until `wake_at`, or however long it takes
    calls_off: bool = False  # the other branches that have not come to their end
    response: dict | None = None  # {"status", "headers", "body"} for the webhook's caller


class NodeType:
    """Base of every step type.

    `kind` is stored and never changes meaning. `deferred` names settings that the engine leaves unresolved because the
    step fills them in itself, once per item.
    """

    kind: str
    label: str
    summary: str  # one sentence for the person who looks for a step type
    icon: str  # a Material Symbols name
    family: Family
    gives = _("What entered it, unchanged.")  # what its output looks like
    example: Example | None = None
    effect = Effect.PURE
    deferred: frozenset[str] = frozenset()
    scripts: frozenset[str] = frozenset()  # settings that are JavaScript as a whole, and hold no expressions
    is_join = False  # its input is always a list, one entry per branch that arrived
    can_run_per_item = True  # whether a person may let it run once for each item of the list that enters it

    class Config(ConfigForm):
        """No settings."""

    def form(self, workflow: Workflow, **options) -> ConfigForm:
        """The form that draws the settings, with the choices that the workflow gives."""
        form = self.Config(**options)
        if not self.can_run_per_item:
            del form.fields[PER_ITEM]
        return form

    def ports(self, config: dict) -> list[tuple[str, str]]:
        """The outputs as (name, label), the first being the usual one."""
        return [("main", "")]

    def suffices(self, config: dict) -> int:
        """How many of the branches that lead here are enough to go on; 0: all that may still come."""
        return 0

    def check(self, config: dict, workflow: Workflow) -> dict[str, list[str]]:
        """Problems that only the whole shows (a missing table, say), by field name."""
        return {}

    def source(self, config: dict) -> tuple[str, int]:
        """Of a step type with `scripts`: the JavaScript that runs, and how many lines of it are not the person's."""
        raise NotImplementedError

    def redact(self, settings: dict) -> dict:
        """What of the filled-in settings may be stored and shown."""
        return settings

    def load(self, settings: dict, step: Step) -> Any:
        """What the work needs from our database, kept in `step.loaded`: calls outside run in threads without one."""
        return None

    def switched_off(self, config: dict) -> "NodeType":
        """What runs in place of a step that a person switched off."""
        return SwitchedOff(self, config)

    def run(self, settings: dict, step: Step) -> Any:
        """Do the work. Returns an output, or an Outcome. Raises PermanentFailure or TransientFailure."""
        raise NotImplementedError


class SwitchedOff(NodeType):
    """Stands in for a step that a person switched off: what comes in leaves the usual way, or after a loop's turns."""

    def __init__(self, stands_for: NodeType, config: dict):
        names = [name for name, _label in stands_for.ports(config)]
        self.port = ("done" if "done" in names else names[0]) if names else "main"

    def ports(self, config: dict) -> list[tuple[str, str]]:
        return [(self.port, "")]

    def run(self, settings: dict, step: Step) -> Any:
        return step.input


node_types: Registry[NodeType] = Registry("node types")


def by_family() -> list[tuple[Family, list[NodeType]]]:
    """Every step type in its family, by its name in the language of the moment."""
    types = sorted(node_types, key=lambda each: str(each.label).casefold())
    return [(family, [each for each in types if each.family is family]) for family in Family]
