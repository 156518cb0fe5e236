"""The designer of a page: its blocks as a tree or the form of one of them, beside the page as people will see it.

Everything is one part of the page that htmx swaps; without JavaScript the same addresses answer whole pages.
"""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import push_url

from nocode.foundation.admin.forms import dress
from nocode.foundation.errors import NoCodeError
from nocode.foundation.htmx import render_part
from nocode.foundation.ids import uuid_or_none
from nocode.foundation.pages import fragment, page, page_context, visible_object
from nocode.studio.blocks import Block as Drawn
from nocode.studio.blocks import BlockType, block_types
from nocode.studio.blocks.config import BlockForm
from nocode.studio.blocks.drawing import draw
from nocode.studio.models import Block, Page
from nocode.studio.services import blocks
from nocode.studio.services.scenes import PreviewScene
from nocode.studio.views.outline import Outline, outline

VIEW, CHANGE = "studio.view_page", "studio.change_page"


def designer_url(page: Page, block: Any = None) -> str:
    address = reverse("admin:studio_page_designer", args=[page.pk])
    return f"{address}?block={block}" if block else address


@require_GET
@page(VIEW)
def page_designer(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The designer; `?block=` opens the form of a block, `?add=` the types of blocks to put into a place."""
    shown = visible_object(request, Page.objects.select_related("project"), VIEW, pk=pk)
    block = _block_of(shown, request.GET.get("block"))
    return _designer(request, shown, block=block, adding=request.GET.get("add") if block is None else None)


@require_POST
@fragment(CHANGE)
def block_new(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Add a block of a kind into a place, and open its form."""
    shown = visible_object(request, Page.objects.select_related("project"), CHANGE, pk=pk)
    parent, slot = _place(shown, request.POST.get("place", ""))
    made = _told(request, blocks.add_block, shown, request.POST.get("kind", ""), parent=parent, slot=slot)
    return _answer(request, shown, made)


@require_POST
@fragment(CHANGE)
def block_save(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Save the settings of a block; when they are refused, its form again."""
    block, kind = _typed(request, pk)
    form, seen_at = kind.form(block.page.project, data=request.POST), request.POST.get("seen_at", "")
    if form.is_valid() and _told(request, blocks.change_block, block, form.cleaned_data, seen_at=seen_at):
        messages.success(request, _("The block was saved."))
        return _answer(request, block.page, block)
    return _designer(request, block.page, block=block, form=form, seen_at=seen_at)


@require_GET
@fragment(CHANGE)
def block_form(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The form of a block with what is typed in it, drawn again because another table has other fields."""
    block, kind = _typed(request, pk)
    fields = kind.Config.base_fields.items()
    typed = {name: field.widget.value_from_datadict(request.GET, {}, name) for name, field in fields}
    form, seen_at = kind.form(block.page.project, initial=typed), request.GET.get("seen_at", "")
    return render(request, "studio/_block_form.html", _form_context(block, form, outline(block.page), seen_at))


@require_POST
@fragment(CHANGE)
def block_preview(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The page with what is typed but not saved; nothing while that makes no sense."""
    block, kind = _typed(request, pk)
    form = kind.form(block.page.project, data=request.POST)
    if not form.is_valid():
        return HttpResponse(status=204)
    drawn = _with_settings(blocks.tree(block.page), str(block.pk), form.cleaned_data)
    context = {"preview": _preview(request, block.page, drawn), "page": block.page}
    return render(request, "studio/_preview.html", context)


@require_POST
@fragment(CHANGE)
def block_move(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Move a block one step up or down (`step`), or to a `place`, there before the block at `position`."""
    block = _changeable(request, pk)
    steps = {"up": -1, "down": 1}
    if (step := request.POST.get("step")) in steps:
        parent, slot, position = block.parent, block.slot, max(0, block.position + steps[step])
    else:
        parent, slot = _place(block.page, request.POST.get("place", ""))
        typed = request.POST.get("position", "")
        position = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 5 else None
    _told(request, blocks.move_block, block, parent=parent, slot=slot, position=position)
    return _answer(request, block.page, block if "keep" in request.POST else None)


@require_POST
@fragment(CHANGE)
def block_copy(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Copy a block with all inside it, and open the form of the copy."""
    block = _changeable(request, pk)
    return _answer(request, block.page, _told(request, blocks.copy_block, block))


@require_POST
@fragment(CHANGE)
def block_remove(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Delete a block with all inside it."""
    block = _changeable(request, pk)
    page_of_block = block.page
    _told(request, blocks.delete_block, block)
    return _answer(request, page_of_block)


def _designer(
    request: HttpRequest,
    shown: Page,
    *,
    block: Block | None = None,
    adding: str | None = None,
    form: BlockForm | None = None,
    seen_at: str | None = None,
) -> HttpResponse:
    drawn = outline(shown, selected=block and block.pk)
    may_change = request.user.has_perm(CHANGE, shown)
    context: dict[str, Any] = {
        "page": shown,
        "outline": drawn,
        "may_change": may_change,
        "chosen": block,
        "preview": _preview(request, shown, drawn.blocks),
    }
    if adding is not None and may_change:
        families: dict[str, list[BlockType]] = {}
        for kind in block_types:
            families.setdefault(str(kind.family), []).append(kind)
        context |= {"families": families, "place": adding, "place_label": dict(drawn.places()).get(adding, "")}
    if block is not None and block.kind in block_types:
        form = form or block_types[block.kind].Config(
            initial=block_types[block.kind].read(block.settings), tables=drawn.tables, pages=drawn.pages
        )
        context |= _form_context(block, form, drawn, seen_at or block.updated_at.isoformat())
    if not request.htmx:
        context = page_context(request, shown.title, **context)
    answer = render_part(request, "studio/page_designer.html", "studio/_designer.html", context)
    return push_url(answer, designer_url(shown, block and block.pk)) if request.method == "POST" else answer


def _form_context(block: Block, form: BlockForm, drawn: Outline, seen_at: str) -> dict[str, Any]:
    return {
        "chosen": block,
        "page": block.page,
        "kind": block_types[block.kind],
        "form": dress(form),
        "seen_at": seen_at,
        "places": drawn.places(without=str(block.pk)),
        "here": f"{block.parent_id or ''}:{block.slot}",
    }


def _preview(request: HttpRequest, shown: Page, drawn: list[Drawn]) -> SafeString:
    return draw(drawn, PreviewScene(shown, request.user))


def _with_settings(drawn: list[Drawn], block_id: str, settings: Mapping[str, Any]) -> list[Drawn]:
    """The same tree, with other settings for one block."""
    return [
        {
            **block,
            "settings": dict(settings) if block["id"] == block_id else block["settings"],
            "slots": [_with_settings(slot, block_id, settings) for slot in block["slots"]],
        }
        for block in drawn
    ]


def _answer(request: HttpRequest, shown: Page, block: Block | None = None) -> HttpResponse:
    """After a change: the designer for htmx, else the way back to it."""
    if request.htmx:
        current = _block_of(shown, block and block.pk)
        return _designer(request, shown, block=current)
    return redirect(designer_url(shown, block and block.pk))


def _told(request: HttpRequest, change: Callable, *args: Any, **kwargs: Any) -> Any:
    """Call a service; a refusal is told in red and answered with None. What was done can be seen."""
    try:
        return change(*args, **kwargs)
    except NoCodeError as refusal:
        messages.error(request, refusal.message)
        return None


def _changeable(request: HttpRequest, pk: UUID) -> Block:
    """The block in the address, on a page the person may change."""
    rows = Block.objects.select_related("page__project", "parent")
    block = visible_object(request, rows, pk=pk)
    if not request.user.has_perm(CHANGE, block.page):
        raise PermissionDenied
    return block


def _typed(request: HttpRequest, pk: UUID) -> tuple[Block, BlockType]:
    """The block in the address with its type; 404 when that is not installed any more."""
    block = _changeable(request, pk)
    if block.kind not in block_types:
        raise Http404
    return block, block_types[block.kind]


def _block_of(shown: Page, wanted: Any) -> Block | None:
    """A block of the page by what the address says; None for what is none."""
    return shown.blocks.select_related("page__project", "parent").filter(pk=uuid_or_none(wanted)).first()


def _place(shown: Page, typed: str) -> tuple[Block | None, int]:
    """The block around and the slot that "<id>:<slot>" means; the page itself when it means nothing."""
    around, _colon, slot = typed.partition(":")
    is_number = slot.isascii() and slot.isdigit() and len(slot) < 3
    return _block_of(shown, around), int(slot) if is_number else 0
