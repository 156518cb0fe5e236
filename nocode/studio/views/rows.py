"""The grid: the rows of a table as a person asked for them."""

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from nocode.foundation.htmx import render_part
from nocode.foundation.ids import uuid_or_none
from nocode.foundation.pages import page_context
from nocode.studio.errors import QueryRefused
from nocode.studio.layouts import Column
from nocode.studio.models import DataTable, GridView
from nocode.studio.services import slowness
from nocode.studio.services.records import Group, Records
from nocode.studio.services.sizes import Size
from nocode.studio.views import drawing
from nocode.studio.views.arrangement import Arrangement
from nocode.studio.views.filters import Asked
from nocode.studio.views.guard import of_table
from nocode.studio.views.heads import heads

PAGE_SIZE = 50
MOST_GROUPS = 200


@require_GET
@of_table("studio.view_datatable")
def table_rows(request: HttpRequest, table: DataTable) -> HttpResponse:
    """A page of rows, newest first unless sorted; htmx gets the rows, and what is said about them."""
    records = Records(table)
    views = list(views_of(request, table))
    view = chosen_view(views, request.GET.get("view", ""))
    asked = Asked(records.layout, request.GET, view)
    own = next((each for each in views if each.owner_id and not each.name), None)
    arrangement = Arrangement(records.layout, (view or own).settings if view or own else {})
    may_change = request.user.has_perm("studio.change_record", table)
    context: dict[str, Any] = {
        "table": table,
        "asked": asked,
        "views": [each for each in views if each.name],
        "arrangement": arrangement,
        "heads": heads(asked, arrangement.seen),
        "may_add": request.user.has_perm("studio.add_record", table),
        "may_change": may_change,
        "may_delete": request.user.has_perm("studio.delete_record", table),
        "may_share": request.user.has_perm("studio.change_datatable", table),
        "undo": uuid_or_none(request.GET.get("undo")) if may_change else None,
    }
    try:
        context |= _groups(records, asked) if asked.group else _found(records, asked, arrangement, may_change)
    except QueryRefused as refusal:
        context |= {"refusal": refusal.message}
    if not request.htmx:
        context = page_context(request, table.label, **context)
    return render_part(request, "studio/table_rows.html", "studio/_table_rows.html", context)


@require_GET
@of_table("studio.view_datatable")
def table_condition(request: HttpRequest, table: DataTable) -> HttpResponse:
    """The comparisons that fit the field chosen for a condition (`f`), and the input that fits one of them (`op`)."""
    inputs = Asked(Records(table).layout, request.GET).inputs(*(request.GET.get(name, "") for name in ("f", "op", "v")))
    return render(request, "studio/_condition_inputs.html", {"table": table, "inputs": inputs})


def views_of(request: HttpRequest, table: DataTable) -> QuerySet[GridView]:
    """Everybody's views of a table and the person's own; the one without a name is how they arranged the plain grid."""
    return GridView.objects.filter(Q(owner=None) | Q(owner=request.user), table=table)


def chosen_view(views: list[GridView], pk: str) -> GridView | None:
    """The view an address names, if the person has it."""
    return next((each for each in views if str(each.pk) == pk), None)


def _found(records: Records, asked: Asked, arrangement: Arrangement, selectable: bool) -> dict[str, Any]:
    place = {"after": asked.after, "before": asked.before}
    page = records.page(asked.filters, search=asked.search, order=asked.order, size=PAGE_SIZE, **place)
    columns = [placed.column for placed in arrangement.seen]
    is_whole = not (page.previous or page.next)
    return {
        "size": Size(len(page.rows)) if is_whole else records.size(asked.filters, search=asked.search),
        "slow": slowness.of_list(records.layout, asked.filters, search=asked.search, order=asked.order),
        "rows": page.rows and drawing.body(columns, page, selectable=selectable),
        "previous": page.previous and asked.address(before=page.previous),
        "next": page.next and asked.address(after=page.next),
    }


def _groups(records: Records, asked: Asked) -> dict[str, Any]:
    column = asked.columns[asked.group]
    sums = [name for name, each in records.layout.columns.items() if each.field and each.type.is_number]
    found = records.groups(asked.group, asked.filters, search=asked.search, sums=sums, limit=MOST_GROUPS)
    return {
        "size": records.size(asked.filters, search=asked.search),
        "group_label": column.label,
        "sum_labels": [records.layout.columns[name].label for name in sums],
        "groups": [
            {
                "label": _shown(column, each),
                "count": each.count,
                "sums": [_sum(records.layout.columns[name], each.sums[name]) for name in sums],
                "url": asked.within(each.value),
            }
            for each in found
        ],
    }


def _shown(column: Column, group: Group) -> str | None:
    """What the rows of a group share, as people read it; None when they have nothing."""
    if group.value is None or group.label:
        return group.label
    return column.type.display(group.value, column.settings)


def _sum(column: Column, value: Any) -> tuple[str, str]:
    """What is added up, and the sum as the values of the column are shown."""
    return column.label, "–" if value is None else column.type.display(value, column.settings)
