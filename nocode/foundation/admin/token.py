"""API tokens of members: owners and administrators see whose there are, and end them."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from nocode.foundation.admin.base import ConsoleAdmin, ReadOnly
from nocode.foundation.admin.filters import VisibleRelatedFilter
from nocode.foundation.models import ApiToken
from nocode.foundation.permissions import organizations_where
from nocode.foundation.services import auth


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnly, ConsoleAdmin):
    """Who let which program in, and when it came last."""

    list_display = ["name", "prefix", "user", "organization", "scopes_shown", "last_used_at", "expires_at"]
    list_filter = [("organization", VisibleRelatedFilter)]
    list_select_related = ["user", "organization"]
    search_fields = ["name", "prefix", "user__email"]
    empty_icon = "key"
    empty_text = _("No member has made a token. People make them on the page of their account.")
    fields = ["name", "prefix", "user", "organization", "scopes_shown", "created_at", "last_used_at", "expires_at"]
    readonly_fields = ["scopes_shown"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        steered = organizations_where(request.user, "foundation.change")
        return super().get_queryset(request).filter(organization__in=steered)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.allows(request, "change", obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.allows(request, "change", obj)

    def delete_model(self, request: HttpRequest, obj: ApiToken) -> None:
        auth.delete_token(obj, request.user)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        for token in queryset:
            auth.delete_token(token, request.user)

    @display(description=_("may"))
    def scopes_shown(self, token: ApiToken) -> str:
        return ", ".join(token.may)
