"""What people do with an execution: cancel it, repeat a step, run it again."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from nocode.automation import queries
from nocode.automation.forms import AgainForm
from nocode.automation.models import WorkflowExecution
from nocode.automation.services import executions
from nocode.automation.views.answers import back
from nocode.foundation.admin.forms import dress
from nocode.foundation.pages import page, page_context, refuse, tell, visible_object

RUN = "automation.run_workflowexecution"


@require_POST
@page(RUN)
def execution_cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Stop an execution."""
    execution = visible_object(request, WorkflowExecution.objects.without_values(), RUN, pk=pk)
    tell(request, executions.cancel, execution, request.user, done=_("The execution was cancelled."))
    return back(request, "admin:execution_detail", pk)


@require_POST
@page(RUN)
def execution_retry(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Run the whole again and show the new execution."""
    execution = visible_object(request, WorkflowExecution.objects.without_values(), RUN, pk=pk)
    again = tell(request, executions.retry, execution, request.user, done=_("A new execution was started."))
    return redirect("admin:execution_detail", again.pk if again else pk)


@require_http_methods(["GET", "POST"])
@page(RUN)
def execution_again(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask for another input and for the version, then run the whole again and show the new execution."""
    rows = WorkflowExecution.objects.select_related("workflow__published_version", "version")
    rows = rows.without_values().annotate(size_input=queries.size("input"))
    execution = visible_object(request, rows, RUN, pk=pk)
    if execution.workflow is None:
        refuse(request, _("The workflow of this execution was deleted; it cannot run again."))
        return redirect("admin:execution_detail", pk)
    if (execution.size_input or 0) > queries.SHOWN_CHARACTERS:
        refuse(request, _("The input is too large to be changed here; run the execution again as it is."))
        return redirect("admin:execution_detail", pk)
    form = AgainForm(
        request.POST or None,
        initial={"input": execution.input},
        same=execution.version,
        current=execution.workflow.published_version,
    )
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data["input"]
        options = {"input": {} if given is None else given, "current": form.asks_current}
        done = _("A new execution was started.")
        again = tell(request, executions.retry, execution, request.user, done=done, **options)
        return redirect("admin:execution_detail", again.pk if again else pk)
    context = page_context(
        request, _("Run “%s” again") % execution.workflow_name, execution=execution, form=dress(form)
    )
    return render(request, "automation/again.html", context)


@require_POST
@page(RUN)
def execution_retry_step(request: HttpRequest, pk: UUID, key: str) -> HttpResponse:
    """Go on from the step that failed; inside a loop in one turn, if the address names it."""
    execution = visible_object(request, WorkflowExecution.objects.without_values(), RUN, pk=pk)
    turn = request.GET.get("turn", "")
    iteration = int(turn) if turn.isdecimal() and len(turn) < 10 else None
    done = _("The step is tried again.")
    tell(request, executions.retry_step, execution, key, request.user, iteration=iteration, done=done)
    return back(request, "admin:execution_detail", pk)
