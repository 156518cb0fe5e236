"""The types of blocks a page is made of."""

from nocode.studio.blocks import data, form, layout, text  # noqa: F401
from nocode.studio.blocks.base import Block, BlockType, block_types

__all__ = ["Block", "BlockType", "block_types"]
