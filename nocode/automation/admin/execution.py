"""The archive of executions. One execution has a page of its own, in views/runs.py."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.defaultfilters import filesizeformat
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from nocode.automation import queries
from nocode.automation.admin.execution_filters import (
    DataFilter,
    DurationFilter,
    LabelFilter,
    TriggerFilter,
    VersionFilter,
)
from nocode.automation.models import (
    ExecutionExport,
    ExecutionJob,
    ExecutionLog,
    StepRun,
    WorkflowExecution,
    WorkflowVersion,
)
from nocode.automation.services import bulk
from nocode.automation.templatetags.automation import trigger_label
from nocode.foundation.admin.base import MOST_WORDS, ArchiveAdmin
from nocode.foundation.admin.filters import CreatedFilter, VisibleRelatedFilter
from nocode.foundation.displays import duration, status_pill
from nocode.foundation.pages import page_context, tell

Kind = ExecutionJob.Kind

BULK_ICONS = {Kind.RETRY_STEP: "replay", Kind.RETRY: "restart_alt", Kind.CANCEL: "block"}
EXPLANATIONS = {
    Kind.RETRY_STEP: _("Each goes on from the step that failed, with the results of its earlier steps."),
    Kind.RETRY: _("For each a new execution starts from the beginning, with the same input and the same version."),
    Kind.CANCEL: _("Steps that have ended stay as they are; no further step begins."),
}


@admin.register(WorkflowExecution)
class WorkflowExecutionAdmin(ArchiveAdmin):
    """Every execution, newest first."""

    list_display = ["pill", "name", "started_by_kind", "when", "lasted", "version_number", "started_by"]
    list_display_links = None
    list_filter = [
        ("status", ChoicesDropdownFilter),
        ("workflow", VisibleRelatedFilter),
        VersionFilter,
        TriggerFilter,
        ("created_at", CreatedFilter),
        DurationFilter,
        LabelFilter,
        DataFilter,
    ]
    list_select_related = []
    search_fields = ["workflow_name", "error_message"]
    list_before_template = "automation/_executions_head.html"
    empty_text = _("Executions are kept here once a workflow has run.")
    empty_icon = "history"

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """Without the large values; people and versions are read for what is shown, not joined to all that is found."""
        caller = Prefetch("parent", WorkflowExecution.objects.only("workflow_name"))
        versions = Prefetch("version", WorkflowVersion.objects.defer("graph"))
        rows = super().get_queryset(request).without_values()
        return rows.prefetch_related("triggered_by", "trigger", caller, versions)

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        return queries.search(request.user, queryset, search_term.replace("\0", "").split()[:MOST_WORDS]), False

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.bulk_view)
        pages = [path(f"bulk/{kind}/", page, {"kind": kind}, name=f"execution_bulk_{kind}") for kind in Kind]
        return [*pages, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        """The list, with the acts on all that match for who may run something."""
        may = self.has_run_permission(request)
        acts = [(reverse(f"admin:execution_bulk_{kind}"), kind.label, BULK_ICONS[kind]) for kind in Kind if may]
        return super().changelist_view(request, {**(extra_context or {}), "bulk_acts": acts})

    def bulk_view(self, request: HttpRequest, kind: str) -> HttpResponse:
        """Ask, with their number, then act on all executions that match the search of the address."""
        if not self.has_run_permission(request):
            raise PermissionDenied
        query = request.GET.urlencode()
        list_url = f"{reverse('admin:automation_workflowexecution_changelist')}?{query}"
        try:
            changelist = self.get_changelist_instance(request)
        except IncorrectLookupParameters:
            return redirect("admin:automation_workflowexecution_changelist")
        matching = self.rows_where(request, changelist.queryset, "run")
        if request.method == "POST":
            jobs = tell(request, bulk.ask, kind, matching, request.user, query=query, done=_("It has begun."))
            return redirect("admin:execution_job", jobs[0].pk) if jobs else redirect(list_url)
        count = bulk.count(kind, matching)
        context = {
            "list_url": list_url,
            "count": count,
            "most": bulk.MOST,
            "is_too_much": count > bulk.MOST,
            "is_narrowed": changelist.has_active_filters or changelist.query,
            "explanation": EXPLANATIONS[kind],
        }
        return render(request, "automation/bulk.html", page_context(request, Kind(kind).label, **context))

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """The execution page."""
        return redirect("admin:execution_detail", self.object_for(request, object_id, "view").pk)

    @display(description=_("status"))
    def pill(self, execution: WorkflowExecution) -> str:
        return status_pill(execution)

    @display(description=_("workflow"))
    def name(self, execution: WorkflowExecution) -> str:
        url = reverse("admin:execution_detail", args=[execution.pk])
        link = format_html('<a class="c-link" href="{}">{}</a>', url, execution.workflow_name)
        return (
            link + render_to_string("automation/_labels.html", {"labels": execution.labels})
            if execution.labels
            else link
        )

    @display(description=_("trigger"))
    def started_by_kind(self, execution: WorkflowExecution) -> str:
        return trigger_label(execution.trigger_kind)

    @display(description=_("started by"))
    def started_by(self, execution: WorkflowExecution) -> str | None:
        return execution.starter or None

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
