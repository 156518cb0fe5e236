"""The page of an application in the console: its address and deployments, and what can be done with it."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from nocode.automation.views.answers import base_url
from nocode.foundation.pages import page, tell, visible_object
from nocode.runtime import queries
from nocode.runtime.models import Deployment, GeneratedApp
from nocode.runtime.services import deployments

PUBLISH = "runtime.publish_generatedapp"


def application_page(request: HttpRequest, app: GeneratedApp) -> dict[str, Any]:
    """What templates/runtime/application.html needs besides the form."""
    shown = queries.deployments_of(app)
    return {
        "app": app,
        "url": f"{base_url(request)}{app.address}",
        "deployments": shown,
        "latest": shown[0] if shown else None,
        "may_publish": request.user.has_perm(PUBLISH, app),
    }


@require_POST
@page(PUBLISH)
def app_deploy(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Deploy, and watch it."""
    app = _app(request, pk)
    note = request.POST.get("note", "").strip()[: Deployment._meta.get_field("note").max_length]
    done = _("The deployment has begun.")
    made = tell(request, deployments.deploy, app, request.user, note.replace("\x00", ""), done=done)
    return redirect("admin:deployment_detail", made.pk) if made else _page_of(app)


@require_POST
@page(PUBLISH)
def app_archive(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take the application offline."""
    app = _app(request, pk)
    tell(request, deployments.archive, app, request.user, done=_("The application is archived; nobody can open it."))
    return _page_of(app)


@require_POST
@page(PUBLISH)
def app_restore(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Bring an archived application back."""
    app = _app(request, pk)
    tell(request, deployments.restore, app, request.user, done=_("The application is back."))
    return _page_of(app)


def _app(request: HttpRequest, pk: UUID) -> GeneratedApp:
    return visible_object(request, GeneratedApp.objects.select_related("project"), PUBLISH, pk=pk)


def _page_of(app: GeneratedApp) -> HttpResponse:
    return redirect("admin:runtime_generatedapp_change", app.pk)
