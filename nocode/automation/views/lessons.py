"""The way of a first workflow, from the draft to its first execution, as steps with what is to be done next."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from nocode.automation.models import Workflow, WorkflowExecution, WorkflowImport

PATIENCE = 3  # executions after which nobody needs to be led


@dataclass
class LessonStep:
    """One step of the way."""

    label: str
    text: str
    is_done: bool
    url: str = ""
    action: str = ""
    is_next: bool = False


def first_steps(request: HttpRequest, workflow: Workflow, origin: str, problems: list[Any]) -> list[LessonStep]:
    """The steps for a workflow that came from a template, until it has run some times."""
    is_from_template = origin == WorkflowImport.Source.TEMPLATE
    if not is_from_template or not request.user.has_perm("automation.publish_workflow", workflow):
        return []
    newest = WorkflowExecution.objects.filter(workflow=workflow).order_by("-pk")
    runs = list(newest.values_list("pk", flat=True)[:PATIENCE])
    if len(runs) >= PATIENCE:
        return []
    is_published = workflow.published_version_id is not None
    steps = [
        LessonStep(_("Choose a template"), _("This draft is yours; change what you like."), True),
        LessonStep(
            _("Settle what is open"),
            _("Problems are listed below, with the step each is about.") if problems else _("Nothing is missing."),
            not problems,
            "#problems",
            _("Show the problems"),
        ),
        LessonStep(
            _("Publish it"),
            _("What is published runs; the draft is for the next change."),
            is_published,
            reverse("admin:workflow_publish", args=[workflow.pk]),
            _("Publish"),
        ),
        LessonStep(
            _("Try it"),
            _("Run it by hand; its triggers start it by themselves from now on."),
            bool(runs),
            reverse("admin:workflow_run", args=[workflow.pk]),
            _("Run it"),
        ),
        LessonStep(
            _("See the execution"),
            _("What went in and came out of each step."),
            False,
            reverse("admin:execution_detail", args=[runs[0]]) if runs else "",
            _("Open the last one"),
        ),
    ]
    following = next(step for step in steps if not step.is_done)
    following.is_next = True
    return steps
