"""The types of blocks a page is made of."""

from nocode.studio.blocks.base import BlockType, block_types

__all__ = ["BlockType", "block_types"]
