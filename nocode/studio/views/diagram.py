"""The picture of a project's tables."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from nocode.foundation.pages import page_context
from nocode.studio import diagram
from nocode.studio.models import Project
from nocode.studio.views.guard import of_project


@require_GET
@of_project("studio.view_project")
def project_diagram(request: HttpRequest, project: Project) -> HttpResponse:
    """The tables of a project, their fields and how they are related."""
    title = _("%(project)s · diagram") % {"project": project.name}
    context = page_context(request, title, project=project, diagram=diagram.draw(project))
    return render(request, "studio/diagram.html", context)
