"""`/api/`: what programs ask with an API token. They start workflows by webhooks whose security is such a token."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET

from nocode.automation.models import WorkflowExecution
from nocode.automation.webhooks.call import bearer_text
from nocode.foundation.models import ApiToken
from nocode.foundation.services import auth


@csrf_exempt
@require_GET
def execution(request: HttpRequest, pk: UUID) -> HttpResponse:
    """How an execution is doing, and what came of it."""
    request.user = AnonymousUser()  # whoever's cookies came along, the token decides
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        token = auth.bearer_of(bearer_text(headers), ApiToken.Scope.VIEW)
    except auth.TokenRefused as refusal:
        return _answer({"error": refusal.message}, HTTPStatus.UNAUTHORIZED, {"WWW-Authenticate": "Bearer"})
    found = WorkflowExecution.objects.filter(pk=pk, organization=token.organization_id).first()
    if found is None:
        return _answer({"error": _("There is no execution %s; perhaps it was deleted.") % pk}, HTTPStatus.NOT_FOUND)
    return _answer(_shown(found), HTTPStatus.OK)


def _shown(execution: WorkflowExecution) -> dict[str, Any]:
    return {
        "execution_id": execution.pk,
        "workflow_id": execution.workflow_id,
        "workflow_name": execution.workflow_name,
        "status": execution.status,
        "created_at": execution.created_at,
        "started_at": execution.started_at,
        "completed_at": execution.completed_at,
        "duration": execution.duration,
        "output": execution.output,
        "error_step": execution.error_step,
        "error_message": execution.error_message,
    }


def _answer(body: dict[str, Any], status: HTTPStatus, headers: dict[str, str] | None = None) -> HttpResponse:
    response = JsonResponse(body, status=status, headers=headers, json_dumps_params={"ensure_ascii": False})
    response["Cache-Control"] = "no-store"
    return response
