"""The picture of a project's tables."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from nocode.foundation.admin.pages import page, page_context, visible_object
from nocode.studio import diagram
from nocode.studio.models import Project


@require_GET
@page("studio.view_project")
def project_diagram(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The tables of a project, their fields and how they are related."""
    project = visible_object(request, Project.objects.all(), "studio.view_project", pk=pk)
    title = _("%(project)s · diagram") % {"project": project.name}
    context = page_context(request, title, project=project, diagram=diagram.draw(project))
    return render(request, "studio/diagram.html", context)
