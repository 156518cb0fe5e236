"""What the nodes of n8n are called here: their names are sentences, keys are words that expressions can say."""

import re
from collections.abc import Iterable

from django.utils.text import slugify

KEY_LENGTH = 56  # which leaves room for a number behind it


class Names:
    """Keys by the names of nodes. What triggers gave is `trigger`; a node that sends items apart gives parts."""

    def __init__(self, nodes: Iterable[str], triggers: Iterable[str] = (), parts: dict[str, str] | None = None):
        self.keys: dict[str, str] = {}
        self.triggers = set(triggers)
        self.parts = parts or {}  # by name: the port n8n means when it says nothing else
        for name in nodes:
            self.keys[name] = self.free(name)

    def free(self, label: str) -> str:
        """A key that no step has yet."""
        base = re.sub(r"^[^a-z]+", "", slugify(label).replace("-", "_"))[:KEY_LENGTH].rstrip("_") or "step"
        key, number = base, 1
        while key in self.keys.values():
            number += 1
            key = f"{base}_{number}"
        return key

    def take(self, label: str) -> str:
        """A key for a step that no node stands behind."""
        key = self.free(label)
        self.keys[f"\x00{key}"] = key
        return key

    def output_of(self, name: str) -> str | None:
        """The expression for what a node gave; None when there is no such node."""
        if name in self.triggers:
            return "trigger"
        if name not in self.keys:
            return None
        key = self.keys[name]
        return f"steps.{key}?.{self.parts[name]}" if name in self.parts else f"steps.{key}"
