"""E-mails: what was sent, what waits, and why. Their text is shown to nobody: it may open an account."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm

from nocode.foundation import smtp
from nocode.foundation.admin.actions import object_action
from nocode.foundation.admin.base import ConsoleAdmin, ReadOnly
from nocode.foundation.admin.filters import CreatedFilter, VisibleRelatedFilter
from nocode.foundation.displays import pill, shortened
from nocode.foundation.models import Email
from nocode.foundation.pages import tell
from nocode.foundation.services import mail


def _again(count: int) -> str:
    if not count:
        return _("Nothing to send: what was chosen is sent, or being sent.")
    return ngettext("%d e-mail is sent again.", "%d e-mails are sent again.", count) % count


@admin.register(Email)
class EmailAdmin(ReadOnly, ConsoleAdmin):
    """The outgoing mail, read-only."""

    list_display = ["to", "about", "state", "reason", "attempts", "organization", "created_at"]
    list_filter = [
        ("status", ChoicesDropdownFilter),
        ("organization", VisibleRelatedFilter),
        ("created_at", CreatedFilter),
    ]
    list_select_related = ["organization"]
    search_fields = ["to", "subject"]
    empty_icon = "mail"
    empty_text = _("Invitations, new passwords and messages of workflows appear here once somebody is written to.")

    fields = [("to", "subject"), ("state", "attempts"), "reason", ("due_at", "sent_at"), ("organization", "created_at")]
    readonly_fields = ["state", "reason", "created_at"]
    actions = ["send_again"]
    actions_detail = ["send_one_again"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """Without the text, which no page needs."""
        return super().get_queryset(request).defer("text", "html")

    @action(description=_("Send again"), permissions=["run"])
    def send_again(self, request: HttpRequest, queryset: QuerySet) -> None:
        tell(request, mail.send_again, queryset, done=_again)

    @object_action(
        "run",
        label=_("Send again"),
        description=_("What failed, or waits for its next attempt, is tried now. A sent e-mail is not sent twice."),
        icon="forward_to_inbox",
    )
    def send_one_again(self, request: HttpRequest, email: Email, form: BaseDialogForm) -> None:
        tell(request, mail.send_again, Email.objects.filter(pk=email.pk), done=_again)

    @display(description=_("subject"), ordering="subject")
    def about(self, email: Email) -> SafeString:
        return shortened(email.subject)

    @display(description=_("status"), ordering="status")
    def state(self, email: Email) -> SafeString:
        if email.status == Email.Status.QUEUED and email.attempts:
            return pill("retrying", _("Trying again"))
        if email.status == Email.Status.QUEUED and not smtp.is_configured():
            return pill("held", _("Waiting"))
        return pill(email.status, email.get_status_display())

    @display(description=_("reason"))
    def reason(self, email: Email) -> SafeString | str:
        if email.status == Email.Status.QUEUED and not smtp.is_configured():
            return _("No mail server is configured.")
        return shortened(email.error) if email.error else ""
