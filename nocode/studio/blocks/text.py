"""Words: a heading, a text."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from nocode.foundation import markdown
from nocode.studio.blocks.base import Block, BlockType, block_types
from nocode.studio.blocks.config import BlockForm, PlainText
from nocode.studio.blocks.scene import Scene


@block_types.register
class Heading(BlockType):
    """A title above what follows."""

    kind, label, icon, family = "text.heading", _("Heading"), "title", _("Text")
    template = "studio/blocks/heading.html"
    summary = _("A title above what follows.")

    class Config(BlockForm):
        text = PlainText(label=_("Words"), max_length=200, initial=_("A heading"))
        size = forms.ChoiceField(
            label=_("Size"),
            choices=[("large", _("Large")), ("medium", _("Medium")), ("small", _("Small"))],
            initial="large",
        )

    def hint(self, settings: Mapping[str, Any], tables: Mapping[str, Any]) -> str:
        return settings.get("text", "")


@block_types.register
class Paragraph(BlockType):
    """Text with emphasis, lists, links and small tables, written in Markdown."""

    kind, label, icon, family = "text.paragraph", _("Text"), "notes", _("Text")
    template = "studio/blocks/paragraph.html"
    summary = _("Text with emphasis, lists, links and small tables, written in Markdown.")

    class Config(BlockForm):
        text = PlainText(
            label=_("Text"),
            max_length=20_000,
            initial=_("Write something here."),
            widget=forms.Textarea(attrs={"rows": 10}),
            help_text=_("Markdown: **bold**, *italic*, - list, [link](https://example.com)."),
        )

    def context(self, block: Block, scene: Scene) -> dict[str, Any]:
        return {"html": markdown.render(block["settings"]["text"])}

    def hint(self, settings: Mapping[str, Any], tables: Mapping[str, Any]) -> str:
        return " ".join(settings.get("text", "").split())[:80]
