"""Workflows, and the parts of them that have their own rows. The page itself is put together in views/workflow.py."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display

from nocode.automation.models import DraftChange, Edge, Node, Workflow, WorkflowExecution, WorkflowVersion
from nocode.automation.views import builder
from nocode.automation.views.transfer import workflow_files
from nocode.automation.views.workflow import workflow_page
from nocode.foundation.admin.base import ConsoleAdmin, HistoryAdmin, ReadOnly
from nocode.foundation.admin.filters import VisibleRelatedFilter
from nocode.foundation.admin.forms import ConsoleForm, SeenForm
from nocode.foundation.displays import pill, shortened, status_pill
from nocode.foundation.services import billing


class WorkflowForm(SeenForm, ConsoleForm):
    """The general settings; the boxes are as high as what is usually in them, projects are made elsewhere."""

    seen_on = "name"

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for name in {"project", "error_workflow"} & self.fields.keys():  # missing where the person only reads
            if isinstance(self.fields[name].widget, RelatedFieldWidgetWrapper):
                self.fields[name].widget = self.fields[name].widget.widget
        if "error_workflow" in self.fields and self.instance.organization_id:
            same = self.fields["error_workflow"].queryset.filter(organization=self.instance.organization_id)
            self.fields["error_workflow"].queryset = same.exclude(status=Workflow.Status.ARCHIVED)
        for name, rows in (("description", 2), ("variables", 4)):
            if name in self.fields:
                self.fields[name].widget.attrs["rows"] = rows


@admin.register(Workflow)
class WorkflowAdmin(HistoryAdmin):
    """What should happen, and when."""

    list_display = ["short_name", "pill", "step_count", "last_run", "project_name", "updated_at"]
    list_filter = [("status", ChoicesDropdownFilter), ("project", VisibleRelatedFilter)]
    list_select_related = ["project"]
    search_fields = ["name", "description"]
    empty_icon = "account_tree"
    empty_text = _("A workflow says what should happen, step by step, and what starts it. Make your first one.")
    empty_template = "automation/_workflow_starts.html"
    list_before_template = "automation/_workflows_head.html"
    actions = ["export_files"]

    form = WorkflowForm
    fields = [
        "organization",
        "name",
        "description",
        "project",
        "timeout",
        "retention_days",
        "failed_retention_days",
        "error_workflow",
        "variables",
    ]
    change_form_template = "automation/workflow.html"

    @action(description=_("Export"), permissions=["view"])
    def export_files(self, request: HttpRequest, queryset: QuerySet) -> HttpResponseBase:
        """The files of the workflows: one as it is, several in a zip."""
        return workflow_files(queryset.select_related("organization"))

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        last = WorkflowExecution.objects.filter(workflow=OuterRef("pk")).order_by("-pk")
        return (
            super()
            .get_queryset(request)
            .annotate(
                steps=Count("nodes"),
                last_id=Subquery(last.values("pk")[:1]),
                last_status=Subquery(last.values("status")[:1]),
            )
        )

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, obj: Workflow | None = None, **kwargs: Any
    ) -> HttpResponse:
        """The general settings, with everything else about the workflow around them; saving stays here."""
        context |= {"show_save_and_continue": False, "show_save_and_add_another": False}
        if obj is not None:
            context |= workflow_page(request, obj)
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def save_model(self, request: HttpRequest, obj: Workflow, form: forms.ModelForm, change: bool) -> None:
        if not change:
            billing.require(obj.organization_id, "workflows")
            obj.created_by = request.user
        super().save_model(request, obj, form, change)

    def response_add(self, request: HttpRequest, obj: Workflow, post_url_continue: str | None = None) -> HttpResponse:
        """A new workflow has no step: go where they are added."""
        response = super().response_add(request, obj, post_url_continue)
        is_list = isinstance(response, HttpResponseRedirect) and "_addanother" not in request.POST
        return redirect("admin:automation_workflow_change", obj.pk) if is_list else response

    def response_post_save_change(self, request: HttpRequest, obj: Workflow) -> HttpResponse:
        """Stay on the page: it is where the work is."""
        return redirect("admin:automation_workflow_change", obj.pk)

    @display(description=_("name"), ordering="name")
    def short_name(self, workflow: Workflow) -> SafeString:
        return shortened(workflow.name)

    @display(description=_("project"), ordering="project__name")
    def project_name(self, workflow: Workflow) -> SafeString | str:
        return shortened(workflow.project.name) if workflow.project else "–"

    @display(description=_("status"), ordering="status")
    def pill(self, workflow: Workflow) -> SafeString:
        return status_pill(workflow)

    @display(description=_("steps"), ordering="steps")
    def step_count(self, workflow: Workflow) -> int:
        return workflow.steps

    @display(description=_("last execution"))
    def last_run(self, workflow: Workflow) -> str:
        if workflow.last_id is None:
            return "–"
        label = WorkflowExecution.Status(workflow.last_status).label
        url = reverse("admin:execution_detail", args=[workflow.last_id])
        return format_html('<a href="{}">{}</a>', url, pill(workflow.last_status, label))


class PartOfWorkflow(ConsoleAdmin):
    """Rows that are edited on the page of their workflow; kept out of the menus."""

    list_select_related = ["workflow"]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(Node)
class NodeAdmin(PartOfWorkflow):
    """Steps: the pages of views/builder.py under the admin's addresses."""

    list_display = ["label", "kind", "key", "workflow"]
    search_fields = ["label", "key"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """No button on the list: a step is added to a workflow, on its page, whose view asks for the permission."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Deleted on the page of the workflow, where the way through the step is closed again."""
        return False

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict | None = None) -> HttpResponse:
        return builder.step_add(request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        return builder.step_change(request, self.object_for(request, object_id, "view"))

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related("workflow__project")


@admin.register(Edge)
class EdgeAdmin(ReadOnly, PartOfWorkflow):
    """Connections; they are made on the page of the workflow."""

    list_display = ["source", "port", "target", "workflow"]
    list_display_links = None
    list_select_related = ["source", "target", "workflow"]


@admin.register(WorkflowVersion)
class WorkflowVersionAdmin(ReadOnly, PartOfWorkflow):
    """Published versions: immutable."""

    list_display = ["number", "workflow", "note", "created_by", "created_at"]
    list_select_related = ["workflow", "created_by"]

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """The page of the version, below its workflow while that exists."""
        version = self.object_for(request, object_id, "view")
        if version.workflow_id is None:
            return super().change_view(request, object_id, *args, **kwargs)
        return redirect("admin:workflow_version", version.workflow_id, version.number)


@admin.register(DraftChange)
class DraftChangeAdmin(ReadOnly, PartOfWorkflow):
    """Who changed which draft lately."""

    list_display = ["created_at", "user", "workflow", "revision"]
    list_select_related = ["workflow", "user"]
    list_display_links = None
