"""What a list of very many rows tells when asked: their exact number, and how far the index is that it waits for."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from nocode.studio.errors import CountTooSlow, QueryRefused
from nocode.studio.models import DataTable, TableIndex
from nocode.studio.services import sizes, slowness
from nocode.studio.services.records import Records
from nocode.studio.views.filters import Asked
from nocode.studio.views.guard import of_table
from nocode.studio.views.rows import chosen_view, views_of


@require_GET
@of_table("studio.view_datatable")
def table_count(request: HttpRequest, table: DataTable) -> HttpResponse:
    """How many rows the list has, counted one by one because somebody asked."""
    records = Records(table)
    view = chosen_view(list(views_of(request, table)), request.GET.get("view", ""))
    asked = Asked(records.layout, request.GET, view)
    context: dict[str, Any] = {"table": table, "asked": asked, "is_counted": True}
    try:
        context["size"] = sizes.counted(records, asked.filters, search=asked.search)
    except (CountTooSlow, QueryRefused) as refusal:
        context["refusal"] = refusal.message
    return render(request, "studio/_grid_size.html", context)


@require_GET
@of_table("studio.view_datatable")
def table_index_progress(request: HttpRequest, table: DataTable, index: UUID) -> HttpResponse:
    """How far an index is; nothing any more as soon as it is ready, or dropped."""
    found = TableIndex.objects.filter(table=table, pk=index).select_related("table").first()
    if found is None or found.state == TableIndex.State.READY:
        return HttpResponse()
    slow = slowness.of_index(Records(table).layout, found)
    return render(request, "studio/_slow.html", {"table": table, "slow": slow})
