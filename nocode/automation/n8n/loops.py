"""Loops of n8n lead back to where they began. Ours do not: what is behind “each” is repeated, and “done” follows."""

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from nocode.automation.n8n.base import Inputs, Made, Mapper, Source, mappers
from nocode.automation.n8n.expressions import Translator
from nocode.automation.n8n.reading import Link

if TYPE_CHECKING:
    from nocode.automation.n8n.converting import _Converting

LOOP = "splitInBatches"
_FLAT = """// Each turn brought a list; n8n hands on all their items.
return items.flatMap((turn) => %s ?? []);"""


def outputs_of(source: Source) -> list[str]:
    """The ports of a loop in n8n's order."""
    return ["done", "each"] if source.version >= 3 else ["each", "done"]


@mappers.register
class SplitInBatches(Mapper):
    kind, label, kinds, whole = LOOP, "Loop Over Items (Split in Batches)", ("loop", "code"), True
    differs = "A loop inside a loop becomes a workflow of its own that is called."

    def make(self, source: Source, translate: Translator, inputs: Inputs) -> Made:
        size = source.get("batchSize", 1 if source.version >= 3 else 10)
        code = f"{{{{ $batches($items(input).all().map((each) => each.json), {translate.script(size)}) }}}}"
        config = {"list": code, "concurrency": 1, "on_failure": "stop", "collect": True}
        return Made("loop", config, outputs_of(source))


class Loops:
    """The connections without those that lead back."""

    def __init__(self, links: list[Link], nodes: dict[str, Source]):
        self.links, self.nodes = links, nodes
        self.remarks: list[str] = []
        self.back: dict[str, list[Link]] = {}  # by loop: what led back to it

    def forward(self) -> list[Link]:
        """The connections that stay."""
        links = list(self.links)
        for name, node in self.nodes.items():
            if node.type == LOOP:
                inside = self._behind(name, outputs_of(node).index("each"), links)
                self.back[name] = [link for link in links if link.target == name and link.source in inside]
                links = [link for link in links if link not in self.back[name]]
        return self._without_circles(links)

    @staticmethod
    def _behind(name: str, output: int, links: list[Link]) -> set[str]:
        found: set[str] = set()
        reached = [link.target for link in links if link.source == name and link.output == output]
        while reached:
            each = reached.pop()
            if each not in found and each != name:
                found.add(each)
                reached.extend(link.target for link in links if link.source == each)
        return found

    def _without_circles(self, links: list[Link]) -> list[Link]:
        """Other circles are cut where they close: here only loops repeat."""
        kept: list[Link] = []
        after: dict[str, set[str]] = {}
        for link in links:
            if link.source == link.target or self._leads(link.target, link.source, after):
                names = {"from": link.source[:60], "to": link.target[:60]}
                self.remarks.append(_("The way back from “%(from)s” to “%(to)s” was cut; only loops repeat.") % names)
                continue
            after.setdefault(link.source, set()).add(link.target)
            kept.append(link)
        return kept

    @staticmethod
    def _leads(start: str, end: str, after: dict[str, set[str]]) -> bool:
        seen, reached = set(), [start]
        while reached:
            each = reached.pop()
            if each == end:
                return True
            if each not in seen:
                seen.add(each)
                reached.extend(after.get(each, ()))
        return False

    def close(self, converting: "_Converting") -> None:
        """Let what the turns brought go on as one list."""
        for name, back in self.back.items():
            loop = converting.names.keys[name]
            ways = list(
                dict.fromkeys((converting.names.keys[link.source], self._port(converting, link)) for link in back)
            )
            end = ways[0][0] if len(ways) == 1 else converting.join(self.nodes[name], ways) if ways else ""
            onwards = [edge for edge in converting.edges if edge["source"] == loop and edge["port"] == "done"]
            if not onwards:
                continue
            key = converting.after_loop(loop, _FLAT % self._result(converting, loop, end))
            converting.edges.append({"source": loop, "port": "done", "target": key})
            for edge in onwards:
                edge["source"], edge["port"] = key, "main"

    @staticmethod
    def _port(converting: "_Converting", link: Link) -> str:
        ports = converting.ports[link.source]
        return ports[link.output] if link.output < len(ports) else "main"

    @staticmethod
    def _result(converting: "_Converting", loop: str, end: str) -> str:
        """What of a turn went back to the loop: its end, which has a name where the turn has several."""
        leading = {edge["source"] for edge in converting.edges}
        leaves = [node["key"] for node in converting.nodes if node["key"] not in leading and node["kind"] != "note"]
        return f"(turn?.{end} ?? turn)" if end and leaves != [end] else "turn"
