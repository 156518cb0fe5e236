"""What differs between two graphs: steps, connections and settings. Pure."""

from dataclasses import dataclass, field
from typing import Any

ADDED, REMOVED, CHANGED = "added", "removed", "changed"
PLACE = {"x", "y"}
EMPTY = {"nodes": [], "edges": [], "settings": {}}


@dataclass(frozen=True)
class Change:
    """One difference: `what` is "step", "connection" or "setting"; `values` are (name, before, after).

    `key` is the step's, of a step.
    """

    how: str
    what: str
    name: str
    values: list[tuple[str, Any, Any]] = field(default_factory=list)
    key: str = ""


def compare(before: dict | None, after: dict) -> list[Change]:
    """The changes that lead from one graph to the other; where a step is drawn is none."""
    before = before or EMPTY
    return [*_steps(before, after), *_connections(before, after), *_settings(before, after)]


def united(before: dict | None, after: dict) -> dict:
    """One graph of both, to draw what leads from one to the other: what is gone is still in it."""
    before = before or EMPTY
    keys = {node["key"] for node in after["nodes"]}
    gone = [node for node in before["nodes"] if node["key"] not in keys]
    edges = {way_of(edge): edge for edge in (*after["edges"], *before["edges"])}
    return {"nodes": [*after["nodes"], *gone], "edges": list(edges.values())}


def marks(before: dict | None, after: dict) -> tuple[dict[str, str], dict[tuple, str]]:
    """How each step and each connection differs, by key and by (source, port, target); what is the same has no mark."""
    old, new = ({way_of(edge) for edge in graph["edges"]} for graph in (before or EMPTY, after))
    steps = {change.key: change.how for change in compare(before, after) if change.key}
    return steps, dict.fromkeys(new - old, ADDED) | dict.fromkeys(old - new, REMOVED)


def way_of(edge: dict) -> tuple[str, str, str]:
    """What a connection is known by."""
    return edge["source"], edge["port"], edge["target"]


def _steps(before: dict, after: dict) -> list[Change]:
    old = {node["key"]: node for node in before["nodes"]}
    new = {node["key"]: node for node in after["nodes"]}
    changes = [Change(ADDED, "step", _name(node), key=key) for key, node in new.items() if key not in old]
    changes += [Change(REMOVED, "step", _name(node), key=key) for key, node in old.items() if key not in new]
    for key in new.keys() & old.keys():
        values = _differences(_flat(old[key]), _flat(new[key]))
        if values:
            changes.append(Change(CHANGED, "step", _name(new[key]), values, key))
    return sorted(changes, key=lambda change: (change.how, change.name))


def _connections(before: dict, after: dict) -> list[Change]:
    labels = {node["key"]: _name(node) for graph in (before, after) for node in graph["nodes"]}

    def words(edge: tuple[str, str, str]) -> str:
        source, port, target = edge
        through = "" if port == "main" else f" ({port})"
        return f"{labels.get(source, source)}{through} → {labels.get(target, target)}"

    old, new = (dict.fromkeys(map(way_of, graph["edges"])) for graph in (before, after))
    return [
        *(Change(ADDED, "connection", words(edge)) for edge in new if edge not in old),
        *(Change(REMOVED, "connection", words(edge)) for edge in old if edge not in new),
    ]


def _settings(before: dict, after: dict) -> list[Change]:
    values = _differences(before.get("settings", {}), after.get("settings", {}))
    return [Change(CHANGED, "setting", name, [(name, old, new)]) for name, old, new in values if before is not EMPTY]


def _name(node: dict) -> str:
    return node.get("label") or node["key"]


def _flat(node: dict) -> dict:
    """A step with its settings beside its other properties."""
    rest = {name: value for name, value in node.items() if name not in {"config", "key"} | PLACE}
    return {**rest, **node.get("config", {})}


def _differences(old: dict, new: dict) -> list[tuple[str, Any, Any]]:
    names = sorted(old.keys() | new.keys())
    return [(name, old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)]
