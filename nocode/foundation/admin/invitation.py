"""Invitations: sent again with a new link, or taken back. They are made on the organization's page."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import lazy
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_htmx.http import reselect, reswap, retarget
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm

from nocode.foundation import smtp
from nocode.foundation.admin.actions import object_action
from nocode.foundation.admin.base import ConsoleAdmin, ReadOnly
from nocode.foundation.admin.filters import VisibleRelatedFilter
from nocode.foundation.displays import pill
from nocode.foundation.models import Invitation
from nocode.foundation.pages import tell
from nocode.foundation.services import auth


def _what_inviting_does() -> str:
    if smtp.is_configured():
        return _("An e-mail with a link to join is sent. Nobody becomes a member who does not accept.")
    return _("No mail server is configured: you get a link to pass on. Nobody becomes a member who does not accept.")


def _what_a_new_link_does() -> str:
    if smtp.is_configured():
        return _("The invitation is sent again, for another 7 days. The earlier link stops working.")
    return _("No mail server is configured: you get a new link to pass on, for 7 days. The earlier one stops working.")


# Asked each time a dialog is shown.
what_inviting_does, what_a_new_link_does = lazy(_what_inviting_does, str)(), lazy(_what_a_new_link_does, str)()


def link_dialog(request: HttpRequest, email: str, link: str) -> HttpResponse | None:
    """Without a mail server the dialog that was sent becomes one with the link, readable nowhere else and only now.

    With one there is nothing to show: opening the link proves that the mailbox is one's own.
    """
    if smtp.is_configured():
        return None
    response = render(request, "foundation/_invited.html", {"email": email, "link": link})
    return reselect(reswap(retarget(response, "#dialog"), "outerHTML"), "#dialog")


@admin.register(Invitation)
class InvitationAdmin(ReadOnly, ConsoleAdmin):
    """Who was invited to which organization; owners and administrators act on what is open."""

    list_display = ["email", "organization", "role", "state", "invited_by", "expires_at"]
    list_filter = [("role", ChoicesDropdownFilter), ("organization", VisibleRelatedFilter)]
    list_select_related = ["organization", "invited_by"]
    search_fields = ["email"]
    empty_icon = "forward_to_inbox"
    empty_text = _("Invite people on the page of an organization; their invitations appear here.")

    fields = [("email", "organization"), ("role", "state"), ("invited_by", "created_at"), ("expires_at", "accepted_at")]
    readonly_fields = ["state", "created_at"]
    actions_row = ["resend", "revoke"]
    actions_detail = ["resend", "revoke"]

    @object_action(
        "run",
        label=_("Send a new link"),
        description=what_a_new_link_does,
        icon="forward_to_inbox",
    )
    def resend(self, request: HttpRequest, invitation: Invitation, form: BaseDialogForm) -> HttpResponse | None:
        link = tell(request, auth.resend, invitation, request.user, done=_("The invitation has a new link."))
        return link and link_dialog(request, invitation.email, link)

    @object_action(
        "run",
        label=_("Take back"),
        description=_("The link stops working at once."),
        icon="cancel_schedule_send",
        variant=ActionVariant.DANGER,
    )
    def revoke(self, request: HttpRequest, invitation: Invitation, form: BaseDialogForm) -> None:
        done = _("The invitation of %s is taken back.") % invitation.email
        tell(request, auth.revoke, invitation, request.user, done=done)

    @display(description=_("state"))
    def state(self, invitation: Invitation) -> SafeString:
        if invitation.accepted_at:
            return pill("completed", _("Accepted"))
        if invitation.is_expired:
            return pill("silent", _("Expired"))
        return pill("pending", pgettext_lazy("invitation", "Open"))
