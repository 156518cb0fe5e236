"""What people take with them from an execution, as JSON files."""

import json
from collections.abc import Iterable
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

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
    execution = visible_object(request, WorkflowExecution.objects, VIEW, pk=pk)
    return _file(_text(execution.input), f"{execution.pk}-input.json")


@require_GET
@page(VIEW)
def execution_value(request: HttpRequest, pk: UUID, step: int, name: str) -> HttpResponse:
    """The output or the filled-in settings of one attempt at a step, whole."""
    if name not in VALUES:
        raise Http404
    execution = visible_object(request, WorkflowExecution.objects, VIEW, pk=pk)
    run = get_object_or_404(execution.steps, pk=step)
    return _file(_text(getattr(run, name)), f"{execution.pk}-{run.node_key}-{run.attempt}-{name}.json")


@require_GET
@page(VIEW)
def execution_download(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The execution with its steps and log, as they are now, sent while they are read."""
    rows = WorkflowExecution.objects.defer("input", "output", "response")
    execution = visible_object(request, rows, VIEW, pk=pk)
    return _file(exports.pieces(execution), f"{execution.pk}.json")


@require_POST
@page(VIEW)
def execution_export(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Have the same file made in the background, for what is too long to wait for."""
    execution = visible_object(request, WorkflowExecution.objects.defer("input", "output", "response"), VIEW, pk=pk)
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


def _text(value: object) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)


def _file(content: str | Iterable[str | bytes], name: str) -> HttpResponseBase:
    return download(content, name, "application/json; charset=utf-8")
