"""The blocks of a page as a list with lists inside: what each is, where it may go, what is wrong with it."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from nocode.studio.blocks import Block as Drawn
from nocode.studio.blocks import block_types
from nocode.studio.models import DataTable, Page
from nocode.studio.services import pages
from nocode.studio.services.blocks import tree


@dataclass
class Entry:
    """A block as the outline shows it."""

    id: str
    label: str
    icon: str
    summary: str
    problems: list[str]
    is_selected: bool
    slots: list["Slot"] = field(default_factory=list)


@dataclass
class Slot:
    """A place for blocks: the page itself, or inside one."""

    place: str  # "<id of the block around>:<number>"
    label: str
    entries: list[Entry]


@dataclass
class Outline:
    """A page's blocks, and what they may refer to."""

    blocks: list[Drawn]
    tables: dict[str, DataTable]
    pages: dict[str, str]
    root: Slot

    def places(self, without: str = "") -> list[tuple[str, str]]:
        """Every place as (value, label), except those inside the block `without`."""
        return [(slot.place, label) for slot, label in self._walk(self.root, self.root.label, without)]

    def _walk(self, slot: Slot, label: str, without: str) -> list[tuple[Slot, str]]:
        found = [(slot, label)]
        for entry in slot.entries:
            if entry.id != without:
                for inside in entry.slots:
                    found += self._walk(inside, f"{entry.label} › {inside.label}", without)
        return found


def outline(page: Page, selected: UUID | None = None) -> Outline:
    """The outline of a page as it is now. Four queries, whatever is on it."""
    tables, titles = pages.known(page.project)
    blocks = tree(page)
    problems: dict[str, list[str]] = defaultdict(list)
    for problem in pages.check_tree(page.title, blocks, tables, titles):
        words = {"name": problem.setting, "text": problem.message}
        problems[problem.block_id].append(_("%(name)s: %(text)s") % words if problem.setting else problem.message)
    entries = [_entry(block, tables, problems, str(selected or "")) for block in blocks]
    return Outline(blocks, tables, titles, Slot(":0", _("The page"), entries))


def _entry(block: Drawn, tables: dict[str, DataTable], problems: dict[str, list[str]], selected: str) -> Entry:
    kind = block_types.find(block["kind"])
    return Entry(
        id=block["id"],
        label=str(kind.label) if kind else block["kind"],
        icon=kind.icon if kind else "help",
        summary=kind.hint(block["settings"], tables) if kind else "",
        problems=problems[block["id"]],
        is_selected=block["id"] == selected,
        slots=[
            Slot(
                f"{block['id']}:{number}",
                _slot_label(number),
                [_entry(one, tables, problems, selected) for one in slot],
            )
            for number, slot in enumerate(block["slots"])
        ],
    )


def _slot_label(number: int) -> Any:
    return _("Column %(number)d") % {"number": number + 1}
