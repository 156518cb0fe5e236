"""One row as a form: in a drawer beside the grid, or as a page."""

from typing import Any
from urllib.parse import urlencode, urlsplit

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from django_htmx.http import trigger_client_event

from nocode.foundation.htmx import render_part
from nocode.foundation.pages import page_context
from nocode.studio.forms import RowForm
from nocode.studio.layouts import SYSTEM_FIELDS, Column, Layout
from nocode.studio.models import DataTable
from nocode.studio.services.records import Records, Row
from nocode.studio.views.acts import with_act
from nocode.studio.views.guard import of_table


@require_http_methods(["GET", "POST"])
@of_table("studio.add_record")
def table_row_add(request: HttpRequest, table: DataTable) -> HttpResponse:
    """A form for a new row."""
    records = Records(table, actor=request.user)
    form = RowForm(records.layout, request.POST or None, request.FILES or None)
    row = form.save(records) if form.is_valid() else None
    if row is None:
        return _form_page(request, table, form, _("New row"))
    if request.htmx:
        return _done()
    messages.success(request, _("Row %(id)d was added.") % {"id": row["id"]})
    if "_addanother" in request.POST:
        return redirect("admin:studio_table_row_add", table.pk)
    return redirect("admin:studio_table_rows", table.pk)


@require_http_methods(["GET", "POST"])
@of_table("studio.view_datatable")
def table_row(request: HttpRequest, table: DataTable, row: int) -> HttpResponse:
    """One row: a form for those who may change it, its values for the others."""
    records = Records(table, actor=request.user)
    shown = records.get(row)
    if not request.user.has_perm("studio.change_record", table):
        if request.method == "POST":
            raise PermissionDenied
        context = _row_context(request, table, shown, records.layout)
        return render_part(request, "studio/table_row.html", "studio/_row_values.html", context)
    form = RowForm(records.layout, request.POST or None, request.FILES or None, row=shown)
    if form.is_valid() and form.save(records):
        if request.htmx:
            return with_act(_done(), records)
        messages.success(request, _("Row %(id)d was saved.") % {"id": row})
        return redirect("admin:studio_table_rows", table.pk)
    return _form_page(request, table, form, _("Row %(id)d") % {"id": row}, shown)


@require_http_methods(["GET", "POST"])
@of_table("studio.delete_record")
def table_row_delete(request: HttpRequest, table: DataTable, row: int) -> HttpResponse:
    """Ask, then delete the row; it can be brought back."""
    records = Records(table, actor=request.user)
    if request.method == "POST":
        batch = records.delete_many(ids=[row]).batch
        messages.success(request, _("Row %(id)d was deleted.") % {"id": row})
        return redirect(_list(table, request.POST.get("list", ""), undo=str(batch)))
    asked_from = request.GET.get("list", "")
    context = _row_context(request, table, records.get(row), records.layout) | {"list": asked_from}
    return render(request, "studio/delete_row.html", context)


def _list(table: DataTable, query: str, **more: str) -> str:
    """The address of the list a person came from, with its conditions and its page."""
    parts = QueryDict(query, mutable=True)
    parts.update(more)
    return f"{reverse('admin:studio_table_rows', args=[table.pk])}?{parts.urlencode()}"


def _left(request: HttpRequest, table: DataTable) -> str:
    """The query of the grid beside which a row is open, as a parameter."""
    place = urlsplit(request.htmx.current_url_abs_path or "")
    is_grid = place.path == reverse("admin:studio_table_rows", args=[table.pk])
    return f"?{urlencode({'list': place.query})}" if is_grid and place.query else ""


def _done() -> HttpResponse:
    """The drawer closes, and the grid is drawn again."""
    return trigger_client_event(HttpResponse(status=204), "rows-changed")


def _row_context(request: HttpRequest, table: DataTable, row: Row, layout: Layout) -> dict[str, Any]:
    cells = [
        (column.label, _in_words(column, row[name]), column.type.is_number)
        for name, column in layout.columns.items()
        if column.field
    ]
    title = f"{table.label} · {_('Row %(id)d') % {'id': row['id']}}"
    return _framed(request, title, table=table, row_id=row["id"], cells=cells, times=_times(row))


def _framed(request: HttpRequest, title: str, **context: Any) -> dict[str, Any]:
    """The context of a page, or of the drawer, around which nothing is drawn."""
    return context if request.htmx else page_context(request, title, **context)


def _times(row: Row) -> list[tuple[str, str]]:
    times = [(_("created"), row["created_at"]), (_("updated"), row["updated_at"])]
    return [(label, SYSTEM_FIELDS["updated_at"].display(value)) for label, value in times]


def _in_words(column: Column, value: Any) -> str:
    return "" if value is None else column.type.display(value, column.settings)


def _form_page(
    request: HttpRequest, table: DataTable, form: RowForm, title: str, row: Row | None = None
) -> HttpResponse:
    context = _framed(request, f"{table.label} · {title}", table=table, form=form, row_id=row and row["id"])
    context["heading"] = title
    if row:
        context |= {
            "times": _times(row),
            "can_delete": request.user.has_perm("studio.delete_record", table),
            "delete_url": reverse("admin:studio_table_row_delete", args=[table.pk, row["id"]]) + _left(request, table),
        }
    # htmx swaps no answer of the 400s: in the drawer the refused form is the answer.
    status = 422 if form.errors and not request.htmx else 200
    return render_part(request, "studio/row_form.html", "studio/_row_form.html", context, status=status)
