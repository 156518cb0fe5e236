"""Triggers and webhook deliveries. The page of a trigger is views/triggers.py under the admin's addresses."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from nocode.automation.models import Trigger, WebhookDelivery
from nocode.automation.triggers import trigger_types
from nocode.automation.views import triggers
from nocode.foundation.admin.base import ArchiveAdmin, HistoryAdmin
from nocode.foundation.admin.filters import VisibleRelatedFilter


@admin.register(Trigger)
class TriggerAdmin(HistoryAdmin):
    """What starts workflows."""

    list_display = ["name", "kind", "workflow", "is_active", "next_run_at", "last_run_at"]
    list_filter = [("kind", ChoicesDropdownFilter), "is_active", ("workflow", VisibleRelatedFilter)]
    list_select_related = ["workflow"]
    search_fields = ["name", "workflow__name"]
    empty_icon = "bolt"
    empty_text = _("Webhooks and schedules start workflows; add one on the page of a workflow.")

    fields = ["name", "is_active", "entry", "config"]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related("workflow")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """No button on the list: a trigger is added to a workflow, on its page, whose view asks for the permission."""
        return False

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict | None = None) -> HttpResponse:
        return triggers.trigger_add(request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        return triggers.trigger_change(request, self.object_for(request, object_id, "view"))

    def save_model(self, request: HttpRequest, obj: Trigger, form: forms.ModelForm, change: bool) -> None:
        """An old version, from the history: its settings must still make sense."""
        obj.config = trigger_types[obj.kind].clean(obj.config)
        super().save_model(request, obj, form, change)

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: Any) -> HttpResponse:
        """To the workflows: there is no list of triggers in the menu."""
        super().response_delete(request, obj_display, obj_id)
        return redirect("admin:automation_workflow_changelist")


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ArchiveAdmin):
    """Accepted webhook calls, newest first."""

    list_display = ["received_at", "trigger", "method", "execution_link", "error"]
    list_display_links = None
    list_filter = [("trigger", VisibleRelatedFilter)]
    list_select_related = ["trigger"]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).defer("body", "headers")

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """The execution it started."""
        return redirect("admin:execution_detail", self.object_for(request, object_id, "view").execution_id)

    @display(description=_("execution"))
    def execution_link(self, delivery: WebhookDelivery) -> str:
        url = reverse("admin:execution_detail", args=[delivery.execution_id])
        return format_html('<a class="c-link" href="{}">{}</a>', url, delivery.execution_id)
