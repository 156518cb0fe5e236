"""What people chose to be told, and what they were told. Chosen in views/notifications.py."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from nocode.automation.models import NotificationDelivery, NotificationRule
from nocode.foundation.admin.base import ConsoleAdmin, ReadOnly
from nocode.foundation.displays import status_pill


class PersonalAdmin(ReadOnly, ConsoleAdmin):
    """Rows of the person who looks, kept out of the menus."""

    list_display_links = None

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False

    def allows(self, request: HttpRequest, action: str, obj: models.Model | str | None = None) -> bool:
        """Belongs to a person, not to a role."""
        return action == "view"


@admin.register(NotificationRule)
class NotificationRuleAdmin(PersonalAdmin):
    """What the person chose."""

    list_display = ["organization", "workflow", "on", "in_console", "by_email", "calls_address"]
    list_select_related = ["organization", "workflow"]
    empty_icon = "notifications"
    empty_text = _("On the page of a workflow, “Notify me” says what you want to hear of, and how.")

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """The page where it is chosen."""
        rule = self.object_for(request, object_id, "view")
        if rule.workflow_id:
            return redirect("admin:workflow_notifications", rule.workflow_id)
        return redirect("admin:organization_notifications", rule.organization_id)

    @display(description=_("by calling an address"), boolean=True)
    def calls_address(self, rule: NotificationRule) -> bool:
        return bool(rule.webhook_url)


@admin.register(NotificationDelivery)
class NotificationDeliveryAdmin(PersonalAdmin):
    """What the person was told, or should have been."""

    list_display = ["execution", "end", "channel", "pill", "attempts", "error", "created_at"]
    list_filter = [("status", ChoicesDropdownFilter), ("channel", ChoicesDropdownFilter)]
    list_select_related = ["execution"]
    ordering = ["-pk"]
    empty_icon = "notifications"
    empty_text = _("Each time you are told how an execution ended, a line here says how that went.")

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """The page of the execution."""
        return redirect("admin:execution_detail", self.object_for(request, object_id, "view").execution_id)

    @display(description=_("when"), ordering="type")
    def end(self, delivery: NotificationDelivery) -> str:
        return dict(NotificationRule.On.choices).get(delivery.type, delivery.type)

    @display(description=_("status"), ordering="status")
    def pill(self, delivery: NotificationDelivery) -> str:
        return status_pill(delivery)
