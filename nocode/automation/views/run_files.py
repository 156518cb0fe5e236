"""What people take with them from an execution, as JSON files."""

from collections.abc import Iterable
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from nocode.automation import queries
from nocode.automation.engine import exports
from nocode.automation.models import ExecutionExport, WorkflowExecution
from nocode.automation.services import executions
from nocode.automation.views.answers import back
from nocode.foundation.downloads import download
from nocode.foundation.pages import page, tell, visible_object

VIEW = "automation.view_workflowexecution"
VALUES = ("output", "settings")


@require_GET
@page(VIEW)
def execution_input(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What the trigger brought."""
    execution = _execution(request, pk)
    return _file(queries.text_of(WorkflowExecution.objects.filter(pk=pk), "input"), f"{execution.pk}-input.json")


@require_GET
@page(VIEW)
def execution_value(request: HttpRequest, pk: UUID, step: int, name: str) -> HttpResponse:
    """The output or the filled-in settings of one attempt at a step, whole."""
    if name not in VALUES:
        raise Http404
    execution = _execution(request, pk)
    rows = execution.steps.filter(pk=step)
    run = get_object_or_404(rows.defer(*VALUES))
    turn = f"-{run.iteration}" if run.iteration else ""
    return _file(queries.text_of(rows, name), f"{execution.pk}-{run.node_key}{turn}-{run.attempt}-{name}.json")


@require_GET
@page(VIEW)
def execution_download(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The execution with its steps and log, as they are now, sent while they are read."""
    execution = _execution(request, pk)
    return _file(exports.pieces(execution), f"{execution.pk}.json")


@require_POST
@page(VIEW)
def execution_export(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Have the same file made in the background, for what is too long to wait for."""
    execution = _execution(request, pk)
    done = _("The file is being made. It appears here, next to the log.")
    tell(request, executions.request_export, execution, request.user, done=done)
    return back(request, "admin:execution_detail", pk)


@require_GET
@page(VIEW)
def execution_export_file(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The file that was made in the background, until it expires."""
    rows = ExecutionExport.objects.defer("content").filter(made_at__isnull=False, expires_at__gt=timezone.now())
    export = visible_object(request, rows, execution=pk)
    return _file(exports.stored_pieces(export), f"{pk}.json")


def _execution(request: HttpRequest, pk: UUID) -> WorkflowExecution:
    return visible_object(request, WorkflowExecution.objects.without_values(), VIEW, pk=pk)


def _file(content: str | Iterable[str | bytes], name: str) -> HttpResponseBase:
    return download(content, name, "application/json; charset=utf-8")
