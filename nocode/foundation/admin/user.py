"""Accounts: superusers manage them, everybody sees the people of their own organizations."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm, UserChangeForm, UserCreationForm

from nocode.foundation.admin.actions import object_action
from nocode.foundation.admin.base import ConsoleAdmin
from nocode.foundation.forms import SetPasswordForm
from nocode.foundation.models import Membership, User
from nocode.foundation.pages import tell
from nocode.foundation.services import auth


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ConsoleAdmin):
    """People. A role in an organization never reaches accounts, which may belong to other organizations too."""

    form, add_form, change_password_form = UserChangeForm, UserCreationForm, SetPasswordForm
    list_display = ["email", "name", "member_of", "is_active", "is_superuser", "last_login"]
    list_filter = ["is_active"]
    search_fields = ["email", "name"]
    ordering = ["email"]
    filter_horizontal = []
    empty_icon = "group_add"
    empty_text = _("People who share an organization with you appear here.")

    fieldsets = [
        (None, {"fields": ["email", "name", "password"]}),
        (_("Access"), {"fields": ["is_active", "is_staff", "is_superuser", "member_of"]}),
        (_("Dates"), {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [(None, {"fields": ["email", "name", "usable_password", "password1", "password2"]})]
    colleague_fieldsets = [(None, {"fields": ["email", "name", "is_active", "member_of"]})]
    readonly_fields = ["is_active", "member_of", "last_login", "date_joined"]
    actions_detail = ["deactivate", "activate"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """With the memberships the reader may know about."""
        shared = Membership.objects.visible_to(request.user).select_related("organization")
        return super().get_queryset(request).prefetch_related(Prefetch("memberships", shared, "shared_memberships"))

    def allows(self, request: HttpRequest, action: str, obj: Any = None) -> bool:
        """Superusers do everything; others look at people they share an organization with."""
        if request.user.is_superuser:
            return request.user.is_active
        if action != "view" or obj is None:
            return action == "view" and request.user.has_perm("foundation.view_user")
        key = obj.pk if isinstance(obj, User) else obj
        return User.objects.visible_to(request.user).filter(pk=key).exists()

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """What colleagues do not see they do not filter by either: the answer would tell it."""
        seen = {"is_active", "email", "name"}
        may_ask = request.user.is_superuser or lookup.split("__")[0] in seen
        return may_ask and super().lookup_allowed(lookup, value, request)

    def get_list_display(self, request: HttpRequest) -> list:
        columns = super().get_list_display(request)
        return columns if request.user.is_superuser else ["email", "name", "member_of"]

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> list:
        """Colleagues see neither the password's hash nor who is a superuser."""
        return super().get_fieldsets(request, obj) if request.user.is_superuser else self.colleague_fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list:
        """Nobody locks themselves out."""
        own = ["is_staff", "is_superuser"] if obj == request.user else []
        return [*super().get_readonly_fields(request, obj), *own]

    def get_actions_detail(self, request: HttpRequest, object_id: str) -> list:
        """Only what makes sense: nobody deactivates themselves, nor activates who is active."""
        user = self._as_object(request, object_id)
        fitting = "activate" if not user.is_active else "deactivate" if user != request.user else None
        return [each for each in super().get_actions_detail(request, object_id) if each.path == fitting]

    @object_action(
        "change",
        label=_("Deactivate"),
        description=_("The person is logged out everywhere and cannot log in any more. What they built stays."),
        icon="person_off",
        variant=ActionVariant.DANGER,
    )
    def deactivate(self, request: HttpRequest, user: User, form: BaseDialogForm) -> None:
        tell(request, auth.deactivate, user, request.user, done=_("%s cannot log in any more.") % user)

    @object_action(
        "change",
        label=_("Activate"),
        description=_("The person can log in again, with the password they had."),
        icon="how_to_reg",
        variant=ActionVariant.SUCCESS,
    )
    def activate(self, request: HttpRequest, user: User, form: BaseDialogForm) -> None:
        tell(request, auth.activate, user, request.user, done=_("%s can log in again.") % user)

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        with transaction.atomic():
            auth.check_dispensable(obj)
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        """One by one: two owners of an organization may be among them."""
        with transaction.atomic():
            for user in queryset:
                auth.check_dispensable(user)
                user.delete()

    @display(description=_("organizations"))
    def member_of(self, user: User) -> str:
        return ", ".join(f"{each.organization} ({each.get_role_display()})" for each in user.shared_memberships)
