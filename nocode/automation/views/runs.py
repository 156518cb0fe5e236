"""Pages of executions: the live list, and one execution with its graph, timeline, steps and log."""

from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from nocode.automation import queries
from nocode.automation.models import ExecutionExport, StepRun, Trigger, Workflow, WorkflowExecution
from nocode.automation.triggers.webhook import curl_example
from nocode.automation.views.answers import base_url
from nocode.automation.views.diagrams import kind_icon, kind_label, port_labels, run_diagram, run_timeline, turned_away
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
    return version_of(execution.status, execution.updated_at, execution.retry_ids, export and export.updated_at)


def _may_change(execution: WorkflowExecution) -> bool:
    """Whether the panel is followed: the execution has not ended, or its file is being made."""
    export = _export(execution)
    return not execution.is_finished or (export is not None and export.is_being_made)


def _export(execution: WorkflowExecution) -> ExecutionExport | None:
    return getattr(execution, "export", None)


def _panel(request: HttpRequest, execution: WorkflowExecution) -> dict:
    steps = queries.steps_of(execution)
    version = _version(execution)

    def link(key: str) -> str:
        return reverse("admin:execution_step", args=[execution.pk, key])

    return {
        "execution": execution,
        "diagram": run_diagram(execution, steps, link),
        "timeline": run_timeline(execution, steps),
        "log": queries.log_of(execution),
        "export": _export(execution),
        "failed_label": _label_of(execution, execution.error_step),
        "may_run": request.user.has_perm("automation.run_workflowexecution", execution),
        "version": version,
        "poll_url": f"{reverse('admin:execution_panel', args=[execution.pk])}?v={version}",
        "poll_seconds": settings.LIVE_POLL_FAST if _may_change(execution) else None,
    }


@require_GET
@fragment(VIEW)
def execution_step(request: HttpRequest, pk: UUID, key: str) -> HttpResponse:
    """One step: what came in, its settings with the values filled in, what came out, its attempts and log."""
    execution = visible_object(request, queries.with_values(queries.executions_to_show(request.user)), pk=pk)
    node = _node(execution, key)
    last = queries.last_attempt(execution, key)
    context = {
        "execution": execution,
        "node": node,
        "icon": kind_icon(node["kind"]),
        "kind_label": kind_label(node["kind"]),
        "attempts": queries.attempts_of(execution, key),
        "last": last,
        "left_through": _left_through(node, last) if last else "",
        "turns": _turns_before(execution, key) if execution.is_finished and not last else [],
        "inputs": [
            {"step": step, "label": _label_of(execution, step.node_key)} for step in queries.inputs_of(execution, key)
        ],
        "log": queries.log_of(execution, node_key=key),
        "record_url": _record_url(node["kind"], last) if last else "",
        "may_retry": last and _may_retry(request, execution, last),
    }
    if not request.htmx:
        context = page_context(request, node["label"], **context)
    return render_part(request, "automation/execution_step.html", "automation/_execution_step.html", context)


def _left_through(node: dict, step: StepRun) -> str:
    """The outputs a step left through, by name, where there was a choice."""
    labels = port_labels(node["kind"], node.get("config") or {})
    had_choice = len(labels.keys() - {"error"}) > 1 or "error" in step.ports
    return ", ".join(str(labels.get(port, port)) for port in step.ports) if had_choice else ""


def _turns_before(execution: WorkflowExecution, key: str) -> list[dict]:
    """The steps from which the way could have led to this one, and where it went instead."""
    runs = {step.node_key: step for step in queries.steps_of(execution)}
    return [
        {"label": _label_of(execution, each), "left_through": _left_through(_node(execution, each), runs[each])}
        for each in turned_away(execution.version.graph, key, {key: run.ports for key, run in runs.items()})
    ]


def _may_retry(request: HttpRequest, execution: WorkflowExecution, last: StepRun) -> bool:
    failed = execution.status == WorkflowExecution.Status.FAILED and last.status == StepRun.Status.FAILED
    return failed and not last.ports and request.user.has_perm("automation.run_workflowexecution", execution)


def _record_url(kind: str, step: StepRun) -> str:
    """The page of the row that a record step wrote."""
    if not kind.startswith("record.") or not (step.written_table and step.written_row):
        return ""
    return reverse("admin:studio_table_row", args=[step.written_table, step.written_row])


def _node(execution: WorkflowExecution, key: str) -> dict:
    node = next((node for node in execution.version.graph["nodes"] if node["key"] == key), None)
    if node is None:
        raise Http404
    return {"label": key, **node}


def _label_of(execution: WorkflowExecution, key: str) -> str:
    return next((n.get("label") or key for n in execution.version.graph["nodes"] if n["key"] == key), key)
