"""How workflows came here; shown on their own pages."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from nocode.automation.admin.workflow import PartOfWorkflow
from nocode.automation.models import WorkflowImport
from nocode.foundation.admin.base import ReadOnly


@admin.register(WorkflowImport)
class WorkflowImportAdmin(ReadOnly, PartOfWorkflow):
    """Reports on imports."""

    list_display = ["workflow", "source", "imported_by", "created_at"]
    list_select_related = ["workflow", "imported_by"]

    def change_view(self, request: HttpRequest, object_id: str, *args, **kwargs) -> HttpResponse:
        """The page of the report."""
        return redirect("admin:workflow_origin", self.object_for(request, object_id, "view").workflow_id)
