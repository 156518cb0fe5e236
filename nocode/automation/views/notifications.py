"""What I am told: the choices of one person, in general and for single workflows."""

from collections import defaultdict
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from nocode.automation.forms import NotificationForm
from nocode.automation.models import Workflow
from nocode.automation.services import notifications
from nocode.automation.views.answers import back
from nocode.foundation import smtp
from nocode.foundation.admin.forms import dress
from nocode.foundation.htmx import render_part
from nocode.foundation.models import Organization
from nocode.foundation.pages import page, page_context, tell, visible_object

VIEW = "automation.view_workflow"


@require_GET
@page()
def my_notifications(request: HttpRequest) -> HttpResponse:
    """Everything one person chose, and what could not be told them lately."""
    chosen = defaultdict(list)
    for rule in notifications.all_rules(request.user):
        chosen[rule.organization_id, rule.workflow].append(rule)
    organizations = [
        {
            "organization": organization,
            "general": notifications.choice_from(chosen[organization.pk, None]),
            "workflows": [
                {"workflow": workflow, "choice": notifications.choice_from(rules)}
                for (organization_id, workflow), rules in chosen.items()
                if organization_id == organization.pk and workflow is not None
            ],
        }
        for organization in Organization.objects.filter(members=request.user).order_by("name", "pk")
    ]
    context = page_context(
        request,
        _("What I am told"),
        organizations=organizations,
        undelivered=notifications.undelivered(request.user),
    )
    return render(request, "automation/my_notifications.html", context)


@page()
def organization_notifications(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What to tell of every workflow of an organization without a choice of its own."""
    organization = visible_object(request, Organization.objects, pk=pk)
    return _choose(request, organization, None, reverse("admin:my_notifications"))


@page(VIEW)
def workflow_notifications(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What to tell of one workflow: a page, and a dialog on the page of the workflow."""
    workflow = _workflow(request, pk)
    return _choose(
        request, workflow.organization, workflow, reverse("admin:automation_workflow_change", args=[workflow.pk])
    )


@require_POST
@page(VIEW)
def workflow_notifications_forget(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Go back to what is told of every workflow."""
    workflow = _workflow(request, pk)
    done = _("“%s” is like every other workflow again.") % workflow
    tell(request, notifications.forget, request.user, workflow.organization, workflow, done=done)
    return back(request, "admin:my_notifications")


@sensitive_post_parameters("address")
def _choose(
    request: HttpRequest, organization: Organization, workflow: Workflow | None, came_from: str
) -> HttpResponse:
    choice = notifications.choice_of(request.user, organization, workflow)
    form = NotificationForm(request.POST if request.method == "POST" else None, choice=choice)
    if form.is_bound and form.is_valid():
        given = form.channels, form.cleaned_data["address"]
        try:
            notifications.save(request.user, organization, workflow, *given)
        except notifications.AddressMissing as refusal:
            form.add_error("address", refusal.message)
        else:
            messages.success(request, _("You will be told as you chose."))
            return back(request, came_from)
    context = page_context(
        request,
        _("Notify me"),
        form=dress(form),
        choice=choice,
        organization=organization,
        workflow=workflow,
        came_from=came_from,
        has_mail=smtp.is_configured(),
    )
    return render_part(request, "automation/notification_choice.html", "automation/_notification_choice.html", context)


def _workflow(request: HttpRequest, pk: UUID) -> Workflow:
    return visible_object(request, Workflow.objects.select_related("organization"), VIEW, pk=pk)
