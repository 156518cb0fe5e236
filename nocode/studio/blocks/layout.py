"""Blocks that hold other blocks."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from nocode.studio.blocks.base import BlockType, block_types
from nocode.studio.blocks.config import BlockForm

WIDTHS = {
    "halves": (_("Two, equally wide"), 2),
    "wide_first": (_("Two, the first one wider"), 2),
    "wide_last": (_("Two, the second one wider"), 2),
    "thirds": (_("Three"), 3),
    "quarters": (_("Four"), 4),
}


@block_types.register
class Columns(BlockType):
    """Blocks side by side; one below the other on a phone."""

    kind, label, icon, family = "layout.columns", _("Columns"), "view_column", _("Layout")
    template = "studio/blocks/columns.html"
    summary = _("Blocks side by side; one below the other on a phone.")

    class Config(BlockForm):
        widths = forms.ChoiceField(
            label=_("Columns"), choices=[(name, label) for name, (label, _n) in WIDTHS.items()], initial="halves"
        )

    def slots(self, settings: Mapping[str, Any]) -> int:
        return WIDTHS.get(settings.get("widths", ""), WIDTHS["halves"])[1]

    def hint(self, settings: Mapping[str, Any], tables: Mapping[str, Any]) -> str:
        return str(WIDTHS.get(settings.get("widths", ""), WIDTHS["halves"])[0])
