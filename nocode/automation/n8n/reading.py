"""An export of n8n, looked at before anything is made of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from nocode.automation.n8n.base import Source
from nocode.studio.errors import ImportRefused
from nocode.studio.transfer.shape import Mistakes

MOST_NODES, MOST_CONNECTIONS = 900, 4000


@dataclass(frozen=True)
class Link:
    """One connection: an output of a node to an input of another one, by their numbers."""

    source: str
    output: int
    target: str
    input: int


@dataclass
class Export:
    """What is in the file."""

    name: str
    nodes: list[Source]
    links: list[Link]
    settings: dict[str, Any]
    samples: dict[str, list[Any]]
    strange: set[str] = field(default_factory=set)  # kinds of connections that are not for data


def is_export(value: Any) -> bool:
    """Whether a file is one of n8n: a workflow, or a list with one."""
    value = value[0] if isinstance(value, list) and len(value) == 1 else value
    return isinstance(value, dict) and "format" not in value and "nodes" in value and "connections" in value


def misshapen() -> str:
    """What is said of a file that n8n itself would never write."""
    return _("The file looks like one of n8n, but its nodes or connections are not what they should be.")


def read(value: Any) -> Export:
    """The export in a value. Raises ImportRefused with all that is wrong."""
    value = value[0] if isinstance(value, list) else value
    mistakes = Mistakes()
    if not isinstance(value["nodes"], list) or not isinstance(value["connections"], dict):
        raise ImportRefused(misshapen())
    nodes = list(_nodes(value["nodes"], mistakes))
    mistakes.settle()
    strange: set[str] = set()
    links = list(_links(value["connections"], {node.name for node in nodes}, strange, mistakes))
    mistakes.settle()
    pins = value.get("pinData") if isinstance(value.get("pinData"), dict) else {}
    samples = {name: [_json_of(item) for item in items] for name, items in pins.items() if isinstance(items, list)}
    settings = value.get("settings") if isinstance(value.get("settings"), dict) else {}
    return Export(str(value.get("name") or _("Workflow of n8n")), nodes, links, settings, samples, strange)


def _nodes(values: list, mistakes: Mistakes) -> Iterator[Source]:
    names: set[str] = set()
    for value, place in mistakes.items(values, "nodes", MOST_NODES):
        if (
            not isinstance(value, dict)
            or not isinstance(value.get("name"), str)
            or not isinstance(value.get("type"), str)
        ):
            mistakes.add(place, _("A node has a name and a type."))
            continue
        if value["name"] in names:
            mistakes.add(f"{place}.name", _("“%(key)s” is there twice.") % {"key": value["name"][:80]})
        names.add(value["name"])
        version, parameters = value.get("typeVersion", 1), value.get("parameters")
        yield Source(
            name=value["name"],
            type=value["type"].rpartition(".")[2],
            version=float(version) if isinstance(version, int | float) else 1.0,
            parameters=parameters if isinstance(parameters, dict) else {},
            raw=value,
        )


def _links(connections: dict, known: set[str], strange: set[str], mistakes: Mistakes) -> Iterator[Link]:
    count = 0
    for source, kinds in connections.items():
        if source not in known or not isinstance(kinds, dict):
            continue  # n8n keeps connections of nodes that were deleted
        strange.update(str(kind) for kind in kinds if kind != "main")
        for output, targets in enumerate(kinds.get("main") or []):
            for target in targets or []:
                if not isinstance(target, dict) or target.get("node") not in known:
                    continue
                count += 1
                number = target.get("index", 0)
                yield Link(source, output, target["node"], number if isinstance(number, int) else 0)
    if count > MOST_CONNECTIONS:
        mistakes.add("connections", _("There are more than %(most)d.") % {"most": MOST_CONNECTIONS})


def _json_of(item: Any) -> Any:
    return item["json"] if isinstance(item, dict) and isinstance(item.get("json"), dict) else item
