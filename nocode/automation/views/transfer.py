"""Workflows out as files, in from files, made a second time, and the report on how one came here."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from nocode.automation import arrivals
from nocode.automation.models import Workflow, WorkflowImport
from nocode.automation.services import workflows
from nocode.automation.transfer import copying, settling, writing
from nocode.automation.transfer.format import LARGEST, file_name
from nocode.automation.transfer.report import report_of
from nocode.automation.views.builder import workflow_url
from nocode.automation.views.diagrams import diagram
from nocode.automation.views.places import Place, chosen_place, places
from nocode.automation.views.workflow import problems_to_show, step_url
from nocode.foundation.downloads import download
from nocode.foundation.errors import NoCodeError
from nocode.foundation.pages import page, page_context, tell, visible_object

VIEW, ADD, CHANGE = "automation.view_workflow", "automation.add_workflow", "automation.change_workflow"


def workflow_files(chosen: Iterable[Workflow]) -> HttpResponseBase:
    """The file of a workflow, or a zip with those of several."""
    chosen = list(chosen)
    if len(chosen) == 1:
        return download(writing.dump(chosen[0]), file_name(chosen[0]), "application/json")
    return download(writing.pack(chosen), "workflows.zip", "application/zip")


@require_GET
@page(VIEW)
def workflow_export(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The file of the draft."""
    workflow = visible_object(request, Workflow.objects.select_related("organization"), VIEW, pk=pk)
    return workflow_files([workflow])


@require_http_methods(["GET", "POST"])
@page(ADD)
def workflow_import(request: HttpRequest) -> HttpResponse:
    """Choose a file, or paste one; the draft is made at once, and its report shown."""
    error = ""
    if request.method == "POST":
        try:
            made = _receive(request)
            return redirect("admin:workflow_origin", made.pk)
        except NoCodeError as refusal:
            error = refusal.message
    context = page_context(
        request,
        _("Import a workflow"),
        places=places(request),
        chosen=request.POST.get("place", ""),
        name=request.POST.get("name", ""),
        text=request.POST.get("text", ""),
        limit=filesizeformat(LARGEST),
        error=error,
    )
    return render(request, "automation/workflow_import.html", context, status=422 if error else 200)


def _receive(request: HttpRequest) -> Workflow:
    place: Place = chosen_place(request)
    return arrivals.receive(
        _content(request),
        place.organization,
        project=place.project,
        make_tables="tables" in request.POST and place.may_make_tables(request.user),
        name=request.POST.get("name", ""),
        user=request.user,
    )


def _content(request: HttpRequest) -> bytes:
    """What was uploaded, else what was pasted; of a file that is too large, just enough to say so."""
    if upload := request.FILES.get("file"):
        return upload.read(LARGEST + 1)
    if text := request.POST.get("text", "").strip():
        return text.encode("utf-8", "surrogatepass")
    raise NoCodeError(_("Choose a file, or paste what is in one."))


@require_http_methods(["GET", "POST"])
@page(VIEW)
def workflow_origin(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The report on an import, and what is still to be chosen; POST chooses."""
    rows = WorkflowImport.objects.select_related("workflow__project", "workflow__organization")
    origin = visible_object(request, rows, workflow=pk)
    workflow = origin.workflow
    may_change = request.user.has_perm(CHANGE, workflow)
    if request.method == "POST":
        visible_object(request, Workflow.objects, CHANGE, pk=pk)
        chosen = {name.removeprefix("need-"): value for name, value in request.POST.items() if name.startswith("need-")}
        tell(request, settling.choose, origin, chosen, done=_("Your choice is in the steps."))
        return redirect("admin:workflow_origin", workflow.pk)
    nodes = {node.key: node for node in workflow.nodes.all()}
    problems = problems_to_show(workflow)
    context = page_context(
        request,
        _("Import of “%s”") % workflow.name,
        workflow=workflow,
        report=report_of(origin, nodes),
        questions=settling.questions(origin) if may_change else [],
        problems=problems,
        diagram=diagram(
            workflows.draft_graph(workflow),
            lambda key: step_url(nodes[key]),
            troubled={each["problem"].node for each in problems},
        ),
    )
    return render(request, "automation/workflow_origin.html", context)


@require_http_methods(["GET", "POST"])
@page(ADD)
def workflow_duplicate(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Give the copy of a workflow a name."""
    workflow = visible_object(request, Workflow.objects.select_related("organization", "project"), ADD, pk=pk)
    name, error = request.POST.get("name", ""), ""
    if request.method == "POST":
        try:
            made = copying.duplicate(workflow, name, request.user)
            return redirect(workflow_url(made))
        except NoCodeError as refusal:
            error = refusal.message
    context: dict[str, Any] = {"workflow": workflow, "name": name or copying.copy_name(workflow), "error": error}
    title = _("Copy of “%s”") % workflow.name
    context = page_context(request, title, **context)
    return render(request, "automation/workflow_duplicate.html", context, status=422 if error else 200)
