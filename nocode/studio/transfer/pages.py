"""The pages of a project and their blocks in a project file."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from nocode.studio.blocks import Block as Drawn
from nocode.studio.blocks import block_types
from nocode.studio.models import Block, DataTable, Page, Project
from nocode.studio.services import blocks, pages
from nocode.studio.transfer.names import Keys, block_renamed
from nocode.studio.transfer.placing import placed
from nocode.studio.transfer.shape import Mistakes, join

PAGE = {"title": str, "slug": str}, {"icon": "", "in_menu": True, "blocks": []}
BLOCK = {"kind": str}, {"settings": {}, "slots": []}

Known = Mapping[str, Collection[str]]  # the fields of each table


# --- out of the database


def pages_of(project: Project, tables: Sequence[DataTable], keys: Keys) -> list[dict[str, Any]]:
    """The pages as a file has them. A block that could not be drawn in the project is left out."""
    by_id = {str(table.pk): table for table in tables}
    found = list(project.pages.all())
    writing = _Writing(keys, by_id, {page.slug: page.title for page in found})
    return [
        {
            "title": page.title,
            "slug": page.slug,
            "icon": page.icon,
            "in_menu": page.in_menu,
            "blocks": writing.blocks(blocks.tree(page)),
        }
        for page in found
    ]


class _Writing:
    def __init__(self, keys: Keys, tables: Mapping[str, DataTable], titles: Mapping[str, str]):
        self.keys, self.tables, self.titles = keys, tables, titles

    def blocks(self, drawn: Sequence[Drawn]) -> list[dict[str, Any]]:
        return [self._block(each) for each in drawn if self._is_whole(each)]

    def _is_whole(self, block: Drawn) -> bool:
        kind = block_types.find(block["kind"])
        return kind is not None and not kind.check(block["settings"], self.tables, self.titles)

    def _block(self, block: Drawn) -> dict[str, Any]:
        settings = block_renamed(
            block["kind"],
            block["settings"],
            lambda pk: self.keys.tables[pk],
            lambda pk, name: self.keys.columns[self.tables[pk].pk].get(name, name),
        )
        slots = [self.blocks(slot) for slot in block["slots"]]
        return {"kind": block["kind"], "settings": settings, "slots": slots}


# --- as they stand in a file


def check_pages(values: list, known: Known, mistakes: Mistakes) -> list[dict[str, Any]]:
    """The pages with every member there; what their blocks say is checked once there are tables."""
    found = []
    for value, place in mistakes.items(values, "pages", pages.MOST):
        if page := mistakes.object(value, place, *PAGE):
            page["blocks"] = _check_blocks(page["blocks"], join(place, "blocks"), known, mistakes, 1)
            found.append(page)
    return found


def _check_blocks(values: Any, place: str, known: Known, mistakes: Mistakes, depth: int) -> list[dict[str, Any]]:
    if not isinstance(values, list) or depth > blocks.DEEPEST:
        mistakes.add(
            place, _("Blocks lie in lists, at most %(deepest)d deep inside each other.") % {"deepest": blocks.DEEPEST}
        )
        return []
    found = []
    for value, at in mistakes.items(values, place, blocks.MOST):
        block = mistakes.object(value, at, *BLOCK)
        if block is None:
            continue
        if block["kind"] not in block_types:
            mistakes.add(join(at, "kind"), _("There is no type “%(kind)s”.") % {"kind": block["kind"][:80]})
        table = block["settings"].get("table")
        if table and (not isinstance(table, str) or table not in known):
            mistakes.add(join(at, "settings.table"), _("There is no table “%(table)s”.") % {"table": str(table)[:80]})
        slots = enumerate(block["slots"])
        block["slots"] = [
            _check_blocks(slot, f"{at}.slots[{number}]", known, mistakes, depth + 1) for number, slot in slots
        ]
        found.append(block)
    return found


# --- into the database


def make_pages(project: Project, wanted: Sequence[dict[str, Any]], tables: Mapping[str, DataTable]) -> None:
    """Make the pages of a file; `tables` are those made of it, by key. Raises ImportRefused."""
    made = []
    for number, page in enumerate(wanted):
        with placed(f"pages[{number}]"):
            made.append(
                pages.add_page(
                    project, page["title"], slug=page["slug"], icon=page["icon"][:40], in_menu=page["in_menu"]
                )
            )
    for number, (page, said) in enumerate(zip(made, wanted, strict=True)):
        _make_blocks(page, said["blocks"], tables, f"pages[{number}].blocks")


def _make_blocks(
    page: Page,
    wanted: Sequence[dict[str, Any]],
    tables: Mapping[str, DataTable],
    place: str,
    parent: Block | None = None,
    slot: int = 0,
) -> None:
    for number, each in enumerate(wanted):
        at = f"{place}[{number}]"
        settings = block_renamed(
            each["kind"], each["settings"], lambda key: str(tables[key].pk), lambda _key, name: name
        )
        with placed(at):
            block = blocks.add_block(page, each["kind"], settings, parent=parent, slot=slot)
        for inside, below in enumerate(each["slots"]):
            _make_blocks(page, below, tables, f"{at}.slots[{inside}]", block, inside)
