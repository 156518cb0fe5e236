"""Saved ways to look at a table, and the order, width and visibility of columns."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from nocode.foundation.errors import NoCodeError
from nocode.studio.errors import NameRefused
from nocode.studio.models import DataTable, GridView
from nocode.studio.schema import names
from nocode.studio.services.records import Records
from nocode.studio.views.arrangement import Arrangement
from nocode.studio.views.filters import Asked
from nocode.studio.views.guard import of_table
from nocode.studio.views.rows import chosen_view, views_of


@require_POST
@of_table("studio.view_datatable")
def table_view_save(request: HttpRequest, table: DataTable) -> HttpResponse:
    """Keep the conditions, orders and columns on screen: in the view on screen, or as a new one under a `name`."""
    view = _named(request, table)
    layout = Records(table).layout
    asked = Asked(layout, request.POST, view)
    if "name" in request.POST:
        base = view or _own(request, table)
        view = GridView(table=table, owner=_owner(request, table), name=_name(request), settings=dict(base.settings))
    elif view is None:
        raise Http404
    _require_change(request, table, view)
    view.settings = {**view.settings, **asked.settings}
    view.save()
    messages.success(request, _("The view “%(name)s” was saved.") % {"name": view.name})
    return redirect(_address(table, view))


@require_POST
@of_table("studio.view_datatable")
def table_view_change(request: HttpRequest, table: DataTable, view: UUID) -> HttpResponse:
    """Rename a view, share it or keep it to oneself, or delete it."""
    found = _named(request, table, str(view))
    if found is None:
        raise Http404
    _require_change(request, table, found)
    if "delete" in request.POST:
        found.delete()
        messages.success(request, _("The view “%(name)s” was deleted.") % {"name": found.name})
        return redirect("admin:studio_table_rows", table.pk)
    found.name, found.owner = _name(request), _owner(request, table)
    found.save()
    messages.success(request, _("The view “%(name)s” was saved.") % {"name": found.name})
    return redirect(_address(table, found))


@require_POST
@of_table("studio.view_datatable")
def table_arrange(request: HttpRequest, table: DataTable) -> HttpResponse:
    """Move, hide, show or resize a `column`; kept in the view on screen, else for this person alone.

    A button says both at once, in `do`: what to do and, behind a space, with which column.
    """
    view = _named(request, table) or _own(request, table)
    _require_change(request, table, view)
    arrangement = Arrangement(Records(table).layout, view.settings)
    action, _space, column = request.POST.get("do", "").partition(" ")
    column = column or request.POST.get("column", "")
    if column not in arrangement.order:
        raise Http404
    _arrange(arrangement, action, column, request.POST)
    view.settings = {**view.settings, **arrangement.settings}
    view.save()
    if request.htmx:
        return HttpResponse(status=204)
    return redirect(f"{reverse('admin:studio_table_rows', args=[table.pk])}?{request.POST.get('back', '')}")


def _arrange(arrangement: Arrangement, action: str, column: str, asked: Any) -> None:
    if action == "move":
        arrangement.move(column, asked.get("before", ""))
    elif action in ("left", "right"):
        arrangement.shift(column, 1 if action == "right" else -1)
    elif action == "resize" and asked.get("width", "").isdecimal():
        arrangement.resize(column, int(asked["width"][:4]))
    elif action in ("wider", "narrower"):
        arrangement.widen(column, 1 if action == "wider" else -1)
    elif action == "hide":
        arrangement.hide(column)
    elif action == "show":
        arrangement.show(column)
    else:
        raise Http404


def _named(request: HttpRequest, table: DataTable, pk: str | None = None) -> GridView | None:
    views = [each for each in views_of(request, table) if each.name]
    return chosen_view(views, request.POST.get("view", "") if pk is None else pk)


def _own(request: HttpRequest, table: DataTable) -> GridView:
    """How the person arranged the plain grid; not saved yet when they never did."""
    plain = GridView.objects.filter(table=table, owner=request.user, name="").first()
    return plain or GridView(table=table, owner=request.user)


def _owner(request: HttpRequest, table: DataTable) -> Any:
    """Nobody for a view that everybody shares, which takes the right to change the table."""
    if "shared" not in request.POST:
        return request.user
    if not request.user.has_perm("studio.change_datatable", table):
        raise PermissionDenied
    return None


def _require_change(request: HttpRequest, table: DataTable, view: GridView) -> None:
    if view.owner_id is None and not request.user.has_perm("studio.change_datatable", table):
        raise PermissionDenied


def _name(request: HttpRequest) -> str:
    try:
        return names.clean_label(request.POST.get("name", ""))
    except NoCodeError as refusal:
        raise NameRefused(_("The view was not saved: %(why)s") % {"why": refusal.message}) from None


def _address(table: DataTable, view: GridView) -> str:
    return f"{reverse('admin:studio_table_rows', args=[table.pk])}?view={view.pk}"
