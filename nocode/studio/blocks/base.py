"""What a block type is. To add one: write its class in a file of this folder and import that file in `__init__.py`."""

from typing import Any, ClassVar

from django import forms

from nocode.foundation.registry import Registry


class BlockType:
    """One kind of block. `kind` is stored and never changes meaning; `template` draws it from `context()`."""

    kind: ClassVar[str]
    label: ClassVar[Any]
    icon: ClassVar[str]  # a Material Symbols name
    template: ClassVar[str]
    slots: ClassVar[int] = 0  # how many lists of blocks it holds

    class Config(forms.Form):
        """The settings of a block of this type; this form is the schema of the stored JSON."""


block_types: Registry[BlockType] = Registry("block types")
