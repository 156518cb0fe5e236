"""The way of a file into a table: upload, look and choose, then a job."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from nocode.foundation.errors import NoCodeError
from nocode.foundation.htmx import render_part
from nocode.foundation.ids import uuid_or_none
from nocode.foundation.pages import page, page_context, visible_object
from nocode.studio.importing.formats import Format
from nocode.studio.importing.options import NEW, Options
from nocode.studio.importing.preview import Preview
from nocode.studio.models import DataTable, Project, StoredFile, TableJob
from nocode.studio.services import imports
from nocode.studio.views import import_form
from nocode.studio.views.guard import of_project, of_table

ADD = "studio.add_record"


@require_http_methods(["GET", "POST"])
@of_table(ADD)
def table_import(request: HttpRequest, table: DataTable) -> HttpResponse:
    """Choose a file for a table."""
    return _upload(request, table.project, table)


@require_http_methods(["GET", "POST"])
@of_project("studio.add_datatable")
def project_import(request: HttpRequest, project: Project) -> HttpResponse:
    """Choose a file that becomes a new table."""
    return _upload(request, project, None)


def _upload(request: HttpRequest, project: Project, table: DataTable | None) -> HttpResponse:
    file = request.FILES.get("file")
    error = ""
    if file is not None:
        try:
            stored = imports.upload(file, file.name, project, request.user)
            imports.look(stored)
        except NoCodeError as refusal:
            error = refusal.message
        else:
            query = f"?table={table.pk}" if table else ""
            return redirect(f"{reverse('admin:studio_import', args=[stored.pk])}{query}")
    elif request.method == "POST":
        error = _("Choose a file.")
    title = _("Import into %(table)s") % {"table": table.label} if table else _("New table from a file")
    limit = filesizeformat(imports.LARGEST)
    context = page_context(request, title, project=project, table=table, error=error, limit=limit)
    return render(request, "studio/import_upload.html", context, status=422 if error else 200)


@require_http_methods(["GET", "POST"])
@page(ADD)
def file_import(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Look at the file, say how it is read and what goes where, and start; htmx gets the part below the reading."""
    rows = StoredFile.objects.filter(project__isnull=False, project__trashed_at=None)
    file = visible_object(request, rows.select_related("project__organization"), pk=pk)
    asked = _asked_before(request, file)
    table = _table(request, file, asked)
    _require(request, ADD, table or file.project)
    try:
        preview = imports.look(file, _format(request, file, asked))
    except NoCodeError as refusal:
        return _unreadable(request, file, table, refusal)
    if request.method == "POST":
        return _start(request, file, table, preview)
    options = _options(request, file, table, preview, asked)
    return _choose(request, file, table, preview, options)


def _start(request: HttpRequest, file: StoredFile, table: DataTable | None, preview: Preview) -> HttpResponse:
    options = import_form.options_from(request.POST, preview)
    _require_for(request, options, table, file.project)
    try:
        job = imports.start(file, options, table=table, user=request.user)
    except NoCodeError as refusal:
        return _choose(request, file, table, preview, options, refusal.message)
    return redirect("admin:studio_job", job.pk)


def _require_for(request: HttpRequest, options: Options, table: DataTable | None, project: Project) -> None:
    """What an import does beyond adding rows takes the right to do that."""
    if table is None:
        _require(request, "studio.add_datatable", project)
    elif any(column.target == NEW for column in options.columns):
        _require(request, "studio.add_field", table)
    if options.keys:
        _require(request, "studio.change_record", table or project)


def _require(request: HttpRequest, permission: str, thing: Any) -> None:
    if not request.user.has_perm(permission, thing):
        raise PermissionDenied


def _asked_before(request: HttpRequest, file: StoredFile) -> TableJob | None:
    """The import of this file that a person comes back from, to change what was asked."""
    job = uuid_or_none(request.GET.get("job"))
    return TableJob.objects.filter(pk=job, input=file, kind="import").first() if job else None


def _table(request: HttpRequest, file: StoredFile, asked: TableJob | None) -> DataTable | None:
    if asked is not None and asked.table_id:
        return visible_object(request, DataTable.objects.select_related("project"), ADD, pk=asked.table_id)
    wanted = uuid_or_none(request.GET.get("table"))
    if wanted is None:
        return None
    tables = DataTable.objects.select_related("project").filter(project=file.project_id)
    return visible_object(request, tables, ADD, pk=wanted)


def _format(request: HttpRequest, file: StoredFile, asked: TableJob | None) -> Format | None:
    """How the file is read: as said on the page, as in the import before, or None: as it seems."""
    said = request.POST if request.method == "POST" else request.GET
    if any(name in said for name in ("encoding", "delimiter", "header", "sheet")):
        return import_form.format_from(said, imports.guess(file))
    return Options.from_json(asked.options["import"]).format if asked else None


def _options(
    request: HttpRequest, file: StoredFile, table: DataTable | None, preview: Preview, asked: TableJob | None
) -> Options:
    if asked is not None and "header" not in request.GET:
        before = Options.from_json(asked.options["import"])
        if [column.name for column in before.columns] == preview.names:
            return before
    return import_form.likeliest(preview, table, file.name)


def _choose(
    request: HttpRequest,
    file: StoredFile,
    table: DataTable | None,
    preview: Preview,
    options: Options,
    error: str = "",
) -> HttpResponse:
    context = {
        "file": file,
        "table": table,
        "preview": preview,
        "options": options,
        "lines": import_form.lines(options, preview, table),
        "targets": import_form.targets(table),
        "namings": import_form.namings(table),
        "kinds": import_form.new_kinds(),
        "reading": import_form.reading_choices(preview),
        "error": error,
        "can_add_fields": request.user.has_perm("studio.add_field", table or file.project),
        "can_change": table is not None and request.user.has_perm("studio.change_record", table),
    }
    if not request.htmx:
        context = page_context(request, _("Import of %(file)s") % {"file": file.name}, **context)
    return render_part(request, "studio/import.html", "studio/_import.html", context, 422 if error else None)


def _unreadable(request: HttpRequest, file: StoredFile, table: DataTable | None, refusal: NoCodeError) -> HttpResponse:
    """With the wrong encoding or delimiter chosen, the way back is the guess; a file nobody can read is gone."""
    guess = f"?table={table.pk}" if table else ""
    context = {"file": file, "table": table, "error": refusal.message, "guess_url": f"{request.path}{guess}"}
    if not request.htmx:
        messages.error(request, refusal.message)
        page_name = "admin:studio_table_import" if table else "admin:studio_project_import"
        return redirect(page_name, (table or file.project).pk)
    return render(request, "studio/_import_unreadable.html", context)
