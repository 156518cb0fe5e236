"""The rows of a table: list, search, add, edit, delete."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from nocode.foundation.admin.pages import page, page_context, visible_object
from nocode.foundation.errors import NoCodeError
from nocode.foundation.htmx import render_part
from nocode.studio.errors import QueryRefused
from nocode.studio.forms import RowForm
from nocode.studio.layouts import SYSTEM_FIELDS, Layout
from nocode.studio.models import DataTable
from nocode.studio.services.records import Records, Row
from nocode.studio.views.filters import Asked

PAGE_SIZE = 25
COUNT_AT_MOST = 10_000


def of_table(permission: str) -> Callable:
    """Give a view the table in its address, if the person may see it and holds the permission on it.

    A refusal on the way becomes a red message on the list of rows, or on the table's page when the list cannot be read.
    """

    def decorate(view: Callable) -> Callable:
        @page(permission)
        @wraps(view)
        def with_table(request: HttpRequest, pk: UUID, **kwargs: Any) -> HttpResponse:
            table = visible_object(request, DataTable.objects.select_related("project"), permission, pk=pk)
            try:
                return view(request, table, **kwargs)
            except NoCodeError as refusal:
                messages.error(request, refusal.message)
                is_list = view.__name__ == "table_rows" and not request.GET
                return redirect("admin:studio_datatable_change" if is_list else "admin:studio_table_rows", table.pk)

        return with_table

    return decorate


@require_GET
@of_table("studio.view_datatable")
def table_rows(request: HttpRequest, table: DataTable) -> HttpResponse:
    """A page of rows, newest first unless sorted; htmx gets the rows alone."""
    records = Records(table)
    asked = Asked(records.layout, request.GET)
    context: dict[str, Any] = {
        "table": table,
        "asked": asked,
        "columns": asked.heads(),
        "new_condition": next(iter(asked.columns.values())),
        "can_add": request.user.has_perm("studio.add_record", table),
    }
    try:
        context |= _found(records, asked, counted=not request.htmx)
    except QueryRefused as refusal:
        context |= {"refusal": refusal.message, "count": 0}
    if not request.htmx:
        context = page_context(request, table.label, **context)
    return render_part(request, "studio/table_rows.html", "studio/_table_rows.html", context)


def _found(records: Records, asked: Asked, *, counted: bool) -> dict[str, Any]:
    place = {"after": asked.after, "before": asked.before}
    page = records.page(asked.filters, search=asked.search, order=asked.order, size=PAGE_SIZE, **place)
    found = {
        "rows": [(row["id"], _cells(records.layout, row)) for row in page.rows],
        "previous": page.previous and asked.address(before=page.previous),
        "next": page.next and asked.address(after=page.next),
    }
    if counted:
        count = records.count(asked.filters, search=asked.search, at_most=COUNT_AT_MOST + 1)
        found |= {"count": min(count, COUNT_AT_MOST), "is_more": count > COUNT_AT_MOST}
    return found


@require_GET
@of_table("studio.view_datatable")
def table_condition(request: HttpRequest, table: DataTable) -> HttpResponse:
    """The comparisons and the input that fit the field chosen for a condition (`f`)."""
    columns = Asked(Records(table).layout, request.GET).columns
    chosen = columns.get(request.GET.get("f", "")) or next(iter(columns.values()))
    return render(request, "studio/_condition_inputs.html", {"new_condition": chosen})


@require_http_methods(["GET", "POST"])
@of_table("studio.add_record")
def table_row_add(request: HttpRequest, table: DataTable) -> HttpResponse:
    """A form for a new row."""
    records = Records(table)
    form = RowForm(records.layout, request.POST or None)
    row = form.save(records) if form.is_valid() else None
    if row is None:
        return _form_page(request, table, form, _("New row"))
    messages.success(request, _("Row %(id)d was added.") % {"id": row["id"]})
    if "_addanother" in request.POST:
        return redirect("admin:studio_table_row_add", table.pk)
    return redirect("admin:studio_table_rows", table.pk)


@require_http_methods(["GET", "POST"])
@of_table("studio.view_datatable")
def table_row(request: HttpRequest, table: DataTable, row: int) -> HttpResponse:
    """One row: a form for those who may change it, its values for the others."""
    records = Records(table)
    shown = records.get(row)
    if not request.user.has_perm("studio.change_record", table):
        if request.method == "POST":
            raise PermissionDenied
        return render(request, "studio/table_row.html", _row_context(request, table, shown, records.layout))
    form = RowForm(records.layout, request.POST or None, row=shown)
    if form.is_valid() and form.save(records):
        messages.success(request, _("Row %(id)d was saved.") % {"id": row})
        return redirect("admin:studio_table_rows", table.pk)
    return _form_page(request, table, form, _("Row %(id)d") % {"id": row}, shown)


@require_http_methods(["GET", "POST"])
@of_table("studio.delete_record")
def table_row_delete(request: HttpRequest, table: DataTable, row: int) -> HttpResponse:
    """Ask, then delete the row."""
    records = Records(table)
    if request.method == "POST":
        records.delete(row)
        messages.success(request, _("Row %(id)d was deleted.") % {"id": row})
        return redirect("admin:studio_table_rows", table.pk)
    context = _row_context(request, table, records.get(row), records.layout)
    return render(request, "studio/delete_row.html", context)


def _cells(layout: Layout, row: Row) -> list[tuple[str, str, bool]]:
    """(label, text, is it a number) of each field."""
    return [
        (field.label, "" if row[name] is None else field.type.display(row[name]), field.type.is_number)
        for name, field in layout.fields.items()
    ]


def _row_context(request: HttpRequest, table: DataTable, row: Row, layout: Layout) -> dict[str, Any]:
    times = [(_("created"), row["created_at"]), (_("updated"), row["updated_at"])]
    return page_context(
        request,
        f"{table.label} · {_('Row %(id)d') % {'id': row['id']}}",
        table=table,
        row_id=row["id"],
        cells=_cells(layout, row),
        times=[(label, SYSTEM_FIELDS["updated_at"].display(value)) for label, value in times],
    )


def _form_page(
    request: HttpRequest, table: DataTable, form: RowForm, title: str, row: Row | None = None
) -> HttpResponse:
    context = page_context(request, f"{table.label} · {title}", table=table, form=form, row_id=row and row["id"])
    if row:
        context |= {
            "times": _row_context(request, table, row, form.layout)["times"],
            "can_delete": request.user.has_perm("studio.delete_record", table),
            "delete_url": reverse("admin:studio_table_row_delete", args=[table.pk, row["id"]]),
        }
    return render(request, "studio/row_form.html", context, status=422 if form.errors else 200)
