"""Files of the rows of tables: taken in before a row is saved, handed out to who may see the project."""

from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from nocode.foundation.downloads import download
from nocode.foundation.errors import NoCodeError
from nocode.foundation.pages import page, visible_object
from nocode.studio.fields.file import PICTURES, File
from nocode.studio.layouts import layout_of
from nocode.studio.models import DataTable, StoredFile
from nocode.studio.services import files
from nocode.studio.views.guard import of_table

VIEW = "studio.view_storedfile"


@require_GET
@page(VIEW)
def file_download(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """A file of a project."""
    rows = StoredFile.objects.filter(project__isnull=False, project__trashed_at=None)
    return file_answer(visible_object(request, rows, VIEW, pk=pk))


def file_answer(file: StoredFile) -> HttpResponseBase:
    """What a browser gets of a file, once it is known that the person may have it.

    Pictures are shown, everything else is saved: nothing uploaded may act as our own pages.
    """
    is_picture = file.content_type in PICTURES
    content_type = file.content_type if is_picture else files.UNKNOWN
    response = download(files.iterate(file), file.name, content_type, size=file.size, is_shown=is_picture)
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


@require_POST
@of_table("studio.add_record")
def file_upload(request: HttpRequest, table: DataTable, name: str) -> JsonResponse:
    """Keep a file for a field of a table and answer what a row says of it: {"id", "name", "size", "type"}."""
    field = layout_of(table).writable.get(name)
    if field is None or not isinstance(field.type, File):
        raise Http404
    upload = request.FILES.get("file")
    if not isinstance(upload, UploadedFile):
        return JsonResponse({"error": _("No file came with this request.")}, status=400)
    try:
        kept = files.keep(upload, table.project, request.user, field.type.largest(field.settings), field.type.takes)
    except NoCodeError as refusal:
        return JsonResponse({"error": refusal.message}, status=422)
    return JsonResponse(kept, status=201)
