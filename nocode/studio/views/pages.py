"""What the buttons in the list of a project's pages do."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from nocode.foundation.ids import uuid_or_none
from nocode.foundation.pages import page, tell, visible_object
from nocode.studio.models import Page, Project
from nocode.studio.services import pages
from nocode.studio.views.guard import of_project


@require_POST
@page("studio.change_page")
def page_move(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Move a page one step up or down in its project."""
    moved = visible_object(request, Page.objects.select_related("project"), "studio.change_page", pk=pk)
    position = moved.position + (-1 if request.POST.get("step") == "up" else 1)
    tell(request, pages.move_page, moved, max(0, position), done=_("“%s” was moved.") % moved.title)
    return redirect(pages_url(moved.project))


@require_POST
@of_project("studio.add_page")
def pages_make(request: HttpRequest, project: Project) -> HttpResponse:
    """Make the pages of one of the project's tables, and open the list."""
    table = get_object_or_404(project.tables, pk=uuid_or_none(request.POST.get("table")))
    done = _("“%s” has a list, a page for one row and a form now.") % table.label
    made = tell(request, pages.make_pages_for, table, done=done)
    return redirect("admin:studio_page_designer", made[0].pk) if made else redirect(pages_url(project))


def pages_url(project: Project) -> str:
    """Where the pages of a project are listed."""
    return reverse("admin:studio_project_change", args=[project.pk]) + "#project-pages"
