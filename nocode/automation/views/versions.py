"""The versions of a workflow: read one, compare any two, and bring one back into the draft."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from nocode.automation.comparison import compare
from nocode.automation.models import Workflow
from nocode.automation.services import drafts, workflows
from nocode.automation.views.answers import back
from nocode.automation.views.diagrams import changes_diagram
from nocode.foundation.pages import page, page_context, tell, visible_object

VIEW, CHANGE = "automation.view_workflow", "automation.change_workflow"
DRAFT = "draft"


@require_GET
@page(VIEW)
def workflow_version(request: HttpRequest, pk: UUID, number: int) -> HttpResponse:
    """A published version, and what it changed."""
    workflow = _workflow(request, pk)
    version = get_object_or_404(workflow.versions.select_related("created_by"), number=number)
    before = workflow.versions.filter(number__lt=number).order_by("-number").first()
    graph = before.graph if before else None
    context = page_context(
        request,
        f"{workflow.name} · {version}",
        workflow=workflow,
        version=version,
        before=before,
        diagram=changes_diagram(graph, version.graph),
        changes=compare(graph, version.graph),
        may_change=request.user.has_perm(CHANGE, workflow),
    )
    return render(request, "automation/version.html", context)


@require_GET
@page(VIEW)
def workflow_compare(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Any two versions, or one and the draft: `?from=1&to=draft`."""
    workflow = _workflow(request, pk)
    versions = list(workflow.versions.defer("graph"))
    if not versions:
        raise Http404
    choices = [*((str(each.number), str(each)) for each in versions), (DRAFT, _("Draft"))]
    usual = {"from": str(versions[0].number), "to": DRAFT}
    chosen = {name: request.GET.get(name, number) for name, number in usual.items()}
    before, after = (_graph(workflow, chosen[name]) for name in ("from", "to"))
    context = page_context(
        request,
        _("Compare versions of “%s”") % workflow.name,
        workflow=workflow,
        choices=choices,
        chosen_from=chosen["from"],
        chosen_to=chosen["to"],
        diagram=changes_diagram(before, after),
        changes=compare(before, after),
    )
    return render(request, "automation/version_compare.html", context)


@require_POST
@page(CHANGE)
def version_restore(request: HttpRequest, pk: UUID, number: int) -> HttpResponse:
    """Make the draft what a version was; what runs stays, until the draft is published."""
    workflow = visible_object(request, Workflow.objects, CHANGE, pk=pk)
    version = get_object_or_404(workflow.versions, number=number)
    done = _("The draft is %s again. Publish it to have it run.") % version
    tell(request, drafts.restore, workflow, version, user=request.user, done=done)
    return back(request, reverse("admin:workflow_builder", args=[workflow.pk]))


def _workflow(request: HttpRequest, pk: UUID) -> Workflow:
    return visible_object(request, Workflow.objects.select_related("project", "published_version"), VIEW, pk=pk)


def _graph(workflow: Workflow, chosen: str) -> dict[str, Any]:
    if chosen == DRAFT:
        return workflows.draft_graph(workflow)
    if not chosen.isdecimal() or len(chosen) > 9:
        raise Http404
    return get_object_or_404(workflow.versions, number=int(chosen)).graph
