"""The rows a person sees, as a file: sent while they are read, or made in the background."""

from dataclasses import asdict

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from nocode.foundation.downloads import download
from nocode.studio.layouts import layout_of
from nocode.studio.models import DataTable
from nocode.studio.services import exports, jobs
from nocode.studio.services.exports import CONTENT_TYPES, Wanted
from nocode.studio.views.filters import Asked
from nocode.studio.views.guard import of_table


@require_http_methods(["GET", "POST"])
@of_table("studio.view_datatable")
def table_export(request: HttpRequest, table: DataTable) -> HttpResponseBase:
    """The rows of the list with these parameters, as `format` says; POST has a job make the file."""
    kind = request.GET.get("format", "csv")
    if kind not in CONTENT_TYPES:
        raise Http404
    asked = Asked(layout_of(table), request.GET)
    wanted = Wanted(filters=asked.filters, search=asked.search, order=list(asked.order))
    if request.method == "POST":
        options = {"format": kind, "wanted": asdict(wanted)}
        job = jobs.start("export", project=table.project, table=table, user=request.user, options=options)
        return redirect("admin:studio_job", job.pk)
    return download(exports.export(table, wanted, kind), exports.file_name(table, kind), CONTENT_TYPES[kind])
