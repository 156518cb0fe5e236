"""What differs between two snapshots: pages, blocks, tables, fields and workflows. Pure."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

from nocode.studio.blocks import block_types

ADDED, REMOVED, CHANGED, MOVED = "added", "removed", "changed", "moved"


@dataclass(frozen=True)
class Change:
    """One difference. `what` is "app", "page", "block", "table", "field" or "workflow"; `values` (name, before, after).

    `where` names the page of a block, the table of a field.
    """

    how: str
    what: str
    name: str
    where: str = ""
    values: list[tuple[str, Any, Any]] = field(default_factory=list)


def compare(before: dict, after: dict) -> list[Change]:
    """The changes that lead from one snapshot to the other."""
    values = _differences(before["app"], after["app"])
    return [
        *([Change(CHANGED, "app", after["app"]["name"], "", values)] if values else []),
        *_listed("page", _by(before["pages"], "id"), _by(after["pages"], "id"), "title", besides=["id", "blocks"]),
        *_order(before["pages"], after["pages"]),
        *_blocks(before["pages"], after["pages"]),
        *_tables(before["tables"], after["tables"]),
        *_listed("workflow", _by(before["workflows"], "id"), _by(after["workflows"], "id"), "name", besides=["id"]),
    ]


def _by(rows: list[dict], key: str) -> dict[str, dict]:
    return {row[key]: row for row in rows}


def _listed(
    what: str, old: dict[str, dict], new: dict[str, dict], label: str, *, besides: list[str], where: str = ""
) -> Iterator[Change]:
    """What was added, removed and changed among things that have an id."""
    for key, row in new.items():
        if key not in old:
            yield Change(ADDED, what, row[label], where)
        elif values := _differences(old[key], row, besides):
            yield Change(CHANGED, what, row[label], where, values)
    for key, row in old.items():
        if key not in new:
            yield Change(REMOVED, what, row[label], where)


def _order(before: list[dict], after: list[dict]) -> Iterator[Change]:
    titles = {page["id"]: page["title"] for page in after}
    old = [page["id"] for page in before if page["id"] in titles]
    for key in _moved(old, [page["id"] for page in after]):
        yield Change(MOVED, "page", titles[key])


def _moved(old: list[str], new: list[str]) -> list[str]:
    """What stands elsewhere among those that were there before: the fewest that explain the new order."""
    new = [each for each in new if each in old]
    stayed = {
        each
        for match in SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
        for each in new[match.b : match.b + match.size]
    }
    return [each for each in new if each not in stayed]


def _tables(before: list[dict], after: list[dict]) -> Iterator[Change]:
    old, new = _by(before, "id"), _by(after, "id")
    yield from _listed("table", old, new, "label", besides=["id", "fields"])
    for key in old.keys() & new.keys():
        fields = (_by(table["fields"], "physical_name") for table in (old[key], new[key]))
        yield from _listed("field", *fields, "label", besides=["physical_name"], where=new[key]["label"])


@dataclass(frozen=True)
class _Placed:
    """A block, the page it is on, and what it stands in."""

    block: dict
    page: str
    around: tuple


def _blocks(before: list[dict], after: list[dict]) -> Iterator[Change]:
    """Blocks of pages that were there before; those of a new or a gone page go without saying."""
    stayed = {page["id"] for page in before} & {page["id"] for page in after}
    old, new = ({each.block["id"]: each for each in _placed(pages, stayed)} for pages in (before, after))
    elsewhere = _blocks_moved(old, new)
    for key, now in new.items():
        if key not in old:
            yield Change(ADDED, "block", _label(now.block), now.page)
            continue
        if values := _differences(old[key].block["settings"], now.block["settings"]):
            yield Change(CHANGED, "block", _label(now.block), now.page, values)
        if key in elsewhere:
            yield Change(MOVED, "block", _label(now.block), now.page)
    for key, was in old.items():
        if key not in new:
            yield Change(REMOVED, "block", _label(was.block), was.page)


def _blocks_moved(old: dict[str, _Placed], new: dict[str, _Placed]) -> set[str]:
    """Blocks that stand in something else, or in another order than before."""
    moved = {key for key in old.keys() & new.keys() if old[key].around != new[key].around}
    orders: tuple[dict, dict] = defaultdict(list), defaultdict(list)
    for placed, order in zip((old, new), orders, strict=True):
        for key, each in placed.items():
            order[each.around].append(key)
    return moved | {key for around, keys in orders[1].items() for key in _moved(orders[0][around], keys)}


def _placed(pages: list[dict], stayed: set[str]) -> Iterator[_Placed]:
    for page in pages:
        if page["id"] in stayed:
            yield from _inside(page["blocks"], page["title"], (page["id"],))


def _inside(blocks: list[dict], page: str, around: tuple) -> Iterator[_Placed]:
    for block in blocks:
        yield _Placed(block, page, around)
        for number, slot in enumerate(block["slots"]):
            yield from _inside(slot, page, (block["id"], number))


def _label(block: dict) -> str:
    kind = block_types.find(block["kind"])
    return str(kind.label) if kind else block["kind"]


def _differences(old: dict, new: dict, besides: list[str] = ()) -> list[tuple[str, Any, Any]]:
    names = sorted((old.keys() | new.keys()) - set(besides))
    return [(name, old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)]
