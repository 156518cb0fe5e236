"""The builder: the canvas on which a workflow is drawn, and the one address all its changes are sent to."""

import json
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from nocode.automation.drawing.canvas import Canvas, Card, draw_canvas
from nocode.automation.engine.graph import Problem
from nocode.automation.errors import InvalidDraft
from nocode.automation.models import Workflow
from nocode.automation.nodes import node_types
from nocode.automation.nodes.base import by_family
from nocode.automation.services import drafts, workflows
from nocode.automation.views.acts import told
from nocode.automation.views.diagrams import kind_icon, kind_label
from nocode.automation.views.panel import typed_operations
from nocode.foundation.json_text import read_json
from nocode.foundation.pages import page, page_context, visible_object

VIEW, CHANGE = "automation.view_workflow", "automation.change_workflow"
PLACES_ONLY = {"move", "arrange"}  # operations that make nothing right or wrong


@require_GET
@page(VIEW)
def workflow_builder(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The canvas of a workflow."""
    workflow = _workflow(request, pk, VIEW)
    draft = drafts.Draft(workflow)
    problems = workflows.validate(workflow) if draft.nodes else []
    may = {
        name: request.user.has_perm(f"automation.{name}_workflow", workflow) for name in ("change", "publish", "run")
    }
    context = page_context(
        request,
        workflow.name,
        workflow=workflow,
        revision=drafts.revision_of(workflow),
        families=by_family(),
        problems=_listed(draft, problems),
        marks=json.dumps(_marks(problems)),
        steps=len(draft.nodes),
        may=may,
        triggers=workflow.triggers.filter(is_active=True),
        is_changed=bool(draft.nodes) and workflows.has_unpublished_changes(workflow),
        **_parts(draft, problems, may["change"]),
    )
    return render(request, "automation/builder.html", context)


@require_http_methods(["GET", "POST"])
@page(VIEW)
def workflow_draft(request: HttpRequest, pk: UUID) -> JsonResponse:
    """GET: the whole draft, drawn. POST `{"revision": n, "ops": […]}`: change it.

    Answers 409 when somebody else changed it meanwhile, with what they did, and 400 for an operation that is not
    possible, with why.
    """
    workflow = _workflow(request, pk, VIEW if request.method == "GET" else CHANGE)
    if request.method == "GET":
        return JsonResponse(_whole(request, workflow))
    try:
        asked = _read(request)
        ops, mistakes = typed_operations(workflow, asked["ops"])
        applied = drafts.apply(workflow, ops, user=request.user, revision=asked["revision"], on_canvas=True)
    except drafts.DraftConflict as conflict:
        changes = [told(change) for change in conflict.changes]
        return JsonResponse({"revision": conflict.revision, "changes": changes}, status=409)
    except InvalidDraft as problem:
        return JsonResponse({"error": problem.message}, status=400)
    return JsonResponse({**_answer(workflow, applied, {each["op"] for each in ops}), "mistakes": mistakes})


def _read(request: HttpRequest) -> dict[str, Any]:
    try:
        asked = read_json(request.body.decode())
    except (ValidationError, UnicodeDecodeError):
        raise InvalidDraft(_("This is not JSON.")) from None
    if (
        not isinstance(asked, dict)
        or not isinstance(asked.get("revision"), int)
        or not isinstance(asked.get("ops"), list)
    ):
        raise InvalidDraft(_("Send the “revision” you saw, a number, and “ops”, a list of operations."))
    return asked


def _workflow(request: HttpRequest, pk: UUID, permission: str) -> Workflow:
    found = Workflow.objects.select_related("project", "published_version", "organization")
    return visible_object(request, found, permission, pk=pk)


# --- What is drawn


def _whole(request: HttpRequest, workflow: Workflow) -> dict[str, Any]:
    draft = drafts.Draft(workflow)
    problems = workflows.validate(workflow) if draft.nodes else []
    parts = _parts(draft, problems, request.user.has_perm(CHANGE, workflow))
    html = {f"card-{each['card'].key}": _card(each) for each in parts["cards"]}
    html |= {f"line-{line.id}": _line(line, parts["may_change"]) for line in parts["lines"]}
    return {"revision": drafts.revision_of(workflow), "html": html, **_told_problems(draft, problems)}


def _answer(workflow: Workflow, applied: drafts.Applied, done: set[str]) -> dict[str, Any]:
    """What changed on the canvas, as HTML by element; null for what is gone."""
    draft = applied.draft
    answer = {"revision": applied.revision, "inverse": applied.inverse, "added": applied.added}
    if done - PLACES_ONLY:
        problems = workflows.validate(Workflow.objects.select_related("project", "organization").get(pk=workflow.pk))
        answer |= _told_problems(draft, problems)
    return answer | _differences(applied)


def _differences(applied: drafts.Applied) -> dict[str, Any]:
    """The elements that are others now, and the places of steps that only moved."""
    draft, after = applied.draft, applied.draft.graph
    places = {}
    old, new = _canvas(applied.before), _canvas(after)
    known = {node["key"]: node for node in applied.before["nodes"]}
    html: dict[str, str | None] = {f"card-{key}": None for key in old.cards.keys() - new.cards.keys()}
    html |= {f"line-{key}": None for key in old.lines.keys() - new.lines.keys()}
    for node in after["nodes"]:
        key = node["key"]
        if known.get(key) == node and old.cards[key] == new.cards[key]:
            continue
        places[key] = (new.cards[key].x, new.cards[key].y)
        if key not in known or {**known[key], "x": 0, "y": 0} != {**node, "x": 0, "y": 0}:
            html[f"card-{key}"] = _card(_shown(draft, new.cards[key], set(), True))
    for key, line in new.lines.items():
        if old.lines.get(key) != line:
            html[f"line-{key}"] = _line(line, True)
    return {"html": html, "places": places}


def _parts(draft: drafts.Draft, problems: list[Problem], may_change: bool) -> dict[str, Any]:
    canvas = _canvas(draft.graph)
    troubled = {problem.node for problem in problems}
    cards = sorted(canvas.cards.values(), key=lambda card: (not card.is_note, card.x, card.y))
    return {
        "cards": [_shown(draft, card, troubled, may_change) for card in cards],
        "lines": list(canvas.lines.values()),
        "may_change": may_change,
    }


def _canvas(graph: dict) -> Canvas:
    return draw_canvas(graph, ports_of_graph)


def ports_of_graph(node: dict) -> list[tuple[str, str]]:
    """The outputs of a node of a graph."""
    known = node["kind"] in node_types
    ports = [(name, str(label)) for name, label in node_types[node["kind"]].ports(node["config"])] if known else []
    return [*ports, ("error", _("error"))] if node["on_error"] == "branch" else ports


def _shown(draft: drafts.Draft, card: Card, troubled: set[str], may_change: bool) -> dict[str, Any]:
    node = draft.nodes[card.key]
    return {
        "card": card,
        "node": node,
        "icon": kind_icon(node.kind),
        "kind_label": kind_label(node.kind),
        "copy": _copied(node),
        "troubled": card.key in troubled,
        "may_change": may_change,
    }


def _copied(node: Any) -> str:
    names = ("key", "kind", "label", "config", "on_error", "max_retries", "is_disabled")
    return json.dumps({name: getattr(node, name) for name in names}, ensure_ascii=False)


def _card(shown: dict[str, Any]) -> str:
    return render_to_string("automation/builder/_card.html", shown)


def _line(line: Any, may_change: bool) -> str:
    return render_to_string("automation/builder/_line.html", {"line": line, "may_change": may_change})


def _told_problems(draft: drafts.Draft, problems: list[Problem]) -> dict[str, Any]:
    """The problems, for the marks on the cards and for the list of them."""
    return {
        "problems": _marks(problems),
        "problem_list": render_to_string("automation/builder/_problems.html", {"problems": _listed(draft, problems)}),
    }


def _marks(problems: list[Problem]) -> list[dict[str, str]]:
    return [{"step": each.node, "field": each.field, "message": each.message} for each in problems]


def _listed(draft: drafts.Draft, problems: list[Problem]) -> list[dict[str, Any]]:
    return [{"problem": each, "node": draft.nodes.get(each.node)} for each in problems]
