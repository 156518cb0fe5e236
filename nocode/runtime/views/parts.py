"""What blocks of a page fetch by themselves: rows to choose from, and files. Each as the block on the page allows."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_GET

from nocode.foundation.errors import NoCodeError
from nocode.runtime.models import GeneratedApp
from nocode.runtime.published import Published
from nocode.runtime.scene import AppScene
from nocode.runtime.views.served import of_app
from nocode.studio.blocks import Block, BlockType, block_types
from nocode.studio.models import StoredFile
from nocode.studio.views.choices import choices_answer
from nocode.studio.views.files import file_answer


@require_GET
@of_app
def app_choices(
    request: HttpRequest, app: GeneratedApp, online: Published, page: str, block: UUID, name: str
) -> HttpResponse:
    """The rows that a relation in a form may lead to, searched by whoever may fill the form in."""
    shown, kind = _block(online, page, block)
    scene = AppScene(app, page, request)
    table = _allowed(getattr(kind, "table_behind", _nothing), shown, scene, name)
    if table not in scene.tables:
        raise Http404
    return choices_answer(request, scene.tables[table])


@require_GET
@of_app
def app_file(
    request: HttpRequest, app: GeneratedApp, online: Published, page: str, block: UUID, row: int, name: str, file: UUID
) -> HttpResponseBase:
    """A file of a row that a block of the page shows; what the block does not show does not exist."""
    shown, kind = _block(online, page, block)
    held = _allowed(kind.held, shown, AppScene(app, page, request), row, name)
    if not _names(held, str(file)):
        raise Http404
    stored = StoredFile.objects.filter(project=app.project_id, pk=file).first()
    if stored is None:
        raise Http404
    return file_answer(stored)


def _block(online: Published, page: str, block: UUID) -> tuple[Block, BlockType]:
    shown = online.block(page, str(block)) if page in online.pages else None
    kind = shown and block_types.find(shown["kind"])
    if kind is None:
        raise Http404
    return shown, kind


def _allowed(ask: Any, *arguments: Any) -> Any:
    """What a block answers; a refusal looks like nothing."""
    try:
        return ask(*arguments)
    except NoCodeError as refusal:
        raise Http404 from refusal


def _nothing(*_arguments: Any) -> None:
    """The answer of blocks that have no rows to choose from."""


def _names(held: Any, file_id: str) -> bool:
    """Whether a value is a list of files with this one among them."""
    return isinstance(held, list) and any(isinstance(each, dict) and each.get("id") == file_id for each in held)
