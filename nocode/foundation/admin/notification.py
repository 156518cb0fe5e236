"""A person's notifications: the page behind the bell."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import action, display

from nocode.foundation.admin.base import ConsoleAdmin, ReadOnly
from nocode.foundation.models import Notification
from nocode.foundation.services import notifications


class UnreadFilter(admin.SimpleListFilter):
    """Only what was not read yet."""

    title, parameter_name = _("state"), "state"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        return [("unread", _("Unread")), ("read", _("Read"))]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet) -> models.QuerySet:
        states = {"unread": True, "read": False}
        return queryset.filter(read_at__isnull=states[self.value()]) if self.value() in states else queryset


@admin.register(Notification)
class NotificationAdmin(ReadOnly, ConsoleAdmin):
    """Everybody sees what they were told themselves, and nobody else does, superusers included."""

    list_display = ["what", "organization_name"]
    list_display_links = None
    list_filter = [UnreadFilter]
    list_select_related = ["organization"]
    list_before_template = "foundation/_notifications_head.html"
    search_fields = ["title", "text"]
    ordering = ["-pk"]
    actions = ["mark_read"]
    empty_icon = "notifications"
    empty_text = _(
        "You are told here what needs you: a workflow of yours that failed, say. On the page of a workflow, “Notify "
        "me” says what else you want to hear of, and how."
    )

    def has_module_permission(self, request: HttpRequest) -> bool:
        """In no menu: the bell leads here."""
        return False

    def allows(self, request: HttpRequest, action: str, obj: models.Model | str | None = None) -> bool:
        """Belongs to a person, not to a role."""
        return action == "view"

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """On to the page it is about."""
        return redirect("admin:notification_open", self.object_for(request, object_id, "view").pk)

    @action(description=_("Mark as read"), permissions=["view"])
    def mark_read(self, request: HttpRequest, queryset: models.QuerySet) -> None:
        count = notifications.mark_read(request.user, *queryset.values_list("pk", flat=True))
        said = ngettext("%d notification is marked as read.", "%d notifications are marked as read.", count)
        self.message_user(request, said % count)

    @display(description=_("notification"))
    def what(self, notification: Notification) -> SafeString:
        return render_to_string("foundation/_notification.html", {"notification": notification})

    @display(description=_("organization"), ordering="organization__name")
    def organization_name(self, notification: Notification) -> str:
        return str(notification.organization or "–")

    def rows_where(self, request: HttpRequest, queryset: models.QuerySet, action: str) -> models.QuerySet:
        """The rows are the person's own already."""
        return queryset
