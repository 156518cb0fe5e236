"""The blocks of a page: an ordered tree that is changed one step at a time.

Every function holds the page while it works, so two people never weave two changes into each other, and leaves the
positions of neighbours at 0, 1, 2 …
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from nocode.studio.blocks import Block as Drawn
from nocode.studio.blocks import block_types
from nocode.studio.errors import BlockChanged, BlockRefused
from nocode.studio.events import tell_page
from nocode.studio.models import Block, Page

DEEPEST = 4
MOST = 200

Place = tuple[UUID | None, int]  # the block around (None: the page itself) and its slot


class Tree:
    """The blocks of a page in memory, by the place they are in."""

    def __init__(self, page: Page):
        self.page = page
        self.blocks = {block.pk: block for block in page.blocks.order_by("position", "created_at", "pk")}
        self.before = {block.pk: (*_place(block), block.position) for block in self.blocks.values()}
        self.places: dict[Place, list[Block]] = defaultdict(list)
        for block in self.blocks.values():
            self.places[_place(block)].append(block)

    def get(self, block: Block) -> Block:
        """The block as it is now. Raises BlockRefused when it was deleted meanwhile."""
        if block.pk not in self.blocks:
            raise BlockRefused(_("This block was deleted meanwhile."))
        return self.blocks[block.pk]

    def slots(self, block: Block) -> list[list[Block]]:
        """The blocks inside a block, slot by slot; also those that a type that is not installed any more left."""
        known = block_types.find(block.kind)
        count = known.slots(block.settings) if known else 0
        used = [slot + 1 for (parent, slot), inside in self.places.items() if parent == block.pk and inside]
        return [self.places.get((block.pk, slot), []) for slot in range(max([count, *used]))]

    def below(self, block: Block) -> list[Block]:
        """A block and all inside it, the outer ones first."""
        found = [block]
        for each in found:
            found.extend(inside for slot in self.slots(each) for inside in slot)
        return found

    def depth(self, block: Block | None) -> int:
        """How deep the inside of a block lies: 0 for the page itself."""
        steps = 0
        while block is not None:
            steps, block = steps + 1, self.blocks.get(block.parent_id)
        return steps

    def height(self, block: Block) -> int:
        return 1 + max((self.height(inside) for slot in self.slots(block) for inside in slot), default=0)

    def check_place(self, parent: Block | None, slot: int) -> None:
        """Raise BlockRefused when there is no such slot."""
        known = block_types.find(parent.kind) if parent else None
        slots = (known.slots(parent.settings) if known else 0) if parent else 1
        if not 0 <= slot < slots:
            message = _("There is no such place inside “%(block)s”.") % {"block": parent or self.page}
            raise BlockRefused(message, errors={"slot": [message]})

    def check_size(self, parent: Block | None, height: int, more: int) -> None:
        """Raise BlockRefused when the page would become too deep or too full."""
        if self.depth(parent) + height > DEEPEST:
            message = _("Blocks lie at most %(deepest)d deep inside each other.") % {"deepest": DEEPEST}
            raise BlockRefused(message, errors={"parent": [message]})
        if len(self.blocks) + more > MOST:
            raise BlockRefused(_("A page holds at most %(most)d blocks; make another page.") % {"most": MOST})

    def insert(self, block: Block, parent: Block | None, slot: int, position: int | None) -> None:
        """Put a block into a place, at the end unless a position says where."""
        neighbours = self.places[parent and parent.pk, slot]
        block.parent, block.slot = parent, slot
        index = len(neighbours) if position is None else max(0, min(position, len(neighbours)))
        neighbours.insert(index, block)
        self.blocks[block.pk] = block

    def take_out(self, block: Block) -> None:
        self.places[_place(block)].remove(block)

    def save_places(self) -> None:
        """Write where every block is, if it has moved; what a block says stays untouched, and so does its time."""
        moved = []
        for inside in self.places.values():
            for position, block in enumerate(inside):
                block.position = position
                if self.before.get(block.pk) != (*_place(block), position):
                    moved.append(block)
        Block.objects.bulk_update(moved, ["parent", "slot", "position"])


def tree(page: Page) -> list[Drawn]:
    """The blocks of a page as plain data, as it is drawn and deployed. One query."""
    blocks = Tree(page)
    return [_plain(blocks, block) for block in blocks.places[None, 0]]


def _plain(blocks: Tree, block: Block) -> Drawn:
    slots = [[_plain(blocks, inside) for inside in slot] for slot in blocks.slots(block)]
    return {"id": str(block.pk), "kind": block.kind, "settings": block.settings, "slots": slots}


@transaction.atomic
def add_block(
    page: Page,
    kind: str,
    settings: Mapping[str, Any] | None = None,
    *,
    parent: Block | None = None,
    slot: int = 0,
    position: int | None = None,
) -> Block:
    """Add a block, with its type's usual settings where none are given. Raises BlockRefused."""
    blocks = _hold(page)
    parent = parent and blocks.get(parent)
    blocks.check_place(parent, slot)
    blocks.check_size(parent, height=1, more=1)
    given = starter(page, kind) | dict(settings or {})
    block = Block(page=page, kind=kind, settings=_clean(page, kind, given), parent=parent, slot=slot)
    blocks.insert(block, parent, slot, position)
    block.save(force_insert=True)
    blocks.save_places()
    tell_page(page, "updated")
    return block


def starter(page: Page, kind: str) -> dict[str, Any]:
    """The settings a new block begins with; a block about a table begins with the first one."""
    known = block_types[kind]
    settings = known.read({})
    if "table" in settings:
        table = page.project.tables.order_by("label").first()
        settings["table"] = str(table.pk) if table else ""
    return settings


@transaction.atomic
def change_block(block: Block, settings: Mapping[str, Any], *, seen_at: str | None = None) -> Block:
    """Give a block other settings. What no longer has a slot moves into the last one.

    `seen_at` is the `updated_at` (ISO) of the block the caller looked at: BlockChanged when it has changed since.
    Raises BlockRefused.
    """
    blocks = _hold(block.page)
    block = blocks.get(block)
    if seen_at is not None and seen_at != block.updated_at.isoformat():
        raise BlockChanged(_("Somebody changed this block meanwhile; open it again before you save."))
    before = blocks.slots(block)
    block.settings = _clean(block.page, block.kind, settings)
    block.save(update_fields=["settings", "updated_at"])
    last = block_types[block.kind].slots(block.settings) - 1
    for homeless in [each for inside in before[last + 1 :] for each in inside]:
        blocks.take_out(homeless)
        blocks.insert(homeless, block, last, None)
    blocks.save_places()
    tell_page(block.page, "updated")
    return block


@transaction.atomic
def move_block(block: Block, *, parent: Block | None = None, slot: int = 0, position: int | None = None) -> Block:
    """Put a block, with all inside it, anywhere else on its page. Raises BlockRefused."""
    blocks = _hold(block.page)
    block, parent = blocks.get(block), parent and blocks.get(parent)
    blocks.check_place(parent, slot)
    if parent in blocks.below(block):
        message = _("A block cannot be put inside itself.")
        raise BlockRefused(message, errors={"parent": [message]})
    blocks.check_size(parent, blocks.height(block), more=0)
    blocks.take_out(block)
    blocks.insert(block, parent, slot, position)
    blocks.save_places()
    tell_page(block.page, "updated")
    return block


@transaction.atomic
def copy_block(block: Block) -> Block:
    """A copy of a block with all inside it, right behind it. Raises BlockRefused."""
    blocks = _hold(block.page)
    block = blocks.get(block)
    originals = blocks.below(block)
    parent = blocks.blocks.get(block.parent_id)
    blocks.check_size(parent, blocks.height(block), more=len(originals))
    position = blocks.places[_place(block)].index(block) + 1
    copies: dict[UUID, Block] = {}
    for each in originals:
        copy = Block(page=block.page, kind=each.kind, settings=each.settings)
        is_first = each is block
        blocks.insert(copy, parent if is_first else copies[each.parent_id], each.slot, position if is_first else None)
        copy.save(force_insert=True)
        copies[each.pk] = copy
    blocks.save_places()
    tell_page(block.page, "updated")
    return copies[block.pk]


@transaction.atomic
def delete_block(block: Block) -> None:
    """Delete a block with all inside it. Raises BlockRefused when it is gone already."""
    blocks = _hold(block.page)
    block = blocks.get(block)
    blocks.take_out(block)
    page = block.page
    block.delete()
    blocks.save_places()
    tell_page(page, "updated")


def _place(block: Block) -> Place:
    return block.parent_id, block.slot


def _hold(page: Page) -> Tree:
    """The blocks of a page that nobody else changes until the transaction ends."""
    if not Page.objects.select_for_update(no_key=True).filter(pk=page.pk).exists():
        raise BlockRefused(_("This page was deleted meanwhile."))
    return Tree(page)


def _clean(page: Page, kind: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as they may be stored: each known to the type, and of this project."""
    form = block_types[kind].form(page.project, data=dict(settings))
    errors = {name: [str(message) for message in messages] for name, messages in form.errors.items()}
    for name in set(settings) - set(form.fields):
        errors[name] = [str(_("This setting does not exist; remove it."))]
    if errors:
        labels = {name: str(field.label) for name, field in form.fields.items()}
        lines = [
            _("%(name)s: %(text)s") % {"name": labels.get(name, name), "text": " ".join(messages)}
            for name, messages in errors.items()
        ]
        raise BlockRefused("\n".join(lines), errors=errors)
    return form.cleaned_data
