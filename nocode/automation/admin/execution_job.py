"""Acts on many executions: a list for who looks for an old one; each has a page of its own, in views/run_jobs.py."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from nocode.automation.models import ExecutionJob
from nocode.foundation.admin.base import ArchiveAdmin
from nocode.foundation.displays import pill


@admin.register(ExecutionJob)
class ExecutionJobAdmin(ArchiveAdmin):
    """Acts on many executions; kept out of the menus."""

    list_display = ["what", "state_pill", "done", "total", "requested_by", "created_at"]
    list_display_links = None
    list_select_related = ["requested_by"]
    list_filter = [("state", ChoicesDropdownFilter)]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).defer("options")

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """The page of the job."""
        return redirect("admin:execution_job", self.object_for(request, object_id, "view").pk)

    @display(description=_("act"))
    def what(self, job: ExecutionJob) -> str:
        return format_html('<a class="c-link" href="{}">{}</a>', reverse("admin:execution_job", args=[job.pk]), job)

    @display(description=_("state"))
    def state_pill(self, job: ExecutionJob) -> str:
        return pill(job.state, job.get_state_display())
