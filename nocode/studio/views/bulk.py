"""Many rows at once: change a value, delete, and undo either."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from nocode.foundation.pages import tell
from nocode.studio.blocks.asking import row_id
from nocode.studio.errors import QueryRefused, RecordErrors
from nocode.studio.forms import RowForm
from nocode.studio.models import DataTable
from nocode.studio.services.records import Records
from nocode.studio.views.guard import of_table


@require_GET
@of_table("studio.change_record")
def table_bulk_input(request: HttpRequest, table: DataTable) -> HttpResponse:
    """The input for a value that many rows are to get."""
    layout = Records(table).layout
    form = RowForm(layout, names=[name for name in layout.writable if name == request.GET.get("field")])
    return render(request, "studio/_bulk_input.html", {"form": form})


@require_POST
@of_table("studio.change_record")
def table_bulk(request: HttpRequest, table: DataTable) -> HttpResponse:
    """Change or delete the rows that were selected."""
    ids = [each for each in map(row_id, request.POST.getlist("row")) if each]
    if not ids:
        raise QueryRefused(_("Select the rows first."))
    records = Records(table, actor=request.user)
    batch = _delete(request, table, records, ids) if "delete" in request.POST else _change(request, records, ids)
    address = reverse("admin:studio_table_rows", args=[table.pk])
    return redirect(f"{address}?undo={batch}" if batch else address)


@require_POST
@of_table("studio.change_record")
def table_undo(request: HttpRequest, table: DataTable, batch: UUID) -> HttpResponse:
    """Give rows back what one act took from them."""
    tell(request, Records(table, actor=request.user).restore, batch, done=_restored)
    return redirect("admin:studio_table_rows", table.pk)


def _delete(request: HttpRequest, table: DataTable, records: Records, ids: list[int]) -> UUID | None:
    if not request.user.has_perm("studio.delete_record", table):
        raise PermissionDenied
    act = records.delete_many(ids=ids)
    text = ngettext("%(count)d row was deleted.", "%(count)d rows were deleted.", act.count)
    messages.success(request, text % {"count": act.count})
    return act.batch if act.count else None


def _change(request: HttpRequest, records: Records, ids: list[int]) -> UUID | None:
    name = request.POST.get("field", "")
    form = RowForm(records.layout, request.POST, names=[name] if name in records.layout.writable else [])
    if not form.names:
        raise QueryRefused(_("Choose the field to change."))
    if not form.is_valid():
        raise RecordErrors({name: " ".join(map(str, form.errors.get(f"value_{name}", [])))})
    act = records.update_many({name: form.cleaned_data[f"value_{name}"]}, ids=ids)
    text = ngettext("%(count)d row was changed.", "%(count)d rows were changed.", act.count)
    messages.success(request, text % {"count": act.count})
    return act.batch if act.count else None


def _restored(count: int) -> str:
    text = ngettext("%(count)d row is as it was.", "%(count)d rows are as they were.", count)
    return text % {"count": count}
