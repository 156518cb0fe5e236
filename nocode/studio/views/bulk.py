"""Many rows at once: change a value, delete, and undo either; for the rows that were picked, or all that match."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.humanize.templatetags.humanize import intcomma
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from nocode.foundation.errors import NoCodeError
from nocode.foundation.pages import page_context
from nocode.studio.blocks.asking import row_id
from nocode.studio.errors import CountTooSlow, QueryRefused, RecordErrors
from nocode.studio.forms import RowForm
from nocode.studio.layouts import Layout
from nocode.studio.models import DataTable, TableJob
from nocode.studio.services import bulk, loose, sizes
from nocode.studio.services.history import Act
from nocode.studio.services.many import Matching
from nocode.studio.services.records import Records
from nocode.studio.services.sizes import Size
from nocode.studio.views.acts import undone
from nocode.studio.views.filters import Asked
from nocode.studio.views.guard import of_table
from nocode.studio.views.rows import chosen_view, views_of


@require_GET
@of_table("studio.change_record")
def table_bulk_input(request: HttpRequest, table: DataTable) -> HttpResponse:
    """The input for a value that many rows are to get."""
    layout = Records(table).layout
    form = RowForm(layout, names=_named(layout, request.GET.get("field", "")))
    return render(request, "studio/_bulk_input.html", {"form": form})


@require_GET
@of_table("studio.change_record")
def table_bulk_all(request: HttpRequest, table: DataTable) -> HttpResponse:
    """The offer to select all rows that match instead of those of a page, with their number unless that takes long."""
    records = Records(table)
    return render(request, "studio/_bulk_all.html", _all(records, _asked(request, table, request.GET)))


@require_POST
@of_table("studio.change_record")
def table_bulk(request: HttpRequest, table: DataTable) -> HttpResponse:
    """Change or delete the rows that were selected; to delete all that match is asked about first."""
    records = Records(table, actor=request.user)
    asked = _asked(request, table, QueryDict(request.POST.get("list", "")))
    ids = [each for each in map(row_id, request.POST.getlist("row")) if each]
    is_all = "until" in request.POST
    if not ids and not is_all:
        raise QueryRefused(_("Select the rows first."))
    if "delete" not in request.POST:
        values = _values(request, records.layout)
        done = bulk.change(table, _meant(request, asked), values, request.user) if is_all else None
        return _changed(request, table, asked, done or records.update_many(values, ids=ids))
    if not request.user.has_perm("studio.delete_record", table):
        raise PermissionDenied
    if is_all:
        return redirect(f"{reverse('admin:studio_table_bulk_delete', args=[table.pk])}?{asked.address()}")
    return _deleted(request, table, asked, records.delete_many(ids=ids))


@require_http_methods(["GET", "POST"])
@of_table("studio.delete_record")
def table_bulk_delete(request: HttpRequest, table: DataTable) -> HttpResponse:
    """Ask, with their number, then delete all rows that match and that were there when it was asked."""
    asked = _asked(request, table, request.GET)
    if request.method == "POST":
        return _deleted(request, table, asked, bulk.delete(table, _meant(request, asked), request.user))
    title = _("%(table)s · delete rows") % {"table": table.label}
    context = page_context(request, title, table=table, **_all(Records(table), asked))
    return render(request, "studio/delete_rows.html", context)


@require_POST
@of_table("studio.change_record")
def table_undo(request: HttpRequest, table: DataTable, batch: UUID) -> HttpResponse:
    """Give rows back what one act took from them."""
    try:
        done = bulk.undo(table, batch, request.user)
    except NoCodeError as refusal:
        if request.htmx:
            return undone(request, refusal.message, is_refusal=True)
        messages.error(request, refusal.message)
        return _back(table, request.POST.get("list", ""))
    if isinstance(done, TableJob):
        address = reverse("admin:studio_job", args=[done.pk])
        return HttpResponseClientRedirect(address) if request.htmx else redirect(address)
    text = ngettext("%(count)s row is as it was.", "%(count)s rows are as they were.", done.count)
    text %= {"count": intcomma(done.count)}
    if request.htmx:
        return undone(request, " ".join([text, *([loose.in_words(done.loose)] if done.loose else [])]))
    messages.success(request, text)
    if done.loose:
        messages.warning(request, loose.in_words(done.loose))
    return _back(table, request.POST.get("list", ""))


def _asked(request: HttpRequest, table: DataTable, query: QueryDict) -> Asked:
    """The list that a query string spells. A condition that was left out would mean more rows: it is refused."""
    view = chosen_view(list(views_of(request, table)), query.get("view", ""))
    asked = Asked(Records(table).layout, query, view)
    if len(asked.conditions) < len(query.getlist("f")):
        raise QueryRefused(_("The conditions of this list cannot be understood."))
    return asked


def _all(records: Records, asked: Asked) -> dict[str, Any]:
    """How many rows the list has, and the newest row there is: those that come later were not meant."""
    newest = records.find(order="-id", limit=1)
    return {
        "size": _size(records, asked),
        "until": newest[0]["id"] if newest else 0,
        "asked": asked,
    }


def _size(records: Records, asked: Asked) -> Size | None:
    """How many rows the list has. Where counting takes too long, about how many: None for a part of it."""
    try:
        return sizes.counted(records, asked.filters, search=asked.search)
    except CountTooSlow:
        return None if asked.is_narrowed else records.size()


def _meant(request: HttpRequest, asked: Asked) -> Matching:
    """All rows of the list that were there when the person was told their number."""
    until = row_id(request.POST.get("until"))
    if until is None:
        raise QueryRefused(_("Select the rows first."))
    return Matching([*asked.filters, {"field": "id", "op": "lte", "value": until}], asked.search)


def _values(request: HttpRequest, layout: Layout) -> dict[str, Any]:
    """The value that rows are to get, by field. Raises QueryRefused, RecordErrors."""
    name = request.POST.get("field", "")
    form = RowForm(layout, request.POST, names=_named(layout, name))
    if not form.names:
        raise QueryRefused(_("Choose the field to change."))
    if not form.is_valid():
        raise RecordErrors({name: " ".join(map(str, form.errors.get(f"value_{name}", [])))})
    return {name: form.cleaned_data[f"value_{name}"]}


def _named(layout: Layout, name: str) -> list[str]:
    """The field of this name, when many rows can get the same value for it."""
    field = layout.writable.get(name)
    return [] if field is None or field.type.is_upload else [name]


def _changed(request: HttpRequest, table: DataTable, asked: Asked, done: Act | TableJob) -> HttpResponse:
    return _told(
        request, table, asked, done, lambda count: ngettext("%(n)s row was changed.", "%(n)s rows were changed.", count)
    )


def _deleted(request: HttpRequest, table: DataTable, asked: Asked, done: Act | TableJob) -> HttpResponse:
    return _told(
        request, table, asked, done, lambda count: ngettext("%(n)s row was deleted.", "%(n)s rows were deleted.", count)
    )


def _told(
    request: HttpRequest, table: DataTable, asked: Asked, done: Act | TableJob, words: Callable[[int], str]
) -> HttpResponse:
    """Back to the list, with what was done and its undo; or to the job that does it."""
    if isinstance(done, TableJob):
        return redirect("admin:studio_job", done.pk)
    messages.success(request, words(done.count) % {"n": intcomma(done.count)})
    undo = urlencode({"undo": done.batch}) if done.count else ""
    query = "&".join(filter(None, [asked.address(), undo]))
    return _back(table, query)


def _back(table: DataTable, query: str) -> HttpResponse:
    """To the list with its filter and order."""
    return redirect(f"{reverse('admin:studio_table_rows', args=[table.pk])}{query and '?'}{query}")
