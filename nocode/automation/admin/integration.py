"""Integrations. The page of one is views/integrations.py under the admin's addresses."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from nocode.automation.integrations import integration_types
from nocode.automation.models import Integration, IntegrationCall, IntegrationStats
from nocode.automation.services import integrations
from nocode.automation.views.integrations import integration_add, integration_change
from nocode.foundation.admin.base import ConsoleAdmin, HistoryAdmin, PlatformAdmin, ReadOnly
from nocode.foundation.displays import duration, pill


@admin.register(Integration)
class IntegrationAdmin(HistoryAdmin):
    """Accounts at other systems, for the steps that call them."""

    list_display = ["name", "type_label", "health", "calls", "usual_time", "last_used", "is_active"]
    list_filter = ["is_active"]
    list_select_related = ["stats"]
    search_fields = ["name"]
    empty_icon = "power"
    empty_text = _("Keep a password or a key here once; steps use it, and nobody can read it again.")

    fields = ["name", "is_active", "settings"]  # of an old version, in the history

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).defer("secrets", "token")

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Nobody filters by what nobody may read."""
        return not lookup.startswith(("secrets", "token")) and super().lookup_allowed(lookup, value, request)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict | None = None) -> HttpResponse:
        return integration_add(request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        return integration_change(request, self.object_for(request, object_id, "view"))

    def save_model(self, request: HttpRequest, obj: Integration, form: forms.ModelForm, change: bool) -> None:
        """An old version, from the history: its settings must still make sense; the secrets stay as they are now."""
        obj.settings, _typed = integration_types[obj.type].clean(obj.settings, has_secrets=True)
        super().save_model(request, obj, form, change)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple:
        """What a workflow uses is protected, and the page says by which."""
        deleted, counts, refused, protected = super().get_deleted_objects(objs, request)
        words = gettext("The workflow “%s”: choose another integration there first.")
        uses = [words % workflow for each in objs for workflow in integrations.used_by(each)]
        return deleted, counts, refused, [*protected, *uses]

    def delete_model(self, request: HttpRequest, obj: Integration) -> None:
        integrations.delete(obj)

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        for integration in queryset:
            integrations.delete(integration)

    @display(description=_("type"), ordering="type")
    def type_label(self, integration: Integration) -> str:
        return str(integration_types[integration.type].label)

    @display(description=_("health"))
    def health(self, integration: Integration) -> SafeString:
        stats = _stats_of(integration)
        return pill(stats.health, stats.health.label)

    @display(description=_("calls"), ordering="stats__calls")
    def calls(self, integration: Integration) -> int:
        return _stats_of(integration).calls

    @display(description=_("usual time"))
    def usual_time(self, integration: Integration) -> str:
        stats = _stats_of(integration)
        return duration(stats.p50 / 1000) if stats.durations else "–"

    @display(description=_("last used"), ordering="stats__last_used_at")
    def last_used(self, integration: Integration) -> datetime | None:
        return _stats_of(integration).last_used_at


def _stats_of(integration: Integration) -> IntegrationStats:
    """Its statistics; those of one that was never used are all zero."""
    return getattr(integration, "stats", None) or IntegrationStats(integration=integration)


class PartOfIntegration(ReadOnly, ConsoleAdmin):
    """What is read on the page of an integration; kept out of the menus."""

    list_display_links = None

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(IntegrationStats)
class IntegrationStatsAdmin(PartOfIntegration):
    """How calls went, by integration."""

    list_display = ["integration", "calls", "failures", "last_used_at", "last_failed_at"]
    list_select_related = ["integration"]
    empty_icon = "monitoring"
    empty_text = _("Calls that steps make with integrations are counted here every five minutes.")

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """The page of the integration."""
        return redirect("admin:automation_integration_change", self.object_for(request, object_id, "view").pk)


@admin.register(IntegrationCall)
class IntegrationCallAdmin(ReadOnly, PlatformAdmin):
    """Calls that are not counted yet."""

    list_display = ["integration_id", "at", "milliseconds", "error"]
    empty_icon = "monitoring"
    empty_text = _("Every call is counted. New ones wait here for at most five minutes.")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False
