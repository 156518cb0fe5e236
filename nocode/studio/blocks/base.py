"""What a block type is. To add one: write its class in a file of this folder and import that file in `__init__.py`.

Blocks are drawn in the designer and in applications alike: what they may know comes through the Scene, so nothing here
imports models, services or requests.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, TypedDict

from django import forms

from nocode.foundation.registry import Registry
from nocode.studio.blocks.config import BlockForm
from nocode.studio.blocks.scene import Scene


class Block(TypedDict):
    """A block as pages and deployments hold it: plain data."""

    id: str
    kind: str
    settings: dict[str, Any]
    slots: list[list["Block"]]


class BlockType:
    """One kind of block. `kind` is stored and never changes meaning; `template` draws it from `context()`.

    The template also gets `block`, `scene`, `slots` (the drawn blocks inside) and `csrf_token`.
    """

    kind: ClassVar[str]
    label: ClassVar[Any]
    icon: ClassVar[str]  # a Material Symbols name
    summary: ClassVar[Any]  # one sentence for the person who looks for a block
    family: ClassVar[Any]  # the heading above it where people choose
    template: ClassVar[str]

    class Config(BlockForm):
        """The settings of a block of this type; this form is the schema of the stored JSON."""

    def slots(self, settings: Mapping[str, Any]) -> int:
        """How many lists of blocks it holds."""
        return 0

    def form(self, project: Any, **options: Any) -> BlockForm:
        """The form of the settings; only tables, fields and pages of the project may be chosen."""
        tables = {str(table.pk): table for table in project.tables.prefetch_related("fields").order_by("label")}
        pages = {page.slug: page.title for page in project.pages.all()}
        return self.Config(tables=tables, pages=pages, **options)

    def check(
        self, settings: Mapping[str, Any], tables: Mapping[str, Any], pages: Mapping[str, str]
    ) -> dict[str, list[str]]:
        """What is wrong with stored settings, by setting; `tables` are DataTables by id, `pages` titles by address."""
        errors = self.Config(self.read(settings), tables=tables, pages=pages).errors
        if "table" in errors:  # what else is wrong follows from it
            errors = {"table": errors["table"]}
        return {name: [str(message) for message in messages] for name, messages in errors.items()}

    def read(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Stored settings, with the initial value of each that was not known when they were stored."""
        return {
            name: settings[name] if name in settings else _initial(field)
            for name, field in self.Config.base_fields.items()
        }

    def context(self, block: Block, scene: Scene) -> dict[str, Any]:
        """What the template needs. Raises NoCodeError when the block cannot be drawn: the message takes its place."""
        return {}

    def held(self, block: Block, scene: Scene, row_id: int, name: str) -> Any:
        """What a field holds in a row, when this block shows both; None otherwise. Raises NoCodeError."""
        return None

    def hint(self, settings: Mapping[str, Any], tables: Mapping[str, Any]) -> str:
        """A few words that tell this block from others of its type."""
        table = tables.get(settings.get("table", ""))
        return table.label if table else ""


def _initial(field: forms.Field) -> Any:
    return field.initial() if callable(field.initial) else field.initial


block_types: Registry[BlockType] = Registry("block types")
