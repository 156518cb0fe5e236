"""Which columns of a grid are seen, in which order and how wide."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nocode.studio.layouts import Column, Layout

NARROWEST, WIDEST, USUAL = 60, 800, 180  # pixels
STEP = 40


@dataclass(frozen=True)
class Placed:
    """A column in its place."""

    column: Column
    width: int


class Arrangement:
    """The columns of a grid as a GridView keeps them: `columns` their order, `hidden` those not seen, `widths`.

    Fields that came after it was made stand at the end; fields that have gone are passed over.
    """

    def __init__(self, layout: Layout, settings: Mapping[str, Any]):
        own = [name for name, column in layout.columns.items() if column.field]
        kept = [name for name in settings.get("columns", []) if name in own]
        self.order = kept + [name for name in own if name not in kept]
        self.hidden = {name for name in settings.get("hidden", []) if name in own}
        self.widths = {name: int(width) for name, width in settings.get("widths", {}).items() if name in own}
        self.layout = layout

    @property
    def seen(self) -> list[Placed]:
        """The columns from left to right."""
        columns = self.layout.columns
        return [Placed(columns[name], self._width(name)) for name in self.order if name not in self.hidden]

    @property
    def unseen(self) -> list[Column]:
        return [self.layout.columns[name] for name in self.order if name in self.hidden]

    @property
    def settings(self) -> dict[str, Any]:
        """What a GridView keeps of this."""
        return {"columns": self.order, "hidden": sorted(self.hidden), "widths": self.widths}

    def move(self, name: str, before: str) -> None:
        """Put a column before another one, or last."""
        self.order.remove(name)
        self.order.insert(self.order.index(before) if before in self.order else len(self.order), name)

    def shift(self, name: str, by: int) -> None:
        """Move a column by places among those that are seen."""
        seen = [each for each in self.order if each not in self.hidden]
        place = min(max(seen.index(name) + by, 0), len(seen) - 1)
        other = seen[place]
        if other != name:
            self.order.remove(name)
            self.order.insert(self.order.index(other) + (by > 0), name)

    def hide(self, name: str) -> None:
        self.hidden.add(name)

    def show(self, name: str) -> None:
        self.hidden.discard(name)

    def resize(self, name: str, width: int) -> None:
        """Make a column so many pixels wide, within reason."""
        self.widths[name] = min(max(width, NARROWEST), WIDEST)

    def widen(self, name: str, steps: int) -> None:
        self.resize(name, self._width(name) + steps * STEP)

    def _width(self, name: str) -> int:
        return self.widths.get(name, USUAL)
