"""Beside the settings of a step: values to choose from, what an expression gives, what the step would do."""

import json
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from nocode.automation.engine.attempt import Attempt
from nocode.automation.engine.expressions import ExpressionError
from nocode.automation.models import Node
from nocode.automation.nodes import Effect, node_types
from nocode.automation.services import rehearsals
from nocode.foundation.errors import NoCodeError
from nocode.foundation.json_text import read_json
from nocode.foundation.pages import fragment, visible_object

VIEW, CHANGE, RUN = "automation.view_node", "automation.change_node", "automation.run_node"
DEEPEST, WIDEST, LONGEST = 6, 60, 80  # of the values that are offered
SHOWN = 20_000  # characters of a result
MOST_TYPED = 20_000


@require_GET
@fragment(VIEW)
def step_values(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What expressions of the step can read, with a glimpse of each value."""
    stage = rehearsals.Stage(_node(request, pk, VIEW))
    return JsonResponse({"values": _glimpse(stage.values)})


@require_POST
@fragment(CHANGE)
def step_preview(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What a text with expressions gives."""
    text = request.POST.get("text", "")
    if len(text) > MOST_TYPED:
        return JsonResponse({"error": _("This is too long to be tried while you type.")})
    sandbox = rehearsals.Stage(_node(request, pk, CHANGE)).progress().sandbox
    try:
        value = sandbox.resolve(text)
    except ExpressionError as error:
        return JsonResponse({"error": error.message})
    shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return JsonResponse({"value": shown[:500], "is_text": isinstance(value, str)})


@require_POST
@fragment(RUN)
def step_try(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Do what the step does, and show it; what it writes to our database is taken back."""
    node = _node(request, pk, RUN)
    try:
        attempt, refusal = rehearsals.rehearse(node), ""
    except NoCodeError as error:
        attempt, refusal = None, error.message
    return _trial(request, node, attempt, refusal=refusal)


@require_POST
@fragment(CHANGE)
def step_pin(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Keep a value as what the step gives when others are tried; an empty text forgets it."""
    node = _node(request, pk, CHANGE)
    text = request.POST.get("pinned", "").strip()
    try:
        value = read_json(text) if text else None
    except ValidationError as error:
        return _trial(request, node, typed=text, refusal=" ".join(error.messages))
    rehearsals.pin(node, value)
    return _trial(request, node)


def trial_context(request: HttpRequest, node: Node, attempt: Attempt | None = None) -> dict[str, Any]:
    """What `_trial.html` needs; after a try, with how it ended."""
    gave = attempt.output if attempt and not attempt.row.error else node.pinned
    text = "" if gave is None else json.dumps(gave, ensure_ascii=False, indent=2, default=str)
    kind = node_types.find(node.kind)
    return {
        "node": node,
        "attempt": attempt,
        "output": text[:SHOWN],
        "typed": text if len(text) <= rehearsals.LARGEST else "",
        "calls_outside": kind is not None and kind.effect is Effect.OUTSIDE,
        "may_change": request.user.has_perm(CHANGE, node),
        "may_run": request.user.has_perm(RUN, node),
    }


def _trial(request: HttpRequest, node: Node, attempt: Attempt | None = None, **more: Any) -> HttpResponse:
    return render(request, "automation/_trial.html", {**trial_context(request, node, attempt), **more})


def _node(request: HttpRequest, pk: UUID, permission: str) -> Node:
    nodes = Node.objects.select_related("workflow__project", "workflow__organization")
    return visible_object(request, nodes, permission, pk=pk)


def _glimpse(value: Any, depth: int = 0) -> Any:
    """A value small enough to choose from: few keys, short texts, of a list its first entry."""
    if isinstance(value, dict):
        return {key: _glimpse(each, depth + 1) for key, each in [*value.items()][:WIDEST]} if depth < DEEPEST else {}
    if isinstance(value, list):
        return [_glimpse(each, depth + 1) for each in value[:1]] if depth < DEEPEST else []
    return f"{value[:LONGEST]}…" if isinstance(value, str) and len(value) > LONGEST else value
