"""What a deployment put online, as every process that serves it remembers it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from nocode.runtime.models import Deployment
from nocode.studio.blocks.base import Block

BACK = ("back_page", "after_delete")  # settings of blocks about a row that name the page with all of them


@dataclass(frozen=True)
class Published:
    """The pages of a snapshot, ready to be served."""

    pages: dict[str, dict[str, Any]]  # by address, in order

    @property
    def home(self) -> str | None:
        """The address of the page where people arrive: the first one of the menu, else the first one."""
        return next((slug for slug, page in self.pages.items() if page["in_menu"]), next(iter(self.pages), None))

    @property
    def menu(self) -> list[dict[str, Any]]:
        return [page for page in self.pages.values() if page["in_menu"]]

    def list_of(self, page: str) -> str:
        """Where people come from who open a page about one row, as its blocks say; else where they arrive."""
        named = (block["settings"].get(key) for block in every_block(self.pages[page]["blocks"]) for key in BACK)
        return next((slug for slug in named if slug in self.pages), self.home)

    def block(self, page: str, block_id: str) -> Block | None:
        """A block anywhere on a page."""
        return next((block for block in every_block(self.pages[page]["blocks"]) if block["id"] == block_id), None)


def every_block(blocks: list[Block]) -> Iterator[Block]:
    """Blocks and those inside them."""
    for block in blocks:
        yield block
        for slot in block["slots"]:
            yield from every_block(slot)


@lru_cache(maxsize=64)
def published(deployment_id: UUID) -> Published:
    """The content of a deployment; a snapshot never changes, so it is read once."""
    snapshot = Deployment.objects.values_list("snapshot", flat=True).get(pk=deployment_id)
    return Published({page["slug"]: page for page in snapshot["pages"]})
