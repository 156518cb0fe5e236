"""What the pages read. Large JSON values are cut and laid out by PostgreSQL: only what is shown leaves it."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Expression, F, Func, IntegerField, OuterRef, Q, QuerySet, TextField, Value
from django.db.models.expressions import RawSQL
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Cast, Coalesce, Left, Length

from nocode.automation.models import ExecutionLog, StepRun, WebhookDelivery, Workflow, WorkflowExecution
from nocode.foundation.models import User
from nocode.foundation.permissions import roles_of, rows_of
from nocode.foundation.words import ids_by_word

LIVE_ROWS = 25
LIVE_COLUMNS = [
    "status",
    "workflow_name",
    "trigger_kind",
    "created_at",
    "updated_at",
    "started_at",
    "completed_at",
    "idle",
    "triggered_by__name",
    "triggered_by__email",
    "trigger__name",
    "parent__workflow_name",
]
LARGE = ["input", "output", "response"]
SHOWN_CHARACTERS = 50_000
SHOWN_LOG_LINES = 200
SHOWN_LOG_CHARACTERS = 2000
RECENT = 10
SHOWN_CALLS = 20

# Up to the first of the runs that repeat one another, then down from it to all; a bounded number of each.
_CHAIN = """
WITH RECURSIVE up AS (
    SELECT id, retry_of_id, 1 AS place FROM automation_workflowexecution WHERE id = %s
    UNION ALL
    SELECT before.id, before.retry_of_id, place + 1
    FROM automation_workflowexecution AS before JOIN up ON before.id = up.retry_of_id WHERE place < 50
), down AS (
    (SELECT id, 1 AS place FROM up ORDER BY up.place DESC LIMIT 1)
    UNION ALL
    SELECT again.id, place + 1
    FROM automation_workflowexecution AS again JOIN down ON again.retry_of_id = down.id WHERE place < 50
)
SELECT id FROM down LIMIT 50
"""

_HEX_DIGITS = set("0123456789abcdef")


class PrettyJson(Func):
    """The JSON as indented text."""

    function = "jsonb_pretty"
    output_field = TextField()


def shown(value: str | Expression) -> Left:
    """As much of a JSON column as a page shows, indented."""
    return Left(PrettyJson(value), SHOWN_CHARACTERS)


def size(value: str | Expression) -> Length:
    """Characters of the whole indented JSON."""
    return Length(PrettyJson(value))


def text_of(rows: QuerySet, field: str) -> str:
    """The whole of a JSON column of one row as indented text, as PostgreSQL writes it. Raises DoesNotExist."""
    return rows.values_list(Coalesce(PrettyJson(field), Value("null"), output_field=TextField()), flat=True).get()


class StepsDone(Func):
    """How many steps of the version have done their work, one look per step: of a loop, its first turn is enough."""

    template = """(
        SELECT count(*) FROM jsonb_array_elements(automation_workflowversion.graph -> 'nodes') AS node
        WHERE EXISTS (
            SELECT FROM automation_steprun AS step
            WHERE step.execution_id = automation_workflowexecution.id AND step.node_key = node ->> 'key'
              AND step.iteration <= 1 AND step.status = 'completed' OFFSET 0))"""  # OFFSET keeps it a look
    output_field = IntegerField()


# --- Live list --------------------------------------------------------------------------------------------------------
def live_executions(user, *, status: str = "", workflow: UUID | None = None, text: str = "") -> QuerySet:
    """The newest executions the user may see, with their progress, in one query."""
    rows = rows_of(user, WorkflowExecution.objects.all())
    if status:
        rows = rows.filter(status=status)
    if workflow:
        rows = rows.filter(workflow=workflow)
    if text:
        rows = rows.filter(_has_text(text.strip()))
    nodes = Func(KeyTransform("nodes", "version__graph"), function="jsonb_array_length", output_field=IntegerField())
    return (
        rows.select_related("triggered_by", "trigger", "parent")
        .only(*LIVE_COLUMNS)
        .annotate(steps_done=StepsDone(), steps_total=nodes, short_error=Left("error_message", 200))
        .order_by("-pk")[:LIVE_ROWS]
    )


def _has_text(text: str) -> Q:
    """The beginning of an id (found through the index), or words of the error."""
    digits = text.lower().replace("-", "")
    if 4 <= len(digits) <= 32 and set(digits) <= _HEX_DIGITS:
        return Q(pk__range=(UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))))
    return _failed_with(text)


def _failed_with(text: str) -> Q:
    """Executions whose error contains a text; only those that ended badly have one, and they have an index."""
    return Q(status__in=WorkflowExecution.ENDED_BADLY, error_message__icontains=text)


# --- Archive ----------------------------------------------------------------------------------------------------------
def search(user: User, executions: QuerySet, words: Iterable[str]) -> QuerySet:
    """Executions whose workflow, or whose error, contains every word."""
    for word, workflows in _once_named(user, list(words)).items():
        of_workflow = Q(Q(workflow__in=workflows) | Q(workflow=None), workflow_name__icontains=word)
        executions = executions.filter(of_workflow | _failed_with(word))
    return executions


def _once_named(user: User, words: list[str]) -> dict[str, list[UUID]]:
    """The workflows that ever had a name with each word: an execution keeps the name its workflow had then."""
    history = Workflow.history.all()
    if not user.is_superuser:
        history = history.filter(organization__in=list(roles_of(user)))
    return ids_by_word(history, words, ["name"], key="id")


# --- One execution ----------------------------------------------------------------------------------------------------
def executions_to_show(user) -> QuerySet:
    """Executions with their version, workflow, retries and file, without their large values.

    The engine touches `updated_at` with whatever it writes about an execution, its steps and its log.
    """
    retries = WorkflowExecution.objects.filter(retry_of=OuterRef("pk")).order_by("pk").values("pk")
    called = WorkflowExecution.objects.filter(parent=OuterRef("pk")).order_by("-pk").values("pk")
    return (
        WorkflowExecution.objects.visible_to(user)
        .select_related("version", "workflow", "triggered_by", "trigger", "parent", "export")
        .without_values()
        .defer("export__content", *(f"parent__{name}" for name in LARGE))
        .annotate(retry_ids=ArraySubquery(retries), called_ids=ArraySubquery(called[:SHOWN_CALLS]))
    )


def family_of(execution: WorkflowExecution) -> dict[str, Any]:
    """The execution that called this one, and the newest of those it called; nothing is asked where there are none."""
    ids = [*execution.called_ids, *filter(None, [execution.parent_id])]
    rows = WorkflowExecution.objects.only("status", "workflow_name", "parent_node").in_bulk(ids) if ids else {}
    called = [rows[pk] for pk in execution.called_ids if pk in rows]
    return {"caller": rows.get(execution.parent_id), "called": called}


def chain_of(execution: WorkflowExecution) -> list[WorkflowExecution]:
    """The runs that repeat one another, this one among them, in the order they were started; none when it is alone."""
    if not (execution.retry_of_id or execution.retry_ids):
        return []
    rows = WorkflowExecution.objects.filter(pk__in=RawSQL(_CHAIN, [execution.pk]))  # noqa: S611 (a constant)
    rows = rows.only(
        "status", "workflow_name", "created_at", "started_at", "completed_at", "idle", "version__number", "triggered_by"
    )
    return list(rows.select_related("version", "triggered_by").order_by("pk"))


def runs_beside(execution: WorkflowExecution, user: User) -> list[WorkflowExecution]:
    """The newest other runs of the same workflow, those around this one first."""
    rows = rows_of(user, WorkflowExecution.objects.filter(workflow=execution.workflow_id, workflow__isnull=False))
    rows = rows.select_related("version", "triggered_by").without_values().defer("version__graph")
    before = rows.filter(pk__lt=execution.pk).order_by("-pk")[:RECENT]
    after = rows.filter(pk__gt=execution.pk).order_by("pk")[:RECENT]
    return [*reversed(after), *before]


def steps_of(execution: WorkflowExecution) -> list[StepRun]:
    """The step runs in order of time, without their values; the turns of loops are counted apart (see `turns`)."""
    return list(execution.steps.filter(iteration=0).defer("settings", "output").order_by("started_at", "pk"))


def log_of(execution: WorkflowExecution, **lookup) -> list[ExecutionLog]:
    """The newest log lines, oldest first, cut to what is shown."""
    lines = (
        execution.logs.filter(**lookup)
        .defer("message", "details")
        .annotate(
            shown_message=Left("message", SHOWN_LOG_CHARACTERS),
            shown_details=Left(Cast("details", TextField()), SHOWN_LOG_CHARACTERS),
        )
    )
    return list(lines.order_by("-pk")[:SHOWN_LOG_LINES])[::-1]


def attempts_of(execution: WorkflowExecution, node_key: str, turn: int = 0) -> list[StepRun]:
    """The attempts at one step in one turn of the loop around it, newest first, without their values."""
    attempts = execution.steps.filter(node_key=node_key, iteration=turn).defer("settings", "output")
    return list(attempts.order_by("-pk")[:RECENT])


def last_attempt(execution: WorkflowExecution, node_key: str, turn: int = 0) -> StepRun | None:
    """The newest attempt at one step in one turn of the loop around it, its values cut to what is shown."""
    attempts = execution.steps.filter(node_key=node_key, iteration=turn).defer("settings", "output")
    return (
        attempts.annotate(
            shown_settings=shown("settings"),
            size_settings=size("settings"),
            shown_output=shown("output"),
            size_output=size("output"),
            written_table=KeyTextTransform("_table", "output"),
            written_row=KeyTextTransform("id", "output"),
        )
        .order_by("-pk")
        .first()
    )


def inputs_of(execution: WorkflowExecution, node_key: str, turn: int = 0) -> list[StepRun]:
    """The last finished run of each step that leads into this one in a turn, its output cut to what is shown."""
    graph = execution.version.graph
    before = {edge["source"] for edge in graph["edges"] if edge["target"] == node_key}
    if not before:
        return []
    return list(
        execution.steps.filter(node_key__in=before, iteration=turn, finished_at__isnull=False)
        .defer("settings", "output")
        .annotate(shown_output=shown("output"), size_output=size("output"))
        .order_by("node_key", "-pk")
        .distinct("node_key")
    )


def with_values(executions: QuerySet) -> QuerySet:
    """Adds an execution's input and output as text, cut to what is shown."""
    return executions.annotate(
        shown_input=shown("input"), size_input=size("input"), shown_output=shown("output"), size_output=size("output")
    )


# --- Workflow and trigger pages ---------------------------------------------------------------------------------------
def recent_executions(workflow: Workflow) -> QuerySet:
    """The last few runs of a workflow."""
    return (
        workflow.executions.select_related("triggered_by", "version")
        .without_values()
        .defer("version__graph")
        .order_by("-pk")[:RECENT]
    )


def recent_deliveries(trigger) -> list[WebhookDelivery]:
    """The last calls of a webhook, each with the execution it started (None while that is not recorded yet)."""
    deliveries = list(
        trigger.deliveries.annotate(
            body_size=Func(F("body"), function="octet_length", output_field=IntegerField())
        ).defer("body", "headers")[:RECENT]
    )
    executions = WorkflowExecution.objects.only("status").in_bulk([each.execution_id for each in deliveries])
    for delivery in deliveries:
        delivery.execution = executions.get(delivery.execution_id)
    return deliveries
