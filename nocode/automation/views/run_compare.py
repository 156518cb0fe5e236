"""Two executions beside each other: which steps took longer, ended otherwise, or gave something else."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from nocode.automation import compared, queries, turns
from nocode.automation.compared import Pair
from nocode.automation.models import StepRun, WorkflowExecution
from nocode.automation.turns import Turns
from nocode.automation.views.diagrams import kind_icon, label_of, loops_in, turns_note
from nocode.foundation.htmx import render_part
from nocode.foundation.pages import fragment, page, page_context, visible_object

VIEW = "automation.view_workflowexecution"


@require_GET
@page(VIEW)
def execution_compare_with(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Choose what to compare an execution with: other runs of its workflow, the newest first."""
    execution = _execution(request, pk)
    others = queries.runs_beside(execution, request.user)
    context = page_context(request, _("Compare with…"), execution=execution, others=others)
    return render(request, "automation/compare_with.html", context)


@require_GET
@page(VIEW)
def execution_compare(request: HttpRequest, pk: UUID, other: UUID) -> HttpResponse:
    """Two executions step by step."""
    before, after = _execution(request, pk), _execution(request, other)
    graph = after.version.graph
    kinds = {node["key"]: node["kind"] for each in (before, after) for node in each.version.graph["nodes"]}
    labels = {key: label_of(graph, key) for key in kinds}
    counted = [turns.counted(each, loops_in(each.version.graph)) for each in (before, after)]
    value_url = reverse("admin:execution_compare_value", args=[pk, other])
    rows = [
        {
            "pair": pair,
            "label": labels[pair.key],
            "icon": kind_icon(kinds[pair.key]),
            "sides": _sides(pair, counted),
            "url": f"{value_url}?{urlencode({'step': pair.key})}",
        }
        for pair in compared.pairs(before, after)
    ]
    context = {
        "before": before,
        "after": after,
        "sides": [before, after],
        "rows": [row for row in rows if any(run or note for run, note in row["sides"])],
        "url": value_url,
    }
    context = page_context(request, _("Compare two executions"), **context)
    return render(request, "automation/compare.html", context)


@require_GET
@fragment(VIEW)
def execution_compare_value(request: HttpRequest, pk: UUID, other: UUID) -> HttpResponse:
    """What one step gave in both, line by line; without a step what the triggers brought."""
    before, after = _execution(request, pk), _execution(request, other)
    key = request.GET.get("step", "")[:60]
    values = [compared.output_of(each, key) for each in (before, after)]
    texts = [value.get("text") or "" for value in values]
    context: dict[str, Any] = {
        "before": before,
        "after": after,
        "label": label_of(after.version.graph, key) if key else _("Input"),
        "lines": list(compared.lines(*texts)),
        "is_cut": any(_is_cut(value) for value in values),
    }
    if not request.htmx:
        context = page_context(request, context["label"], **context)
    return render_part(request, "automation/compare_value.html", "automation/_compare_value.html", context)


def _sides(pair: Pair, counted: list[dict[str, Turns]]) -> list[tuple[StepRun | None, str]]:
    """What a step did in both executions: its run, and how many turns of it there were."""
    runs = (pair.before, pair.after)
    return [
        (run, turns_note(each[pair.key]) if pair.key in each else "") for run, each in zip(runs, counted, strict=True)
    ]


def _is_cut(value: dict[str, Any]) -> bool:
    text = value.get("text") or ""
    return (value.get("length") or 0) > len(text) or text.count("\n") >= compared.LINES_COMPARED


def _execution(request: HttpRequest, pk: UUID) -> WorkflowExecution:
    rows = WorkflowExecution.objects.select_related("version", "workflow").without_values()
    return visible_object(request, rows, VIEW, pk=pk)
