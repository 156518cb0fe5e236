"""An act on many executions: how far it is, what could not be done and why, and the way to stop it."""

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models.fields.json import KeyTextTransform
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from nocode.automation.models import ExecutionJob
from nocode.automation.services import bulk
from nocode.foundation.htmx import is_unchanged, render_part, unchanged, version_of
from nocode.foundation.pages import page, page_context, tell, visible_object

VIEW = "automation.view_executionjob"
POLL_SECONDS = 1


@require_GET
@page(VIEW)
def execution_job(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The page of a job; htmx gets the part that changes, and nothing while nothing has changed."""
    job = _visible(request, pk)
    version = version_of(job.state, job.done, job.cancel_requested)
    if request.htmx and is_unchanged(request, version):
        return unchanged()
    context = {
        "job": job,
        "refused": sorted(job.result.get("refused", {}).items(), key=lambda each: -each[1]),
        "poll_seconds": POLL_SECONDS,
        "poll_url": f"{request.path}?v={version}",
        "can_stop": not job.is_finished and not job.cancel_requested and _may_stop(request, job),
        "list_url": f"{reverse('admin:automation_workflowexecution_changelist')}?{job.query or ''}",
    }
    if not request.htmx:
        context = page_context(request, job.label, **context)
    return render_part(request, "automation/execution_job.html", "automation/_execution_job.html", context)


@require_POST
@page(VIEW)
def execution_job_stop(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask a job to stop: for who started it, and for who may run executions."""
    job = _visible(request, pk)
    if not _may_stop(request, job):
        raise PermissionDenied
    tell(request, bulk.stop, job, done=_("It stops as soon as it can."))
    return redirect("admin:execution_job", pk)


def _visible(request: HttpRequest, pk: UUID) -> ExecutionJob:
    rows = ExecutionJob.objects.select_related("requested_by").defer("options")
    return visible_object(request, rows.annotate(query=KeyTextTransform("query", "options")), VIEW, pk=pk)


def _may_stop(request: HttpRequest, job: ExecutionJob) -> bool:
    return job.requested_by_id == request.user.pk or request.user.has_perm("automation.run_executionjob", job)
