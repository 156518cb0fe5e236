"""Whole projects: out as a file, in from a file or from a template, and made again."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from nocode.foundation.errors import NoCodeError
from nocode.foundation.ids import uuid_or_none
from nocode.foundation.models import Organization
from nocode.foundation.pages import page, page_context, refuse
from nocode.foundation.permissions import organizations_where
from nocode.studio import gallery
from nocode.studio.models import Project
from nocode.studio.transfer import starting
from nocode.studio.transfer.format import LARGEST
from nocode.studio.transfer.writing import Contents
from nocode.studio.views.guard import of_project

ADD = "studio.add_project"


@require_http_methods(["GET", "POST"])
@of_project("studio.view_project")
def project_export(request: HttpRequest, project: Project) -> HttpResponse:
    """Say what the file of a project is to hold; a job writes it."""
    if request.method == "POST":
        with_rows = "rows" in request.POST
        try:
            job = starting.export(project, Contents(with_rows, with_rows and "files" in request.POST), request.user)
        except NoCodeError as refusal:
            refuse(request, refusal.message)
        else:
            return redirect("admin:studio_job", job.pk)
    title = _("Export of %(project)s") % {"project": project.name}
    return render(request, "studio/project_export.html", page_context(request, title, project=project))


@require_http_methods(["GET", "POST"])
@of_project(ADD)
def project_duplicate(request: HttpRequest, project: Project) -> HttpResponse:
    """Give the copy of a project a name; a job makes it."""
    name, error = request.POST.get("name", ""), ""
    if request.method == "POST":
        try:
            job = starting.duplicate(project, name, with_rows="rows" in request.POST, user=request.user)
        except NoCodeError as refusal:
            error = refusal.message
        else:
            return redirect("admin:studio_job", job.pk)
    context = {
        "project": project,
        "name": name or starting.copy_name(project),
        "with_rows": not error or "rows" in request.POST,
        "error": error,
    }
    title = _("Copy of %(project)s") % {"project": project.name}
    context = page_context(request, title, **context)
    return render(request, "studio/project_duplicate.html", context, status=422 if error else 200)


@require_http_methods(["GET", "POST"])
@page(ADD)
def project_file(request: HttpRequest) -> HttpResponse:
    """Choose the file of a project; it is checked at once, and a job builds the project."""
    error = ""
    if request.method == "POST":
        try:
            return _bring(request)
        except NoCodeError as refusal:
            error = refusal.message
    context = page_context(
        request,
        _("New project from a file"),
        organizations=_organizations(request),
        chosen=request.POST.get("organization", ""),
        name=request.POST.get("name", ""),
        limit=filesizeformat(LARGEST),
        error=error,
    )
    return render(request, "studio/project_file.html", context, status=422 if error else 200)


def _bring(request: HttpRequest) -> HttpResponse:
    upload = request.FILES.get("file")
    if upload is None:
        raise NoCodeError(_("Choose a file."))
    job = starting.bring(
        upload,
        _organization(request),
        name=request.POST.get("name", "").strip(),
        with_rows="rows" in request.POST,
        user=request.user,
    )
    return redirect("admin:studio_job", job.pk)


@require_http_methods(["GET", "POST"])
@page(ADD)
def project_gallery(request: HttpRequest) -> HttpResponse:
    """Projects to begin with; the chosen one is made at once."""
    key, error = request.POST.get("template", ""), ""
    if request.method == "POST":
        try:
            return _make(request, key)
        except NoCodeError as refusal:
            error = refusal.message
    context = page_context(
        request,
        _("Start from a template"),
        cards=[_card(request, each, error if each.key == key else "") for each in gallery.TEMPLATES],
        organizations=_organizations(request),
        chosen=request.POST.get("organization", ""),
    )
    return render(request, "studio/project_gallery.html", context, status=422 if error else 200)


def _make(request: HttpRequest, key: str) -> HttpResponse:
    project = gallery.make(
        gallery.template(key),
        _organization(request),
        request.POST.get("name", ""),
        with_rows="rows" in request.POST,
        user=request.user,
    )
    return redirect("admin:studio_project_change", project.pk)


def _card(request: HttpRequest, template: gallery.Template, error: str) -> dict[str, Any]:
    return {
        "template": template,
        "name": request.POST.get("name", "") if error else template.name,
        "with_rows": not error or "rows" in request.POST,
        "error": error,
    }


def _organizations(request: HttpRequest) -> list[Organization]:
    return list(organizations_where(request.user, "studio.add").order_by("name"))


def _organization(request: HttpRequest) -> Organization:
    """Where the project is to be: the one chosen, which need not be said when there is one only."""
    mine = organizations_where(request.user, "studio.add")
    if "organization" in request.POST:
        return get_object_or_404(mine, pk=uuid_or_none(request.POST["organization"]))
    found = list(mine[:2])
    if len(found) != 1:
        raise NoCodeError(_("Choose an organization."))
    return found[0]
