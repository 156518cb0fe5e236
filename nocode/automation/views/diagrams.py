"""What `_graph.html` and `_timeline.html` draw: the pure drawings, joined with names, icons, states and links."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from nocode.automation.comparison import ADDED, CHANGED, REMOVED, marks, united
from nocode.automation.drawing import draw_graph, draw_timeline
from nocode.automation.engine.graph import Graph
from nocode.automation.engine.prepared import PreparedGraph
from nocode.automation.models import StepRun, WorkflowExecution
from nocode.automation.nodes import node_types
from nocode.automation.turns import Turns

PAUSES = {"wait", "wait.event", "approval", "workflow.call"}  # step types that do nothing but wait
PENDING, SKIPPED = "pending", "skipped"
STATE_LABELS = {**dict(StepRun.Status.choices), PENDING: _("Not reached yet"), SKIPPED: _("Not reached")}
MARK_LABELS = {ADDED: _("Added"), CHANGED: _("Changed"), REMOVED: _("Removed")}


def kind_icon(kind: str) -> str:
    return node_types[kind].icon if kind in node_types else "help"


def kind_label(kind: str) -> str:
    return node_types[kind].label if kind in node_types else kind


def label_of(graph: dict, key: str) -> str:
    """The name of a step."""
    return next((node.get("label") or key for node in graph["nodes"] if node["key"] == key), key)


def loops_in(graph: dict) -> dict[str, str]:
    """The loop of each step that may run several times, the loops themselves among them."""
    return PreparedGraph(Graph.from_json(graph)).loops


def port_labels(kind: str, config: dict) -> dict[str, str]:
    """Names of the outputs of a step; the error branch is always one of them."""
    ports = node_types[kind].ports(config) if kind in node_types else []
    return {**{name: label or name for name, label in ports}, "error": _("error")}


def diagram(
    graph: dict,
    link: Callable[[str], str],
    *,
    states: dict[str, str] | None = None,
    taken: set[tuple[str, str]] = frozenset(),
    troubled: Iterable[str] = (),
    notes: dict[str, str] | None = None,
    marks: tuple[dict[str, str], dict[tuple, str]] = ({}, {}),
) -> dict[str, Any]:
    """The graph for its template: `link(key)` leads to a step, `states` colours a run, `troubled` marks problems.

    `notes` stand in place of the name of a step's kind; `marks` say what was added, changed and removed.
    """
    picture = draw_graph(graph)
    nodes = {node["key"]: node for node in graph["nodes"]}
    labels = {key: port_labels(node["kind"], node.get("config") or {}) for key, node in nodes.items()}
    troubled = set(troubled)
    return {
        "picture": picture,
        "boxes": [
            {
                "box": box,
                "icon": kind_icon(box.kind),
                "kind_label": (notes or {}).get(box.key) or kind_label(box.kind),
                "url": link(box.key),
                "state": (states or {}).get(box.key, ""),
                "state_label": STATE_LABELS.get((states or {}).get(box.key, ""), ""),
                "troubled": box.key in troubled,
                "mark": marks[0].get(box.key, ""),
                "mark_label": MARK_LABELS.get(marks[0].get(box.key), ""),
            }
            for box in picture.boxes
        ],
        "wires": [
            {
                "wire": wire,
                "label": labels[wire.source].get(wire.port, wire.port) if wire.is_named else "",
                "taken": (wire.source, wire.port) in taken,
                "mark": marks[1].get((wire.source, wire.port, wire.target), ""),
            }
            for wire in picture.wires
        ],
    }


def changes_diagram(before: dict | None, after: dict) -> dict[str, Any]:
    """What leads from one graph to another, drawn: each changed step leads to what the list says of it."""
    found = marks(before, after)
    return diagram(
        united(before, after),
        lambda key: f"#change-{key}" if key in found[0] else "#changes-title",
        marks=found if before else ({}, {}),
    )


def states_of(execution: WorkflowExecution, steps: Iterable[StepRun]) -> dict[str, str]:
    """The state of every step of the version: that of its last attempt, else why there is none."""
    unreached = SKIPPED if execution.is_finished else PENDING
    states = dict.fromkeys((node["key"] for node in execution.version.graph["nodes"]), unreached)
    for step in steps:
        will_retry = step.status == StepRun.Status.FAILED and step.wake_at and not execution.is_finished
        states[step.node_key] = StepRun.Status.WAITING.value if will_retry else step.status
    return states


def run_diagram(
    execution: WorkflowExecution, steps: list[StepRun], link: Callable[[str], str], turns: dict[str, Turns]
) -> dict[str, Any]:
    """The version's graph with the way the execution took."""
    graph = execution.version.graph
    taken = {(step.node_key, port) for step in steps if step.finished_at for port in step.ports}
    taken |= {(edge["source"], edge["port"]) for edge in graph["edges"] if {edge["source"], edge["target"]} <= {*turns}}
    states = {**states_of(execution, steps), **{key: each.status for key, each in _inside(steps, turns).items()}}
    return diagram(graph, link, states=states, taken=taken, notes={key: turns_note(turns[key]) for key in turns})


def turns_note(turns: Turns) -> str:
    """How many turns there were, and how many failed."""
    told = ngettext("%(count)s turn", "%(count)s turns", turns.count) % {"count": intcomma(turns.count)}
    return f"{told}, {turns_failed(turns)}" if turns.failed else told


def turns_failed(turns: Turns) -> str:
    return ngettext("%(count)s failed", "%(count)s failed", turns.failed) % {"count": intcomma(turns.failed)}


def _inside(steps: list[StepRun], turns: dict[str, Turns]) -> dict[str, Turns]:
    """The turns of the steps inside loops; those of a loop itself are told by its own run."""
    own = {step.node_key for step in steps}
    return {key: each for key, each in turns.items() if key not in own}


def turned_away(graph: dict, key: str, taken: dict[str, list[str]]) -> list[str]:
    """The steps that ran (`taken`: the outputs they left through) and had a way to `key`, but did not go it."""
    before, found = {key}, {key}
    while found:
        found = {edge["source"] for edge in graph["edges"] if edge["target"] in found} - before
        before |= found
    leading: dict[str, set[str]] = defaultdict(set)
    for edge in graph["edges"]:
        if edge["target"] in before:
            leading[edge["source"]].add(edge["port"])
    return [source for source, ports in leading.items() if source in taken and not ports & {*taken[source]}]


def run_timeline(execution: WorkflowExecution, steps: list[StepRun], turns: dict[str, Turns]) -> Any:
    """The waterfall of an execution; what a loop repeats is one bar."""
    nodes = execution.version.graph["nodes"]
    return draw_timeline(
        sorted([*steps, *_inside(steps, turns).values()], key=lambda run: (run.started_at, run.pk)),
        {node["key"]: node.get("label") or node["key"] for node in nodes},
        start=execution.started_at,
        end=execution.completed_at or timezone.now(),
        pauses={node["key"] for node in nodes if node["kind"] in PAUSES},
    )
