"""Deployments and their logs: machines write them, people look. One deployment has a page in views/deployments.py."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from nocode.foundation.admin.base import ArchiveAdmin
from nocode.foundation.admin.filters import CreatedFilter, VisibleRelatedFilter
from nocode.foundation.displays import duration, shortened, status_pill
from nocode.runtime.models import Deployment, DeploymentLog
from nocode.runtime.queries import HEAVY


@admin.register(Deployment)
class DeploymentAdmin(ArchiveAdmin):
    """Every deployment, newest first."""

    list_display = ["pill", "link", "note", "created_by", "created_at", "lasted"]
    list_display_links = None
    list_filter = [
        ("status", ChoicesDropdownFilter),
        ("app", VisibleRelatedFilter),
        ("created_at", CreatedFilter),
    ]
    list_select_related = ["app", "created_by"]
    search_fields = ["app__name", "note", "error"]
    empty_icon = "rocket_launch"
    empty_text = _(
        "A deployment freezes the pages of a project and puts them online. Deploy an application to see one."
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).defer(*HEAVY)

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """The page of the deployment."""
        return redirect("admin:deployment_detail", self.object_for(request, object_id, "view").pk)

    @display(description=_("status"), ordering="status")
    def pill(self, deployment: Deployment) -> SafeString:
        return status_pill(deployment)

    @display(description=_("deployment"))
    def link(self, deployment: Deployment) -> SafeString:
        return shortened(str(deployment), reverse("admin:deployment_detail", args=[deployment.pk]))

    @display(description=_("duration"))
    def lasted(self, deployment: Deployment) -> str:
        return duration(deployment.duration)


@admin.register(DeploymentLog)
class DeploymentLogAdmin(ArchiveAdmin):
    """Every line; they are read on the page of their deployment, and kept out of the menus."""

    list_display = ["at", "level", "step", "deployment_link", "message"]
    list_display_links = None
    list_filter = [("level", ChoicesDropdownFilter), ("step", ChoicesDropdownFilter)]
    list_select_related = ["deployment__app"]
    search_fields = ["message"]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).defer(*(f"deployment__{name}" for name in HEAVY))

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """The page of the deployment it belongs to."""
        return redirect("admin:deployment_detail", self.object_for(request, object_id, "view").deployment_id)

    @display(description=_("deployment"))
    def deployment_link(self, line: DeploymentLog) -> SafeString:
        url = reverse("admin:deployment_detail", args=[line.deployment_id])
        return format_html('<a class="c-link" href="{}">{}</a>', url, line.deployment)
