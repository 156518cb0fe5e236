"""The archive of executions. One execution has a page of its own, in views/runs.py."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from nocode.automation import queries
from nocode.automation.models import ExecutionExport, ExecutionLog, StepRun, WorkflowExecution, WorkflowVersion
from nocode.automation.templatetags.automation import trigger_label
from nocode.foundation.admin.base import MOST_WORDS, ArchiveAdmin
from nocode.foundation.admin.filters import CreatedFilter, VisibleRelatedFilter
from nocode.foundation.displays import duration, status_pill


@admin.register(WorkflowExecution)
class WorkflowExecutionAdmin(ArchiveAdmin):
    """Every execution, newest first."""

    list_display = ["pill", "name", "started_by_kind", "when", "lasted", "version_number", "triggered_by"]
    list_display_links = None
    list_filter = [
        ("status", ChoicesDropdownFilter),
        ("workflow", VisibleRelatedFilter),
        ("created_at", CreatedFilter),
    ]
    list_select_related = []
    search_fields = ["workflow_name", "error_message"]
    empty_text = _("Executions are kept here once a workflow has run.")
    empty_icon = "history"

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """Without the large values; people and versions are read for what is shown, not joined to all that is found."""
        versions = Prefetch("version", WorkflowVersion.objects.defer("graph"))
        rows = super().get_queryset(request).defer("input", "output", "response")
        return rows.prefetch_related("triggered_by", versions)

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        return queries.search(request.user, queryset, search_term.replace("\0", "").split()[:MOST_WORDS]), False

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """The execution page."""
        return redirect("admin:execution_detail", self.object_for(request, object_id, "view").pk)

    @display(description=_("status"))
    def pill(self, execution: WorkflowExecution) -> str:
        return status_pill(execution)

    @display(description=_("workflow"))
    def name(self, execution: WorkflowExecution) -> str:
        url = reverse("admin:execution_detail", args=[execution.pk])
        return format_html('<a class="c-link" href="{}">{}</a>', url, execution.workflow_name)

    @display(description=_("trigger"))
    def started_by_kind(self, execution: WorkflowExecution) -> str:
        return trigger_label(execution.trigger_kind)

    @display(description=_("created"), ordering="pk")
    def when(self, execution: WorkflowExecution) -> datetime:
        return execution.created_at

    @display(description=_("duration"))
    def lasted(self, execution: WorkflowExecution) -> str:
        return duration(execution.duration)

    @display(description=_("version"))
    def version_number(self, execution: WorkflowExecution) -> str:
        return str(execution.version)


class PartOfExecution(ArchiveAdmin):
    """Rows that are read on the page of their execution; kept out of the menus."""

    list_display_links = None
    list_select_related = ["execution"]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """The page of the execution it belongs to."""
        return redirect("admin:execution_detail", self.object_for(request, object_id, "view").execution_id)

    @display(description=_("execution"))
    def execution_link(self, row: StepRun | ExecutionLog) -> str:
        url = reverse("admin:execution_detail", args=[row.execution_id])
        return format_html('<a class="c-link" href="{}">{}</a>', url, row.execution.workflow_name)


@admin.register(StepRun)
class StepRunAdmin(PartOfExecution):
    """Every attempt at every step."""

    list_display = ["execution_link", "node_key", "attempt", "pill", "started_at", "finished_at"]
    list_filter = [("status", ChoicesDropdownFilter)]
    search_fields = ["node_key", "error"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).defer("settings", "output")

    @display(description=_("status"))
    def pill(self, step: StepRun) -> str:
        return status_pill(step)


@admin.register(ExecutionLog)
class ExecutionLogAdmin(PartOfExecution):
    """Every log line."""

    list_display = ["at", "level", "execution_link", "node_key", "message"]
    list_filter = [("level", ChoicesDropdownFilter)]
    search_fields = ["message", "node_key"]


@admin.register(ExecutionExport)
class ExecutionExportAdmin(PartOfExecution):
    """Files that were made in the background; each is downloaded on the page of its execution."""

    list_display = ["execution_link", "requested_by", "file_size", "made_at", "expires_at", "error"]
    list_select_related = ["execution", "requested_by"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).defer("content")

    @display(description=_("size"), ordering="size")
    def file_size(self, export: ExecutionExport) -> str:
        return filesizeformat(export.size) if export.made_at else "–"
