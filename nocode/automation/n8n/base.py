"""What becomes of a node of n8n. To map one more: write its class in a file of `mappers/`."""

from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from nocode.automation.n8n.expressions import FIRST, ITEM, Translator
from nocode.automation.n8n.names import Names
from nocode.foundation.registry import Registry


@dataclass
class Source:
    """A node as the export has it."""

    name: str
    type: str
    version: float
    parameters: dict[str, Any]
    raw: dict[str, Any]

    def get(self, path: str, default: Any = None) -> Any:
        """A parameter by its path: options.clashHandling.values."""
        found: Any = self.parameters
        for name in path.split("."):
            if not isinstance(found, dict) or name not in found:
                return default
            found = found[name]
        return default if found is None else found

    def rows(self, path: str) -> list[dict[str, Any]]:
        """A parameter that is a list of rows; what is no row is left out."""
        found = self.get(path, [])
        found = found if isinstance(found, list) else [found]
        return [row for row in found if isinstance(row, dict)]

    def option(self, path: str, choices: dict[str, str], default: str) -> str:
        """A parameter that is one of some words, as the word we have for it. Raises Unmappable."""
        value = self.get(path, default)
        if not isinstance(value, str) or value not in choices:
            raise Unmappable(_("%(name)s “%(value)s” has no counterpart.") % {"name": path, "value": str(value)[:60]})
        return choices[value]


class Unmappable(Exception):
    """This use of a node has no counterpart; the words say what of it."""


@dataclass
class Made:
    """A step: its kind, its settings, and by n8n's number of an output the port it is."""

    kind: str
    config: dict[str, Any]
    ports: list[str] = field(default_factory=lambda: ["main"])
    before: list["Made"] = field(default_factory=list)  # steps in front of it that belong to it
    per_item: bool = False  # run it once for each item
    ordered: bool = False  # it reads its inputs itself, one by one
    remarks: list[str] = field(default_factory=list)


class Mapper:
    """One type of node. `types` are its names in n8n; `kinds` what it becomes here, for the documentation."""

    kind: str  # the name in n8n, without the package
    label: str  # what n8n calls it
    kinds: tuple[str, ...]
    differs: str = ""  # what is always different, for the report and the documentation
    whole = False  # whether `$json` is the first item: the node works on the list as a whole
    parts: str = ""  # of a node that sends items apart: the port that is meant without saying

    def this(self, source: Source) -> str:
        """What `$json` means in its parameters."""
        return FIRST if self.whole else ITEM

    def make(self, source: Source, translate: Translator, inputs: "Inputs") -> Made:
        """The step. Raises Unmappable."""
        raise NotImplementedError


@dataclass
class Inputs:
    """What leads to a node: by n8n's number of the input, the expressions for what arrives there."""

    expressions: dict[int, list[str]]

    def script(self, number: int) -> str:
        """The items of one input as a JavaScript list."""
        found = [f"...$items({each}).all()" for each in self.expressions.get(number, [])]
        return f"[{', '.join(found)}].map((each) => each.json)"


mappers: Registry[Mapper] = Registry("mappers of n8n nodes")

__all__ = ["Inputs", "Made", "Mapper", "Names", "Source", "Unmappable", "mappers"]
