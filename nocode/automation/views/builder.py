"""Edit the draft of a workflow: add, change, connect, move and delete its steps."""

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from nocode.automation.forms import ConnectionForm, PlaceForm, StepForm, conditions_of, output_choices, plain_data
from nocode.automation.models import Edge, Node, Workflow
from nocode.automation.nodes import node_types
from nocode.automation.nodes.base import by_family
from nocode.automation.services import drafts, workflows
from nocode.automation.views.answers import back
from nocode.automation.views.rehearsals import trial_context
from nocode.foundation.admin.forms import dress
from nocode.foundation.pages import page, page_context, refuse, tell, visible_object

CHANGE = "automation.change_workflow"
OFTEN = ("set", "http.request", "if", "code", "record.find", "record.upsert", "loop", "email.send")  # first on the page


def workflow_url(workflow: Workflow, anchor: str = "") -> str:
    return reverse("admin:automation_workflow_change", args=[workflow.pk]) + anchor


def workflow_named_in(request: HttpRequest) -> Workflow:
    """The workflow in the address (`?workflow=`), which the person may change."""
    try:
        return visible_object(request, Workflow.objects.select_related("project"), CHANGE, pk=request.GET["workflow"])
    except (KeyError, ValidationError):  # no id, or none that could be one
        raise Http404 from None


# --- One step ---------------------------------------------------------------------------------------------------


def step_add(request: HttpRequest) -> HttpResponse:
    """First the type of the new step (`?kind=`), then its settings."""
    workflow = workflow_named_in(request)
    kind = request.GET.get("kind", "")
    if kind not in node_types:
        often = [node_types[each] for each in OFTEN if each in node_types]
        query = request.GET.copy()
        query.pop("kind", None)
        rest = {"often": often, "query": query.urlencode()}
        context = page_context(request, _("Add a step"), workflow=workflow, families=by_family(), **rest)
        return render(request, "automation/step_kinds.html", context)
    node = Node(workflow=workflow, kind=kind, label=str(node_types[kind].label))
    return _step_page(request, node, title=_("Add a step"))


def step_change(request: HttpRequest, node: Node) -> HttpResponse:
    """The settings of a step."""
    return _step_page(request, node, title=node.label)


def _step_page(request: HttpRequest, node: Node, title: str) -> HttpResponse:
    may_change = request.user.has_perm(CHANGE, node.workflow)
    if request.method == "POST" and not may_change:
        raise PermissionDenied
    forms = step_forms(node, request.POST or None, where=request.GET)
    if request.method == "POST" and all([form.is_valid() for form in forms.values()]):
        return _save_step(request, node, forms)
    trial = {} if node._state.adding else trial_context(request, node)
    context = page_context(
        request,
        title,
        workflow=node.workflow,
        type=node_types.find(node.kind),
        problems=[] if node._state.adding or node.kind not in node_types else _problems(node),
        earlier=_earlier(request, node),
        conditions=conditions_of(forms.get("config")),
        **{"node": node, **trial, "may_change": may_change},
        **{f"{name}_form": dress(form) for name, form in forms.items()},
    )
    return render(request, "automation/_step_panel.html" if request.htmx else "automation/step.html", context)


def _earlier(request: HttpRequest, node: Node) -> list[Node]:
    """The steps whose outputs this one can read; a new one those up to where it was asked for, else any."""
    if not node._state.adding:
        return drafts.steps_before(node)
    steps = {str(each.pk): each for each in node.workflow.nodes.order_by("created_at")}
    after = steps.get(request.GET.get("after", ""))
    return [*drafts.steps_before(after), after] if after else list(steps.values())


def _problems(node: Node) -> list:
    return workflows.check_node(node)


def step_forms(node: Node, data: Any = None, *, where: Any = None) -> dict[str, Any]:
    """The forms of a step, by name; a new one is also asked for its place (`where`: `after` and `port`)."""
    forms: dict[str, Any] = {"step": StepForm(data, instance=node)}
    if node.kind in node_types:
        options = {"data": data, "prefix": "config", "initial": node.config}
        forms["config"] = node_types[node.kind].form(node.workflow, **options)
    if node._state.adding:
        after = f"{where.get('after', '')} {where.get('port', 'main')}".strip()
        outputs = output_choices(node.workflow)
        forms["place"] = PlaceForm(data, prefix="place", outputs=outputs, initial={"after": after})
    return forms


def _save_step(request: HttpRequest, node: Node, forms: dict[str, Any]) -> HttpResponse:
    node = forms["step"].save(commit=False)
    if "config" in forms:
        node.config = plain_data(forms["config"])
    if "place" in forms:
        after, _space, port = forms["place"].cleaned_data["after"].partition(" ")
        before = node.workflow.nodes.get(pk=after) if after else None
        options = {"after": before, "port": port, "insert": forms["place"].cleaned_data["insert"], "user": request.user}
        tell(request, drafts.add_step, node, **options, done=_("“%s” was added.") % node.label)
    else:
        tell(request, drafts.save_step, node, user=request.user, done=_("“%s” was saved.") % node.label)
    return back(request, workflow_url(node.workflow, f"#step-{node.key}"))


# --- What buttons do: each a POST ---------------------------------------------------------------------------------


def _node(request: HttpRequest, pk: Any) -> Node:
    node = visible_object(request, Node.objects.select_related("workflow"), pk=pk)
    if not request.user.has_perm(CHANGE, node.workflow):
        raise PermissionDenied
    return node


@require_POST
@page(CHANGE)
def step_delete(request: HttpRequest, pk: Any) -> HttpResponse:
    """Delete a step; a straight way through it is closed again."""
    node = _node(request, pk)
    tell(request, drafts.delete_step, node, user=request.user, done=_("“%s” was deleted.") % node.label)
    return back(request, workflow_url(node.workflow, "#steps"))


@require_POST
@page(CHANGE)
def step_duplicate(request: HttpRequest, pk: Any) -> HttpResponse:
    """Copy a step."""
    node = _node(request, pk)
    copy = tell(
        request,
        drafts.duplicate_step,
        node,
        user=request.user,
        done=_("“%s” was copied; connect the copy.") % node.label,
    )
    return back(request, workflow_url(node.workflow, f"#step-{copy.key}" if copy else "#steps"))


@require_POST
@page(CHANGE)
def step_earlier(request: HttpRequest, pk: Any) -> HttpResponse:
    """Swap a step with the one before it."""
    node = _node(request, pk)
    tell(request, drafts.move_earlier, node, user=request.user, done=_("“%s” comes one step earlier now.") % node.label)
    return back(request, workflow_url(node.workflow, f"#step-{node.key}"))


@require_POST
@page(CHANGE)
def connection_add(request: HttpRequest, pk: Any) -> HttpResponse:
    """Connect an output to a step."""
    workflow = visible_object(request, Workflow.objects, CHANGE, pk=pk)
    steps = [(str(node.pk), node.label) for node in workflow.nodes.all()]
    form = ConnectionForm(request.POST, outputs=output_choices(workflow), steps=steps)
    if form.is_valid():
        source, _space, port = form.cleaned_data["source"].partition(" ")
        ends = workflow.nodes.select_related("workflow").in_bulk([source, form.cleaned_data["target"]], field_name="pk")
        nodes = {str(key): node for key, node in ends.items()}
        target = nodes[form.cleaned_data["target"]]
        tell(
            request, drafts.connect, nodes[source], port, target, user=request.user, done=_("The steps are connected.")
        )
    else:
        refuse(request, _("These steps cannot be connected: the draft was changed meanwhile."))
    return back(request, workflow_url(workflow, "#connections"))


@require_POST
@page(CHANGE)
def connection_delete(request: HttpRequest, pk: Any) -> HttpResponse:
    """Remove a connection."""
    edge = visible_object(request, Edge.objects.select_related("workflow"), pk=pk)
    if not request.user.has_perm(CHANGE, edge.workflow):
        raise PermissionDenied
    tell(request, drafts.disconnect, edge, user=request.user, done=_("The connection was removed."))
    return back(request, workflow_url(edge.workflow, "#steps"))
