"""What people do with an execution: cancel it, repeat a step, run it again."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from nocode.automation.models import WorkflowExecution
from nocode.automation.services import executions
from nocode.automation.views.answers import back
from nocode.foundation.pages import page, tell, visible_object

RUN = "automation.run_workflowexecution"


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
    """Go on from the step that failed; inside a loop in one turn, if the address names it."""
    execution = visible_object(request, WorkflowExecution.objects, RUN, pk=pk)
    turn = request.GET.get("turn", "")
    iteration = int(turn) if turn.isdecimal() and len(turn) < 10 else None
    done = _("The step is tried again.")
    tell(request, executions.retry_step, execution, key, request.user, iteration=iteration, done=done)
    return back(request, "admin:execution_detail", pk)
