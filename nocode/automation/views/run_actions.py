"""What people do with an execution: cancel it, repeat a step, run it again, take its data with them."""

import json
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from nocode.automation.models import WorkflowExecution
from nocode.automation.services import executions
from nocode.automation.views.answers import back
from nocode.foundation.admin.pages import page, tell, visible_object

VIEW = "automation.view_workflowexecution"
RUN = "automation.run_workflowexecution"
VALUES = ("output", "settings")


@require_POST
@page(RUN)
def execution_cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Stop an execution."""
    execution = visible_object(request, WorkflowExecution.objects, RUN, pk=pk)
    tell(request, executions.cancel, execution, request.user, done=_("The execution was cancelled."))
    return back(request, "admin:execution_detail", pk)


@require_POST
@page(RUN)
def execution_retry(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Run the whole again and show the new execution."""
    execution = visible_object(request, WorkflowExecution.objects, RUN, pk=pk)
    again = tell(request, executions.retry, execution, request.user, done=_("A new execution was started."))
    return redirect("admin:execution_detail", again.pk if again else pk)


@require_POST
@page(RUN)
def execution_retry_step(request: HttpRequest, pk: UUID, key: str) -> HttpResponse:
    """Go on from the step that failed."""
    execution = visible_object(request, WorkflowExecution.objects, RUN, pk=pk)
    tell(request, executions.retry_step, execution, key, request.user, done=_("The step is tried again."))
    return back(request, "admin:execution_detail", pk)


@require_GET
@page(VIEW)
def execution_input(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What the trigger brought, as a file."""
    execution = visible_object(request, WorkflowExecution.objects, VIEW, pk=pk)
    return _file(execution.input, f"{execution.pk}-input.json")


@require_GET
@page(VIEW)
def execution_value(request: HttpRequest, pk: UUID, step: int, name: str) -> HttpResponse:
    """The output or the filled-in settings of one attempt at a step, whole, as a file."""
    if name not in VALUES:
        raise Http404
    execution = visible_object(request, WorkflowExecution.objects, VIEW, pk=pk)
    run = get_object_or_404(execution.steps, pk=step)
    return _file(getattr(run, name), f"{execution.pk}-{run.node_key}-{run.attempt}-{name}.json")


@require_GET
@page(VIEW)
def execution_download(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The execution with its steps and log, as one file."""
    execution = visible_object(request, WorkflowExecution.objects, VIEW, pk=pk)
    data = {
        "execution_id": execution.pk,
        "workflow_name": execution.workflow_name,
        "status": execution.status,
        "started_at": execution.started_at,
        "completed_at": execution.completed_at,
        "duration": execution.duration,
        "input": execution.input,
        "output": execution.output,
        "error_message": execution.error_message,
        "steps": list(
            execution.steps.order_by("pk").values(
                "node_key", "attempt", "status", "ports", "settings", "output", "error", "started_at", "finished_at"
            )
        ),
        "logs": list(execution.logs.order_by("pk").values("at", "level", "node_key", "message", "details")),
    }
    return _file(data, f"{execution.pk}.json")


def _file(value: object, name: str) -> HttpResponse:
    text = json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(text, content_type="application/json; charset=utf-8", headers=headers)
