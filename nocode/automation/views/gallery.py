"""Workflows to begin with: the gallery, and the page of one of them."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from nocode.automation import gallery
from nocode.automation.integrations.base import integration_types
from nocode.automation.triggers import trigger_types
from nocode.automation.views.builder import workflow_url
from nocode.automation.views.diagrams import diagram
from nocode.automation.views.places import Place, chosen_place, places
from nocode.foundation.errors import NoCodeError
from nocode.foundation.pages import page, page_context
from nocode.foundation.registry import UnknownKind

ADD = "automation.add_workflow"


@require_GET
@page(ADD)
def workflow_templates(request: HttpRequest) -> HttpResponse:
    """All of them, or those that the words in `?q=` are about."""
    words = request.GET.get("q", "").strip()[:200]
    found = [each for each in gallery.TEMPLATES if each.says(words)]
    context = page_context(
        request,
        _("Start from a template"),
        cards=[{"template": each, "drawing": _drawing(each), "triggers": _triggers(each)} for each in found],
        words=words,
    )
    return render(request, "automation/workflow_templates.html", context)


@require_http_methods(["GET", "POST"])
@page(ADD)
def workflow_template(request: HttpRequest, key: str) -> HttpResponse:
    """One template with what it needs; POST makes a draft of it."""
    try:
        chosen = gallery.template(key)
    except UnknownKind as error:
        raise Http404 from error
    failure = ""
    if request.method == "POST":
        try:
            return redirect(workflow_url(_make(request, chosen)))
        except NoCodeError as refusal:
            failure = refusal.message
    context = page_context(
        request,
        chosen.name,
        template=chosen,
        diagram=diagram(chosen.graph, lambda step: f"#step-{step}"),
        triggers=_triggers(chosen),
        needed=_needed(chosen),
        places=places(request),
        place=request.POST.get("place", ""),
        name=request.POST.get("name", str(chosen.name)),
        error=failure,
    )
    return render(request, "automation/workflow_template.html", context, status=422 if failure else 200)


def _make(request: HttpRequest, chosen: gallery.Template) -> Any:
    place: Place = chosen_place(request)
    if chosen.tables and place.project is not None and not place.may_make_tables(request.user):
        raise NoCodeError(_("You may not add tables to this project; choose another one."))
    if chosen.tables and place.project is None and not request.user.has_perm("studio.add_project"):
        raise NoCodeError(_("You may not make a project; choose one."))
    return gallery.make(
        chosen, place.organization, project=place.project, name=request.POST.get("name", "").strip(), user=request.user
    )


def _drawing(template: gallery.Template) -> dict[str, Any]:
    return diagram(template.graph, lambda step: "")


def _triggers(template: gallery.Template) -> list[Any]:
    return [trigger_types[kind] for kind in template.triggers]


def _needed(template: gallery.Template) -> list[dict[str, Any]]:
    """The integrations it uses, with the words for their types."""
    return [
        {"name": each["name"], "type": found.label if (found := integration_types.find(each["type"])) else each["type"]}
        for each in template.integrations
    ]
