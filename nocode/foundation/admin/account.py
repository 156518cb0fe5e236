"""Sessions and changes of addresses that wait for their mailbox: machines write them, superusers look."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import URLPattern
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from nocode.foundation.admin.base import PlatformAdmin, ReadOnly
from nocode.foundation.browsers import short_name
from nocode.foundation.models import AddressChange, LoginSession


@admin.register(LoginSession)
class LoginSessionAdmin(ReadOnly, PlatformAdmin):
    """Who is logged in where. A session's key opens the account: it is shown nowhere, so nothing leads to one."""

    list_display = ["user", "ip", "browser", "seen_at", "expire_date"]
    list_display_links = None
    list_select_related = ["user"]
    search_fields = ["user__email", "user__name"]
    actions = None
    empty_icon = "devices"
    empty_text = _("Nobody is logged in.")

    def get_urls(self) -> list[URLPattern]:
        """The list, and no page of a single one: its address would hold the key."""
        return [each for each in super().get_urls() if each.name == "foundation_loginsession_changelist"]

    @display(description=_("browser"))
    def browser(self, session: LoginSession) -> str:
        return short_name(session.user_agent)


@admin.register(AddressChange)
class AddressChangeAdmin(ReadOnly, PlatformAdmin):
    """New addresses that are not confirmed yet."""

    list_display = ["user", "email", "created_at", "expires_at"]
    list_select_related = ["user"]
    search_fields = ["email", "user__email"]
    empty_icon = "alternate_email"
    empty_text = _("Nobody is waiting for a new address to be confirmed.")
    fields = ["user", "email", "created_at", "expires_at"]
    readonly_fields = ["created_at"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.allows(request, "delete", obj)
