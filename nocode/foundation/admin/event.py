"""Events: what was told, to whom, and what could not be delivered."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm

from nocode.foundation.admin.actions import object_action
from nocode.foundation.admin.base import ArchiveAdmin
from nocode.foundation.admin.filters import VisibleRelatedFilter
from nocode.foundation.displays import code_block, pill
from nocode.foundation.models import OutboxEvent
from nocode.foundation.pages import tell
from nocode.foundation.services import events


def _again(count: int) -> str:
    return ngettext("%d event is delivered again.", "%d events are delivered again.", count) % count


@admin.register(OutboxEvent)
class OutboxEventAdmin(ArchiveAdmin):
    """The outbox, read-only."""

    list_display = ["name", "key", "state", "attempts", "organization", "created_at"]
    list_filter = ["gave_up", ("organization", VisibleRelatedFilter), ("created_at", RangeDateTimeFilter)]
    list_select_related = ["organization"]
    search_fields = ["name", "key", "request_id"]
    empty_icon = "campaign"
    empty_text = _("Workflows and executions tell here what happens to them, in the order it happened.")

    fields = [
        ("name", "key"),
        ("state", "attempts", "retry_at"),
        "error",
        "payload_block",
        "delivered_to",
        ("organization", "actor", "request_id"),
        ("ip", "user_agent"),
        ("created_at", "delivered_at"),
    ]
    readonly_fields = ["state", "payload_block"]
    actions = ["retry"]
    actions_detail = ["retry_one"]

    @action(description=_("Deliver again"), permissions=["run"])
    def retry(self, request: HttpRequest, queryset: QuerySet) -> None:
        tell(request, events.retry, queryset, done=_again)

    @object_action(
        "run",
        label=_("Deliver again"),
        description=_(
            "Subscribers that were told already are not told twice; an event that was not given up stays as it is."
        ),
        icon="replay",
    )
    def retry_one(self, request: HttpRequest, event: OutboxEvent, form: BaseDialogForm) -> None:
        tell(request, events.retry, OutboxEvent.objects.filter(pk=event.pk), done=_again)

    @display(description=_("state"))
    def state(self, event: OutboxEvent) -> SafeString:
        if event.delivered_at:
            return pill("delivered", _("Delivered"))
        if event.gave_up:
            return pill("gave_up", _("Gave up"))
        return pill("retrying", _("Trying again")) if event.attempts else pill("pending", _("Pending"))

    @display(description=_("payload"))
    def payload_block(self, event: OutboxEvent) -> SafeString:
        return code_block(event.payload, str(_("payload")))
