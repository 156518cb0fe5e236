"""What every view about a project or a table begins with."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from nocode.foundation.errors import NoCodeError
from nocode.foundation.pages import page, visible_object
from nocode.studio.errors import TableChanged, TableMissing
from nocode.studio.models import DataTable, Project


def of_project(permission: str) -> Callable:
    """Give a view the project in its address, if the person may see it and holds the permission on it."""

    def decorate(view: Callable) -> Callable:
        @page(permission)
        @wraps(view)
        def with_project(request: HttpRequest, pk: UUID, **kwargs: Any) -> HttpResponse:
            return view(request, visible_object(request, Project.objects.all(), permission, pk=pk), **kwargs)

        return with_project

    return decorate


def _with_way_out(refusal: NoCodeError, table: DataTable) -> SafeString | str:
    """What was refused; where the database is not as the project says, with the page that repairs it."""
    if not isinstance(refusal, (TableMissing, TableChanged)):
        return refusal.message
    address = reverse("admin:studio_project_check", args=[table.project_id])
    return format_html('{} <a class="c-link" href="{}">{}</a>', refusal.message, address, _("Check the structure"))


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
                messages.error(request, _with_way_out(refusal, table))
                is_list = view.__name__ == "table_rows" and not request.GET
                return redirect("admin:studio_datatable_change" if is_list else "admin:studio_table_rows", table.pk)

        return with_table

    return decorate
