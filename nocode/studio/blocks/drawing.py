"""From blocks to HTML, block by block."""

from collections.abc import Iterable

from django.db import OperationalError
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from nocode.foundation.database import is_cancelled
from nocode.foundation.errors import NoCodeError
from nocode.studio.blocks.base import Block, block_types
from nocode.studio.blocks.scene import Scene

REFUSAL = "studio/blocks/refusal.html"


def draw(blocks: Iterable[Block], scene: Scene) -> SafeString:
    """The blocks as HTML. Where one cannot be drawn, its message stands, and the others are drawn nevertheless."""
    return mark_safe("".join(_draw(block, scene) for block in blocks))  # noqa: S308 - joins what templates escaped


def _draw(block: Block, scene: Scene) -> str:
    try:
        kind = block_types[block["kind"]]
        block = {**block, "settings": kind.read(block["settings"])}
        template, context = kind.template, kind.context(block, scene)
    except NoCodeError as refusal:
        template, context = REFUSAL, {"message": refusal.message}
    except OperationalError as error:
        if not is_cancelled(error):
            raise
        template, context = REFUSAL, {"message": _("It took too long to read these rows.")}
    shared = {"block": block, "settings": block["settings"], "scene": scene, "csrf_token": scene.csrf_token}
    slots = [draw(slot, scene) for slot in block["slots"]]
    return render_to_string(template, {**shared, "slots": slots, **context})
