"""Organizations and who is in them."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import display
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm, PaginationInlineFormSet
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminSelectWidget

from nocode.foundation.admin.actions import object_action
from nocode.foundation.admin.base import HistoryAdmin
from nocode.foundation.admin.invitation import link_dialog, what_inviting_does
from nocode.foundation.errors import NoCodeError
from nocode.foundation.models import Membership, Organization, Role, User
from nocode.foundation.pages import tell
from nocode.foundation.services import auth, billing, members

SHOWN = 100  # invitations on the page; the list has them all


class MembershipForm(forms.ModelForm):
    """A member is named by the e-mail address of their account, typed in full: the form lists nobody's address."""

    email = forms.EmailField(label=_("e-mail address"), widget=UnfoldAdminEmailInputWidget)

    class Meta:
        model = Membership
        fields = ["role"]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            self.fields["email"].disabled = True
            self.fields["email"].initial = self.instance.user.email

    def clean_email(self) -> str:
        email = self.cleaned_data["email"].strip().lower()
        if self.instance._state.adding:
            account = User.objects.filter(email=email).first()
            if account is None:
                raise ValidationError(_("No account has this e-mail address. Save, then invite the person below."))
            self.instance.user = account
        return email


class MembershipFormSet(PaginationInlineFormSet):
    """All members of one organization, checked together. `actor` is set by the inline."""

    actor: User

    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        kept = [form for form in self.forms if form not in self.deleted_forms and form.instance.user_id]
        after = {form.instance.user_id: form.cleaned_data["role"] for form in kept}
        if len(after) < len(kept):
            raise ValidationError(_("Somebody is listed twice."))
        try:
            before = members.roles_in(self.instance.pk)
            members.check_roles(self.actor, before, after)
            if added := len(after.keys() - before.keys()):
                billing.require(self.instance, "members", added)
        except NoCodeError as refusal:
            raise ValidationError(refusal.message) from None


class MembershipInline(TabularInline):
    """Members; whoever may change the organization may change them, within `members.check_roles`."""

    model = Membership
    form = MembershipForm
    formset = MembershipFormSet
    fields = ["email", "role"]
    extra = 0
    hide_title = True
    verbose_name, verbose_name_plural = _("member"), _("members")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related("user", "organization").order_by("user__email")

    def get_formset(self, request: HttpRequest, obj: Organization | None = None, **kwargs: Any) -> type:
        formset = super().get_formset(request, obj, **kwargs)
        formset.actor = request.user
        return formset

    def get_readonly_fields(self, request: HttpRequest, obj: Organization | None = None) -> tuple:
        """Readers see a form without fields; the address is one that exists only in the form."""
        return () if self.has_change_permission(request, obj) else ("email", "role")

    @display(description=_("e-mail address"))
    def email(self, membership: Membership) -> str:
        return membership.user.email

    def has_view_permission(self, request: HttpRequest, obj: Organization | None = None) -> bool:
        return request.user.has_perm("foundation.view_membership", obj)

    def has_change_permission(self, request: HttpRequest, obj: Organization | None = None) -> bool:
        action = "change" if obj else "add"
        return request.user.has_perm(f"foundation.{action}_organization", obj)

    has_delete_permission = has_change_permission

    def has_add_permission(self, request: HttpRequest, obj: Organization | None = None) -> bool:
        """Others invite: whose address it is, and whether they want to, only the mailbox tells."""
        return request.user.is_superuser


class InviteForm(BaseDialogForm):
    """Whom to invite, as what."""

    email = forms.EmailField(label=_("E-mail address"), max_length=254, widget=UnfoldAdminEmailInputWidget)
    role = forms.ChoiceField(label=_("Role"), initial=Role.EDITOR, widget=UnfoldAdminSelectWidget)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        roles = members.roles_to_offer(self.request.user, self.object_id)
        self.fields["role"].choices = [(role.value, role.label) for role in roles]


@admin.register(Organization)
class OrganizationAdmin(HistoryAdmin):
    """The boundary everything else is inside of."""

    list_display = ["name", "slug", "people", "created_at"]
    search_fields = ["name", "slug"]
    empty_icon = "domain_add"
    empty_text = _("An organization owns workflows, tables and executions; only its members see inside.")

    fields = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}
    inlines = [MembershipInline]
    change_form_template = "foundation/organization.html"
    actions_detail = ["invite"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).annotate(people_count=Count("memberships"))

    def get_prepopulated_fields(self, request: HttpRequest, obj: Organization | None = None) -> dict:
        """A short name is filled from the name once; it stays when the name changes."""
        return {} if obj else self.prepopulated_fields

    def save_related(self, request: HttpRequest, form: forms.ModelForm, formsets: list, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if not change:
            members.adopt(form.instance, request.user)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, obj: Organization | None = None, **kwargs: Any
    ) -> HttpResponse:
        """Members are part of the form; below it, who is invited."""
        if obj is not None:
            invitations = obj.invitations.filter(accepted_at=None).select_related("invited_by").order_by("email")
            context |= {"organization": obj, "invitations": invitations[:SHOWN]}
            context["may_invite"] = self.has_change_permission(request, obj)
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def get_actions_detail(self, request: HttpRequest, object_id: str) -> list:
        """None at the top: "Invite" stands beside the invitations."""
        return []

    @object_action(
        "change",
        label=_("Invite"),
        description=what_inviting_does,
        form_class=InviteForm,
        icon="person_add",
        variant=ActionVariant.PRIMARY,
    )
    def invite(self, request: HttpRequest, organization: Organization, form: InviteForm) -> HttpResponse | None:
        email, role = form.cleaned_data["email"], form.cleaned_data["role"]
        done = _("%s is invited.") % email
        made = tell(request, auth.invite, organization, email, role, request.user, done=done)
        return made and link_dialog(request, email, made[1])

    @display(description=_("people"), ordering="people_count")
    def people(self, organization: Organization) -> int:
        return organization.people_count
