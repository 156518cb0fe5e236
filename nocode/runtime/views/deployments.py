"""The page of a deployment: its log while it is built, what it changed, and the way back to it."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from nocode.foundation.htmx import is_unchanged, unchanged, version_of
from nocode.foundation.pages import fragment, page, page_context, tell, visible_object
from nocode.runtime import queries
from nocode.runtime.models import Deployment
from nocode.runtime.services import deployments
from nocode.runtime.views.application import PUBLISH

STOP_POLLING = 286


@require_GET
@page("runtime.view_deployment")
def deployment_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One deployment, followed live until it has ended."""
    deployment = _deployment(request, pk)
    context = page_context(request, str(deployment), **_panel(request, deployment))
    return render(request, "runtime/deployment.html", context)


@require_GET
@fragment()
def deployment_panel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The part that changes while it is built; 286 tells htmx that it will not change again.

    Whoever can see the deployment may read it, so a poll does not ask for roles.
    """
    deployment = _deployment(request, pk)
    if not deployment.is_finished and is_unchanged(request, _version(deployment)):
        return unchanged()
    status = STOP_POLLING if deployment.is_finished else None
    return render(request, "runtime/_deployment_panel.html", _panel(request, deployment), status=status)


@require_POST
@page(PUBLISH)
def deployment_roll_back(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Put an earlier deployment online again."""
    deployment = visible_object(request, queries.deployment_to_show(), PUBLISH, pk=pk)
    done = _("Deployment %d is online again.") % deployment.number
    tell(request, deployments.roll_back, deployment.app, deployment, request.user, done=done)
    return redirect("admin:runtime_generatedapp_change", deployment.app_id)


def _deployment(request: HttpRequest, pk: UUID) -> Deployment:
    return visible_object(request, queries.deployment_to_show(), pk=pk)


def _version(deployment: Deployment) -> str:
    return version_of(deployment.status, deployment.last_line)


def _panel(request: HttpRequest, deployment: Deployment) -> dict[str, Any]:
    panel = {
        "deployment": deployment,
        "app": deployment.app,
        "log": queries.log_of(deployment),
        "poll_url": f"{reverse('admin:deployment_panel', args=[deployment.pk])}?v={_version(deployment)}",
        "poll_seconds": None if deployment.is_finished else settings.LIVE_POLL_FAST,
    }
    return panel | _outcome(request, deployment) if deployment.is_finished else panel


def _outcome(request: HttpRequest, deployment: Deployment) -> dict[str, Any]:
    """What there is to see and to do once it has ended."""
    is_online = deployment.pk == deployment.app.current_deployment_id and deployment.app.is_served
    may_publish = request.user.has_perm(PUBLISH, deployment.app)
    was_online = deployment.status == Deployment.Status.DEPLOYED
    others = queries.others_to_compare(deployment) if was_online else []
    before = _compared_with(request, deployment, others)
    return {
        "is_online": is_online,
        "may_publish": may_publish,
        "may_roll_back": may_publish and was_online and not is_online and deployment.app.status != "archived",
        "others": others,
        "before": before,
        "changes": deployments.compare(before, deployment),
    }


def _compared_with(request: HttpRequest, deployment: Deployment, others: list[Deployment]) -> Deployment | None:
    """The deployment whose number the address names, else the one that was online before."""
    asked = request.GET.get("with", "")
    chosen = next((each for each in others if str(each.number) == asked), None)
    return chosen or next((each for each in others if each.pk == deployment.instead_of_id), None)
