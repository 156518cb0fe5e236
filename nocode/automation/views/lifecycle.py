"""Publish a workflow, pause and resume it, put it away, and run it by hand."""

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from nocode.automation.comparison import compare
from nocode.automation.forms import PublishForm, RunForm
from nocode.automation.models import Trigger, Workflow
from nocode.automation.nodes.questions import as_input
from nocode.automation.services import executions, workflows
from nocode.automation.triggers import InvalidTrigger, settings_of
from nocode.automation.triggers.manual import input_form
from nocode.automation.views.answers import back
from nocode.automation.views.builder import workflow_url
from nocode.automation.views.diagrams import changes_diagram
from nocode.automation.views.workflow import problems_to_show
from nocode.foundation.admin.forms import dress
from nocode.foundation.pages import page, page_context, tell, visible_object

RUN, PUBLISH = "automation.run_workflow", "automation.publish_workflow"


@page(PUBLISH)
def workflow_publish(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What would be published, compared with what runs now; POST publishes it."""
    workflow = _workflow(request, pk, PUBLISH)
    form = PublishForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        note = form.cleaned_data["note"]
        tell(request, workflows.publish, workflow, request.user, note=note, done=_("The draft is published."))
        return redirect(workflow_url(workflow))
    running = workflow.published_version
    before, draft = running.graph if running else None, workflows.draft_graph(workflow)
    context = page_context(
        request,
        _("Publish “%s”") % workflow.name,
        workflow=workflow,
        form=dress(form),
        problems=problems_to_show(workflow),
        running=running,
        changes=compare(before, draft),
        diagram=changes_diagram(before, draft),
    )
    return render(request, "automation/publish.html", context)


@require_POST
@page(PUBLISH)
def workflow_pause(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Accept no triggers for now."""
    return _move(request, pk, workflows.pause, _("The workflow is paused; executions under way go on."))


@require_POST
@page(PUBLISH)
def workflow_resume(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Accept triggers again."""
    return _move(request, pk, workflows.resume, _("The workflow is active again."))


@require_POST
@page(PUBLISH)
def workflow_archive(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Put the workflow away."""
    return _move(request, pk, workflows.archive, _("The workflow is archived."))


def _move(request: HttpRequest, pk: UUID, service: Any, done: str) -> HttpResponse:
    workflow = _workflow(request, pk, PUBLISH)
    tell(request, service, workflow, done=done)
    return back(request, workflow_url(workflow))


@page(RUN)
def workflow_run(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask for the input, start, and show the execution."""
    workflow = _workflow(request, pk, RUN)
    asking = workflow.triggers.filter(kind__in=[Trigger.Kind.MANUAL, Trigger.Kind.FORM], is_active=True)
    trigger = asking.order_by("-kind", "pk").first()  # the one made for this button first
    data = request.POST if request.method == "POST" else None
    form = _input_form(trigger)(data, initial={"input": _sample_input(workflow)})
    if request.method == "POST" and form.is_valid():
        given = _json_input(form) if isinstance(form, RunForm) else as_input(form.cleaned_data)
        options = {"trigger": trigger, "input": given, "user": request.user}
        started = tell(request, executions.start, workflow, **options, done=_("The execution was started."))
        return redirect("admin:execution_detail", started.pk) if started else redirect(workflow_url(workflow))
    context = page_context(request, _("Run “%s”") % workflow.name, workflow=workflow, form=dress(form))
    return render(request, "automation/run.html", context)


def _input_form(trigger: Trigger | None) -> type[forms.Form]:
    """The questions of the trigger; without any, JSON."""
    asked = settings_of(trigger) if trigger else {}
    return input_form(asked) if asked.get("fields_asked") else RunForm


def _sample_input(workflow: Workflow) -> dict[str, Any]:
    """What the workflow's webhook brings, so that steps that read it can be tried."""
    webhook = workflow.triggers.filter(kind=Trigger.Kind.WEBHOOK, is_active=True).order_by("pk").first()
    try:
        return {"body": settings_of(webhook)["sample"]} if webhook else {}
    except InvalidTrigger:  # its own page says what is wrong with it
        return {}


def _json_input(form: RunForm) -> Any:
    given = form.cleaned_data["input"]
    return {} if given is None else given


def _workflow(request: HttpRequest, pk: UUID, permission: str) -> Workflow:
    workflows_of_page = Workflow.objects.select_related("project", "published_version")
    return visible_object(request, workflows_of_page, permission, pk=pk)
