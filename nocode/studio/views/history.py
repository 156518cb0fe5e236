"""What became of a row, and what people say about it."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from nocode.foundation.htmx import render_part
from nocode.foundation.pages import page_context, tell
from nocode.studio.models import DataTable, RecordComment
from nocode.studio.services import comments, loose
from nocode.studio.services.records import Records
from nocode.studio.views.guard import of_table


@require_GET
@of_table("studio.view_datatable")
def table_row_history(request: HttpRequest, table: DataTable, row: int) -> HttpResponse:
    """What became of a row, the newest first, and what people said about it."""
    records = Records(table)
    context = {
        "table": table,
        "row_id": row,
        "changes": records.history(row),
        "origin": records.origin(row),
        "comments": comments.of_row(table, row),
        "colleagues": comments.colleagues(table),
        "may_change": request.user.has_perm("studio.change_record", table),
    }
    if not request.htmx:
        context = page_context(request, _("History of row %(id)d") % {"id": row}, **context)
    return render_part(request, "studio/row_history.html", "studio/_row_history.html", context)


@require_POST
@of_table("studio.change_record")
def table_row_revert(request: HttpRequest, table: DataTable, row: int, change: int) -> HttpResponse:
    """Give a row the values it had before a change."""
    records = Records(table, actor=request.user)
    done = tell(request, records.revert, row, change, done=_("The row has its earlier values again."))
    if done and done.loose:
        messages.warning(request, loose.in_words(done.loose))
    return redirect("admin:studio_table_row_history", table.pk, row)


@require_POST
@of_table("studio.view_datatable")
def table_row_comment(request: HttpRequest, table: DataTable, row: int) -> HttpResponse:
    """Say something about a row."""
    tell(
        request, comments.add, table, row, request.user, request.POST.get("text", ""), done=_("Your comment was added.")
    )
    return redirect("admin:studio_table_row_history", table.pk, row)


@require_POST
@of_table("studio.view_datatable")
def table_row_comment_delete(request: HttpRequest, table: DataTable, row: int, comment: Any) -> HttpResponse:
    """Take back one's own comment."""
    mine = RecordComment.objects.filter(table=table, record_id=row, pk=comment, author=request.user).first()
    if mine is None:
        raise PermissionDenied
    comments.delete(mine)
    messages.success(request, _("Your comment was removed."))
    return redirect("admin:studio_table_row_history", table.pk, row)
