"""Pages of executions: the live list, and one execution with its graph, timeline and log."""

from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from nocode.automation import queries, turns
from nocode.automation.models import ExecutionExport, Trigger, Workflow, WorkflowExecution
from nocode.automation.triggers.webhook import curl_example
from nocode.automation.views.answers import base_url
from nocode.automation.views.diagrams import label_of, loops_in, run_diagram, run_timeline
from nocode.foundation.htmx import is_unchanged, render_part, unchanged, version_of
from nocode.foundation.pages import fragment, page, page_context, visible_object

STOP_POLLING = 286
VIEW = "automation.view_workflowexecution"


class LiveFilter(forms.Form):
    """What the live list is limited to; anything that makes no sense is ignored."""

    status = forms.ChoiceField(
        label=gettext_lazy("Status"),
        required=False,
        choices=[("", gettext_lazy("Any status")), *WorkflowExecution.Status.choices],
    )
    workflow = forms.UUIDField(label=gettext_lazy("Workflow"), required=False)
    text = forms.CharField(label=gettext_lazy("Id or error"), required=False, max_length=200)

    def chosen(self) -> dict:
        """The valid, filled-in filters."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}


@require_GET
@page(VIEW)
def live(request: HttpRequest) -> HttpResponse:
    """The newest executions; htmx gets the rows alone when a filter changes."""
    rows = _live_rows(request)
    context = page_context(
        request,
        _("Live executions"),
        workflows=Workflow.objects.visible_to(request.user).values_list("pk", "name"),
        statuses=LiveFilter.base_fields["status"].choices,
        lesson=_lesson(request, rows),
        **rows,
    )
    return render_part(request, "automation/live.html", "automation/_live_rows.html", context)


@require_GET
@fragment(VIEW)
def live_rows(request: HttpRequest) -> HttpResponse:
    """The rows again, or 204 when the browser already shows them."""
    rows = _live_rows(request)
    if is_unchanged(request, rows["version"]):
        return unchanged()
    return render(request, "automation/_live_rows.html", {**rows, "lesson": _lesson(request, rows)})


def _live_rows(request: HttpRequest) -> dict:
    chosen = LiveFilter(request.GET).chosen()
    rows = list(queries.live_executions(request.user, **chosen))
    version = version_of([(row.pk, row.status, row.updated_at, row.steps_done) for row in rows])
    busy = any(not row.is_finished for row in rows)
    return {
        "executions": rows,
        "chosen": chosen,
        "version": version,
        "poll_url": f"{reverse('admin:live_rows')}?{urlencode({**chosen, 'v': version})}",
        "poll_seconds": settings.LIVE_POLL_FAST if busy else settings.LIVE_POLL_SLOW,
    }


def _lesson(request: HttpRequest, rows: dict) -> dict | None:
    """What to do when nothing ever ran: call the first webhook, or open or make a workflow."""
    if rows["executions"] or rows["chosen"]:
        return None
    triggers = Trigger.objects.visible_to(request.user).select_related("workflow")
    trigger = triggers.filter(kind="webhook", is_active=True, workflow__status="active").order_by("pk").first()
    if trigger and request.user.has_perm("automation.run_trigger", trigger):
        return {"workflow": trigger.workflow, "curl": curl_example(trigger, base_url(request))}
    return {"workflow": Workflow.objects.visible_to(request.user).order_by("pk").first()}


@require_GET
@page(VIEW)
def execution_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One execution, followed live until it has finished."""
    execution = _execution(request, pk)
    context = page_context(request, execution.workflow_name, **_panel(request, execution))
    return render(request, "automation/execution.html", context)


@require_GET
@fragment(VIEW)
def execution_panel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The part of the page that changes while the execution runs; 286 tells htmx that it will not change again."""
    execution = _execution(request, pk)
    if _may_change(execution) and is_unchanged(request, _version(execution)):
        return unchanged()
    status = None if _may_change(execution) else STOP_POLLING
    return render(request, "automation/_execution_panel.html", _panel(request, execution), status=status)


def _execution(request: HttpRequest, pk: UUID) -> WorkflowExecution:
    return visible_object(request, queries.executions_to_show(request.user), pk=pk)


def _version(execution: WorkflowExecution) -> str:
    export = _export(execution)
    return version_of(
        execution.status, execution.updated_at, execution.retry_ids, execution.called_ids, export and export.updated_at
    )


def _may_change(execution: WorkflowExecution) -> bool:
    """Whether the panel is followed: the execution has not ended, or its file is being made."""
    export = _export(execution)
    return not execution.is_finished or (export is not None and export.is_being_made)


def _export(execution: WorkflowExecution) -> ExecutionExport | None:
    return getattr(execution, "export", None)


def _panel(request: HttpRequest, execution: WorkflowExecution) -> dict:
    steps, counted = queries.steps_of(execution), turns.counted(execution, loops_in(execution.version.graph))
    version = _version(execution)

    def link(key: str) -> str:
        return reverse("admin:execution_step", args=[execution.pk, key])

    return {
        "execution": execution,
        **queries.family_of(execution),
        "diagram": run_diagram(execution, steps, link, counted),
        "timeline": run_timeline(execution, steps, counted),
        "log": queries.log_of(execution),
        "chain": queries.chain_of(execution),
        "share_url": f"{base_url(request)}{reverse('admin:execution_detail', args=[execution.pk])}",
        "export": _export(execution),
        "failed_label": label_of(execution.version.graph, execution.error_step),
        "may_run": request.user.has_perm("automation.run_workflowexecution", execution),
        "version": version,
        "poll_url": f"{reverse('admin:execution_panel', args=[execution.pk])}?v={version}",
        "poll_seconds": settings.LIVE_POLL_FAST if _may_change(execution) else None,
    }
