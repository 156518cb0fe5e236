"""The check of the structure: where the database and a project differ, and what can be done about it."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from nocode.foundation.errors import NoCodeError
from nocode.foundation.pages import page_context, refuse
from nocode.studio.models import Project
from nocode.studio.schema import drift
from nocode.studio.schema.drift import Finding
from nocode.studio.schema.problems import Problem
from nocode.studio.schema.words import in_words
from nocode.studio.services import repairs
from nocode.studio.services.repairs import WAYS, Way
from nocode.studio.views.guard import of_project

SHOWN = 20  # of the rows that are in the way


@require_GET
@of_project("studio.view_project")
def project_check(request: HttpRequest, project: Project) -> HttpResponse:
    """The differences there are, each with its repairs."""
    return _page(request, project)


@require_POST
@of_project("studio.change_project")
def project_repair(request: HttpRequest, project: Project) -> HttpResponse:
    """Repair one difference (`finding`) in one way (`way`). When rows are in the way, they are shown with it.

    What it would do is shown first; with `agreed` it is done.
    """
    key, name = request.POST.get("finding", ""), request.POST.get("way", "")
    if name in WAYS and not _may(request, project, WAYS[name]):
        raise PermissionDenied
    try:
        finding = repairs.finding(project, key, name)
        if not request.POST.get("agreed"):
            return _question(request, project, finding, name)
        notes = repairs.repair(project, key, name, request.user)
    except NoCodeError as refusal:
        refuse(request, refusal.message)
        if problem := refusal.details.get("problem"):
            return _page(request, project, refused=key, problem=problem)
    else:
        messages.success(request, in_words([project.changes.latest("created_at")])[0])
        for note in notes:
            messages.warning(request, note)
    return redirect("admin:studio_project_check", project.pk)


def _question(request: HttpRequest, project: Project, finding: Finding, name: str) -> HttpResponse:
    title = _("%(project)s · check of the structure") % {"project": project.name}
    known = {"finding": finding, "name": name, "way": WAYS[name], "preview": repairs.preview(project, finding, name)}
    context = page_context(request, title, project=project, **known)
    return render(request, "studio/repair_question.html", context)


def _page(request: HttpRequest, project: Project, refused: str = "", problem: Problem | None = None) -> HttpResponse:
    groups: dict[str, list[dict[str, Any]]] = {}
    for finding in drift.findings(project):
        ways = [(name, WAYS[name]) for name in finding.repairs if _may(request, project, WAYS[name])]
        shown = {"finding": finding, "ways": ways, "problem": problem if finding.key == refused else None}
        groups.setdefault(finding.table.label if finding.table else "", []).append(shown)
    title = _("%(project)s · check of the structure") % {"project": project.name}
    context = page_context(request, title, project=project, groups=groups, samples_shown=SHOWN)
    return render(request, "studio/check.html", context)


def _may(request: HttpRequest, project: Project, way: Way) -> bool:
    return request.user.has_perm(f"studio.{way.right}_project", project)
