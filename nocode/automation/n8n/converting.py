"""From an export of n8n to an outline of ours, node by node."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from nocode.automation.n8n import mappers as _registered  # noqa: F401
from nocode.automation.n8n.base import Inputs, Made, Mapper, Source, Unmappable, mappers
from nocode.automation.n8n.credentials import wanted_by
from nocode.automation.n8n.expressions import Translator
from nocode.automation.n8n.loops import Loops
from nocode.automation.n8n.names import Names
from nocode.automation.n8n.reading import Export, Link
from nocode.automation.n8n.triggers import is_trigger, triggers_of
from nocode.automation.nodes.config import PER_ITEM
from nocode.automation.transfer.bringing import PLACEHOLDER, kept
from nocode.automation.transfer.format import FORMAT, VERSION
from nocode.automation.transfer.remarks import Remark, Verdict

NOTE = "stickyNote"
ERRORS = {"continueRegularOutput": "continue", "continueErrorOutput": "branch"}
COLORS = {1: "yellow", 2: "yellow", 3: "red", 4: "green", 5: "blue", 6: "blue", 7: "grey"}


@dataclass
class Converted:
    """An outline, and what the report says about it."""

    outline: dict[str, Any]
    remarks: list[Remark]


def convert(export: Export) -> Converted:
    """The outline of an export. Every node becomes something: a step, a trigger, a note, or a placeholder."""
    return _Converting(export).run()


@dataclass
class _Converting:
    export: Export
    nodes: list[dict[str, Any]] = field(default_factory=list)
    edges: list[dict[str, str]] = field(default_factory=list)
    triggers: list[dict[str, Any]] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    ports: dict[str, list[str]] = field(default_factory=dict)  # by name of a node: its outputs
    first: dict[str, str] = field(default_factory=dict)  # by name: the key of its first step

    def __post_init__(self) -> None:
        self.sources = {node.name: node for node in self.export.nodes}
        self.starting = [node for node in self.export.nodes if is_trigger(node.type)]
        names = {node.name for node in self.starting}
        self.working = [node for node in self.export.nodes if node.name not in names and node.type != NOTE]
        parts = {node.name: found.parts for node in self.working if (found := mappers.find(node.type)) and found.parts}
        self.names = Names([node.name for node in self.working], names, parts)
        self.loops = Loops(self.export.links, {node.name: node for node in self.working})
        self.links = self.loops.forward()

    def run(self) -> Converted:
        for source in self.working:
            self._step(source)
        for source in self.export.nodes:
            if source.type == NOTE:
                self._note(source)
        self._connect()
        for source in self.starting:
            self._trigger(source)
        self._about_all()
        outline = {
            "format": FORMAT,
            "version": VERSION,
            "name": self.export.name[:150],
            "description": "",
            "settings": {"timeout": self._timeout(), "retention_days": None, "variables": {}},
            "nodes": self.nodes,
            "edges": self.edges,
            "triggers": self.triggers,
            "needs": self._needs(),
        }
        return Converted(outline, self.remarks)

    # --- Steps

    def _step(self, source: Source) -> None:
        translate = Translator(self.names, self._before(source))
        mapper = mappers.find(source.type)
        try:
            made = self._made(mapper, source, translate)
        except Unmappable as reason:
            made = self._placeholder(source)
            message = _("%s Its settings are kept; replace it or have it left out.") % reason
            self._remark(Verdict.PLACEHOLDER, source, message)
        else:
            self._judge(mapper, source, [*translate.remarks, *made.remarks])
        self._add(source, made)

    def _made(self, mapper: Mapper | None, source: Source, translate: Translator) -> Made:
        if mapper is None:
            raise Unmappable(_("There is no such step here."))
        translate.this = mapper.this(source)
        inputs: dict[int, list[str]] = defaultdict(list)
        for link in self.links:
            if link.target == source.name:
                inputs[link.input].append(self._output(link))
        made = mapper.make(source, translate, Inputs(inputs))
        if source.raw.get("alwaysOutputData"):
            _always(made)
        return made

    def _before(self, source: Source) -> str:
        """The expression for what enters a node."""
        return next((self._output(link) for link in self.links if link.target == source.name), "trigger")

    def _output(self, link: Link) -> str:
        """The expression for what a connection brings."""
        expression = self.names.output_of(link.source) or "undefined"
        ports = self.ports.get(link.source)
        if link.source in self.names.parts and ports and link.output < len(ports):
            return f"steps.{self.names.keys[link.source]}?.{ports[link.output]}"
        return expression

    @staticmethod
    def _placeholder(source: Source) -> Made:
        return Made(PLACEHOLDER, kept(source.type, source.parameters), ports=[])

    def _judge(self, mapper: Mapper, source: Source, remarks: list[str]) -> None:
        if source.raw.get("executeOnce"):
            remarks.append(_("It ran for the first item only; here it runs for all."))
        if remarks:
            for message in dict.fromkeys(remarks):
                self._remark(Verdict.DIFFERS, source, message)
        else:
            self._remark(Verdict.SAME, source, str(mapper.differs))

    def _add(self, source: Source, made: Made) -> None:
        key = self.names.keys[source.name]
        x, y = _place(source)
        chain = [*made.before, made]
        keys = [self.names.take(f"{key}_call") for _each in made.before] + [key]
        for number, (step, step_key) in enumerate(zip(chain, keys, strict=True)):
            is_last = step is made
            label = source.name if is_last else _("%s: call") % source.name
            config = _per_item(step)
            node = _node(step_key, step.kind, label, config, x + 40 * (number - len(made.before)), y)
            pinned = self.export.samples.get(source.name) if is_last and source.name not in self.names.parts else None
            self.nodes.append({**node, **self._behaviour(source, is_last=is_last), "pinned": pinned})
            if number:
                self.edges.append(_edge(keys[number - 1], chain[number - 1].ports[0], step_key))
        self.first[source.name] = keys[0]
        self.ports[source.name] = self._ports(source, made)

    def _behaviour(self, source: Source, *, is_last: bool) -> dict[str, Any]:
        raw = source.raw
        tries = raw.get("maxTries", 3) if raw.get("retryOnFail") else 1
        on_error = ERRORS.get(raw.get("onError", ""), "continue" if raw.get("continueOnFail") else "stop")
        return {
            "on_error": on_error if is_last or on_error != "branch" else "stop",
            "max_retries": max(0, int(tries) - 1) if str(tries).isdigit() else 0,
            "is_disabled": bool(raw.get("disabled")),
        }

    def _ports(self, source: Source, made: Made) -> list[str]:
        ports = made.ports or self._kept_ports(source, made)
        return [*ports, "error"] if source.raw.get("onError") == "continueErrorOutput" else ports

    def _kept_ports(self, source: Source, made: Made) -> list[str]:
        """A placeholder has one output only: all that led on from the node leads on from there."""
        outputs = [link.output for link in self.links if link.source == source.name]
        return ["main"] * (max(outputs, default=0) + 1) if made.kind == PLACEHOLDER else []

    def _note(self, source: Source) -> None:
        key = self.names.take("note")
        x, y = _place(source)
        config = {
            "text": str(source.get("content", "")).replace("{{", "\\{{")[:10_000],
            "color": COLORS.get(source.get("color", 1), "yellow"),
            "width": _within(source.get("width"), 80, 2000, 240),
            "height": _within(source.get("height"), 40, 2000, 160),
        }
        self.nodes.append(_node(key, "note", source.name, config, x, y))

    # --- Connections

    def _connect(self) -> None:
        arriving: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for link in sorted(self.links, key=lambda each: each.input):  # merges take their inputs in order
            if link.source not in self.ports:
                continue  # a trigger
            ports = self.ports[link.source]
            if link.output >= len(ports):
                message = _("Its output %(number)d leads on in n8n, and does not exist here.") % {
                    "number": link.output + 1
                }
                self._remark(Verdict.DIFFERS, self.sources[link.source], message)
                continue
            arriving[link.target].append((self.names.keys[link.source], ports[link.output]))
        for target, ways in arriving.items():
            self._lead_to(target, list(dict.fromkeys(ways)))
        self.loops.close(self)

    def _lead_to(self, target: str, ways: list[tuple[str, str]]) -> None:
        """What several connections bring is put together first, in one list; a merge does that itself."""
        key = self.first[target]
        made = next(node for node in self.nodes if node["key"] == key)
        if len(ways) > 1 and made["kind"] != "merge" and self.sources[target].type != "merge":
            joined = self.join(self.sources[target], ways)
            ways = [(joined, "main")]
        self.edges.extend(_edge(source, port, key) for source, port in ways)

    def join(self, near: Source, ways: list[tuple[str, str]]) -> str:
        """A step that makes one list of what several connections bring; its key."""
        key = self.names.take("together")
        x, y = _place(near)
        self.nodes.append(_node(key, "merge", _("Together"), {"combine": "append"}, x - 40, y))
        self.edges.extend(_edge(source, port, key) for source, port in ways)
        return key

    def after_loop(self, loop: str, code: str) -> str:
        """A step that makes one list of what the turns of a loop brought; its key."""
        key = self.names.take(f"{loop}_items")
        near = next(node for node in self.nodes if node["key"] == loop)
        self.nodes.append(
            _node(key, "code", _("Items of all turns"), {"code": code, "mode": "all"}, near["x"] + 40, near["y"])
        )
        return key

    # --- Triggers

    def _trigger(self, source: Source) -> None:
        made, told = triggers_of(source, str(self.export.settings.get("timezone") or ""))
        targets = dict.fromkeys(link.target for link in self.export.links if link.source == source.name)
        entry = self._entry(source, [self.first[name] for name in targets if name in self.first])
        for each in made:
            is_active = not source.raw.get("disabled")
            self.triggers.append({**each, "entry": entry, "is_active": is_active})
        self._remark(Verdict.DIFFERS if told else Verdict.SAME, source, told)

    def _entry(self, source: Source, targets: list[str]) -> str:
        """Where it starts: nowhere said, where all that has nothing before it is what it leads to."""
        reached = {edge["target"] for edge in self.edges}
        roots = {node["key"] for node in self.nodes if node["key"] not in reached and node["kind"] != "note"}
        if roots == set(targets) or not targets:
            return ""
        if len(targets) == 1:
            return targets[0]
        key = self.names.take("start")
        x, y = _place(source)
        self.nodes.append(_node(key, "noop", source.name, {}, x, y))
        self.edges.extend(_edge(key, "main", target) for target in targets)
        return key

    # --- The workflow as a whole

    def _about_all(self) -> None:
        for message in self.loops.remarks:
            self.remarks.append(Remark(Verdict.NOTE, message))
        if self.export.settings.get("errorWorkflow"):
            self.remarks.append(
                Remark(Verdict.NOTE, _("It named a workflow for errors; choose one among the settings."))
            )
        if self.export.strange:
            message = _("Connections that carry no data were left out: %s.") % ", ".join(sorted(self.export.strange))
            self.remarks.append(Remark(Verdict.NOTE, message))
        if self.export.samples:
            message = _("Sample outputs of %d nodes are pinned to their steps.") % len(self.export.samples)
            self.remarks.append(Remark(Verdict.NOTE, message))

    def _timeout(self) -> int:
        given = self.export.settings.get("executionTimeout")
        return given if isinstance(given, int) and not isinstance(given, bool) and 0 < given < 10**6 else 3600

    def _needs(self) -> dict[str, list]:
        wanted = {each["id"]: each for source in self.working if (each := wanted_by(source))}
        named = {
            node["config"]["workflow"]: {"id": node["config"]["workflow"], "name": node["label"]}
            for node in self.nodes
            if node["kind"] == "workflow.call"
        }
        used = {node["config"].get("integration") for node in self.nodes}
        return {
            "integrations": [each for pk, each in wanted.items() if pk in used],
            "workflows": list(named.values()),
            "tables": [],
        }

    def _remark(self, verdict: Verdict, source: Source, message: str = "") -> None:
        key = self.names.keys.get(source.name, "")
        self.remarks.append(Remark(verdict, message, key, source.name[:150], source.type))


def _node(key: str, kind: str, label: str, config: dict, x: int, y: int) -> dict[str, Any]:
    return {
        "key": key,
        "kind": kind,
        "label": (label.strip() or key)[:150],
        "config": config,
        "on_error": "stop",
        "max_retries": 0,
        "is_disabled": False,
        "x": x,
        "y": y,
    }


def _edge(source: str, port: str, target: str) -> dict[str, str]:
    return {"source": source, "port": port, "target": target}


def _place(source: Source) -> tuple[int, int]:
    place = source.raw.get("position")
    if isinstance(place, list) and len(place) == 2 and all(isinstance(each, int | float) for each in place):
        return tuple(max(-(10**6), min(10**6, int(each))) for each in place)  # type: ignore[return-value]
    return 0, 0


def _within(value: Any, least: int, most: int, usual: int) -> int:
    return max(least, min(most, int(value))) if isinstance(value, int | float) else usual


def _always(made: Made) -> None:
    """A node that gives one empty item where it would give none."""
    if made.kind == "code" and made.config["mode"] == "all":
        inner = made.config["code"]
        found = f"const found = (() => {{\n{inner}\n}})();"
        made.config["code"] = f"{found}\nreturn Array.isArray(found) && !found.length ? [{{}}] : found;"
    elif made.kind not in ("noop", "set", "stop", "respond"):
        made.remarks.append(_("It gave one empty item where it had none; here it gives nothing then."))


def _per_item(made: Made) -> dict[str, Any]:
    """The settings, with the run mode of what runs once for each item."""
    return {**made.config, PER_ITEM: True} if made.per_item else made.config


__all__ = ["Converted", "convert"]
