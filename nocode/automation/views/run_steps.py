"""One step of an execution: what came in, what went out, and in which turns of its loop it failed."""

from dataclasses import dataclass
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from nocode.automation import queries, turns
from nocode.automation.engine.reopen import open_failures
from nocode.automation.models import StepRun, WorkflowExecution
from nocode.automation.turns import Turns
from nocode.automation.views.diagrams import (
    kind_icon,
    kind_label,
    label_of,
    loops_in,
    port_labels,
    turned_away,
    turns_failed,
)
from nocode.foundation.htmx import render_part
from nocode.foundation.pages import fragment, page_context, visible_object

VIEW = "automation.view_workflowexecution"


@dataclass(frozen=True)
class Choice:
    """The turns of a step to choose from, and the one that is shown: 0 is the loop itself."""

    turn: int
    counted: Turns
    failed: list[int]
    has_whole: bool

    @property
    def failed_note(self) -> str:
        return turns_failed(self.counted)

    @property
    def before(self) -> int | None:
        return self.turn - 1 if self.turn > 1 else None

    @property
    def after(self) -> int | None:
        return self.turn + 1 if self.turn < self.counted.last else None


@require_GET
@fragment(VIEW)
def execution_step(request: HttpRequest, pk: UUID, key: str) -> HttpResponse:
    """One step: what came in, its settings with the values filled in, what came out, its attempts and log."""
    execution = visible_object(request, queries.with_values(queries.executions_to_show(request.user)), pk=pk)
    node = _node(execution, key)
    choice = _choice(request, execution, key)
    turn = choice.turn if choice else 0
    last = queries.last_attempt(execution, key, turn)
    context = {
        "execution": execution,
        "node": node,
        "icon": kind_icon(node["kind"]),
        "kind_label": kind_label(node["kind"]),
        "choice": choice,
        "turn": turn,
        "is_turn": turn > 0 and choice.has_whole,
        "attempts": queries.attempts_of(execution, key, turn),
        "last": last,
        "left_through": _left_through(node, last) if last else "",
        "detours": _detours(execution, key) if execution.is_finished and not last else [],
        "inputs": _inputs(execution, key, turn),
        "log": queries.log_of(execution, node_key=key),
        "record_url": _record_url(node["kind"], last) if last else "",
        "retry_url": _retry_url(execution, last) if last and _may_retry(request, execution, last) else "",
    }
    if not request.htmx:
        context = page_context(request, node["label"], **context)
    return render_part(request, "automation/execution_step.html", "automation/_execution_step.html", context)


def _choice(request: HttpRequest, execution: WorkflowExecution, key: str) -> Choice | None:
    """The turn that was asked for; else, inside a loop, the first that failed or the last there was."""
    loops = loops_in(execution.version.graph)
    counted = turns.counted(execution, [key]).get(key) if key in loops else None
    if counted is None:
        return None
    failed = turns.failed(execution, key) if counted.failed else []
    has_whole = loops[key] == key
    asked = request.GET.get("turn", "")
    number = int(asked) if asked.isdecimal() and len(asked) < 10 else None
    if number is None or number > counted.last or (number == 0 and not has_whole):
        number = 0 if has_whole else (failed or [counted.last])[0]
    return Choice(number, counted, failed, has_whole)


def _inputs(execution: WorkflowExecution, key: str, turn: int) -> list[dict]:
    """What came in: outputs of the steps before, or the item of the turn where its loop is what came before."""
    graph = execution.version.graph
    loop = loops_in(graph).get(key, "") if turn else ""
    if loop == key:
        return _item(execution, loop, turn)
    found = []
    for step in queries.inputs_of(execution, key, turn):
        if step.node_key == loop:
            found += _item(execution, loop, turn)
        else:
            shown = {"text": step.shown_output, "size": step.size_output}
            found.append({"step": step, "label": label_of(graph, step.node_key), **shown})
    return found


def _item(execution: WorkflowExecution, loop: str, turn: int) -> list[dict]:
    row = turns.item_of(execution, loop, turn)
    shown = {"text": row.shown_item, "size": row.size_item, "is_item": True} if row else {}
    return [{"step": row, "label": label_of(execution.version.graph, loop), **shown}] if row else []


def _left_through(node: dict, step: StepRun) -> str:
    """The outputs a step left through, by name, where there was a choice."""
    labels = port_labels(node["kind"], node.get("config") or {})
    had_choice = len(labels.keys() - {"error"}) > 1 or "error" in step.ports
    return ", ".join(str(labels.get(port, port)) for port in step.ports) if had_choice else ""


def _detours(execution: WorkflowExecution, key: str) -> list[dict]:
    """The steps from which the way could have led to this one, and where it went instead."""
    runs = {step.node_key: step for step in queries.steps_of(execution)}
    graph = execution.version.graph
    return [
        {"label": label_of(graph, each), "left_through": _left_through(_node(execution, each), runs[each])}
        for each in turned_away(graph, key, {key: run.ports for key, run in runs.items()})
    ]


def _may_retry(request: HttpRequest, execution: WorkflowExecution, last: StepRun) -> bool:
    may = execution.status == WorkflowExecution.Status.FAILED and last.status == StepRun.Status.FAILED
    if not may or not request.user.has_perm("automation.run_workflowexecution", execution):
        return False
    return open_failures(execution, last.node_key).filter(pk=last.pk).exists()


def _retry_url(execution: WorkflowExecution, last: StepRun) -> str:
    url = reverse("admin:execution_retry_step", args=[execution.pk, last.node_key])
    return f"{url}?turn={last.iteration}" if last.iteration else url


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
