"""A job: how far it is, what came of it, the way to stop it, and the file it made."""

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from nocode.foundation.downloads import download
from nocode.foundation.htmx import is_unchanged, render_part, unchanged, version_of
from nocode.foundation.pages import page, page_context, tell, visible_object
from nocode.studio.jobs.base import job_types
from nocode.studio.models import TableJob
from nocode.studio.services import files, jobs

VIEW = "studio.view_tablejob"
POLL_SECONDS = 1
TONES = {
    TableJob.State.PENDING: ("wait", "hourglass_empty"),
    TableJob.State.RUNNING: ("run", "autorenew"),
    TableJob.State.DONE: ("ok", "check_circle"),
    TableJob.State.FAILED: ("fail", "error"),
    TableJob.State.CANCELLED: ("idle", "cancel"),
}


@require_GET
@page(VIEW)
def table_job(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The page of a job; htmx gets the part that changes, and nothing while nothing has changed."""
    job = _visible(request, pk)
    version = version_of(job.state, job.done, job.total, job.cancel_requested)
    if request.htmx and is_unchanged(request, version):
        return unchanged()
    kind, (tone, icon) = job_types[job.kind], TONES[job.state]
    context = {
        "job": job,
        "poll_seconds": POLL_SECONDS,
        "poll_url": f"{request.path}?v={version}",
        "tone": tone,
        "icon": icon,
        "can_stop": not job.is_finished and not job.cancel_requested and _may_stop(request, job),
        "facts": kind.facts(job),
        "way_back": kind.way_back(job) if job.state in (TableJob.State.FAILED, TableJob.State.CANCELLED) else None,
        "next_step": kind.next_step(job) if job.state == TableJob.State.DONE else None,
    }
    if not request.htmx:
        context = page_context(request, kind.title(job), **context)
    return render_part(request, "studio/job.html", "studio/_job.html", context)


@require_POST
@page(VIEW)
def table_job_stop(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask a job to stop: for who started it, and for who may change tables."""
    job = _visible(request, pk)
    if not _may_stop(request, job):
        raise PermissionDenied
    tell(request, jobs.cancel, job, done=_("It stops as soon as it can."))
    return redirect("admin:studio_job", pk)


@require_GET
@page(VIEW)
def table_job_file(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The file a job has made."""
    file = _visible(request, pk).output
    if file is None:
        raise Http404
    return download(files.iterate(file), file.name, file.content_type, size=file.size)


def _visible(request: HttpRequest, pk: UUID) -> TableJob:
    came_to_nothing = Q(state__in=(TableJob.State.FAILED, TableJob.State.CANCELLED), output=None)
    # A project that could not be filled goes to the trash at once; who asked for it wants to read why.
    rows = TableJob.objects.filter(Q(project__trashed_at=None) | came_to_nothing & Q(requested_by=request.user.pk))
    rows = rows.select_related("project", "table", "output", "requested_by")
    return visible_object(request, rows, VIEW, pk=pk)


def _may_stop(request: HttpRequest, job: TableJob) -> bool:
    return job.requested_by_id == request.user.pk or request.user.has_perm("studio.change_tablejob", job)
