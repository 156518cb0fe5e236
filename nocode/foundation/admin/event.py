"""Events: what was told, to whom, and what could not be delivered."""

from datetime import datetime

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm

from nocode.foundation.admin.actions import object_action
from nocode.foundation.admin.base import MOST_WORDS, ArchiveAdmin
from nocode.foundation.admin.filters import MomentFilter, VisibleRelatedFilter
from nocode.foundation.displays import code_block, pill
from nocode.foundation.models import OutboxEvent
from nocode.foundation.models.event import GAVE_UP, PENDING
from nocode.foundation.outbox import first_id_after, first_id_since
from nocode.foundation.pages import tell
from nocode.foundation.services import events


def _again(count: int) -> str:
    return ngettext("%d event is delivered again.", "%d events are delivered again.", count) % count


class StateFilter(DropdownFilter):
    """How far the delivery is; what is not delivered is found through an index."""

    title, parameter_name = _("state"), "state"
    states = {
        "pending": (_("Pending"), PENDING),
        "gave_up": (_("Gave up"), GAVE_UP),
        "delivered": (_("Delivered"), Q(delivered_at__isnull=False)),
    }

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [(key, label) for key, (label, _rows) in self.states.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(self.states[self.value()][1]) if self.value() in self.states else queryset


class EventFilter(MomentFilter):
    """When events were published: where their ids can be is found first, as there is no index by time."""

    def since(self, queryset: QuerySet, first: datetime) -> QuerySet:
        return super().since(queryset, first).filter(pk__gte=first_id_since(first))

    def until(self, queryset: QuerySet, last: datetime) -> QuerySet:
        return super().until(queryset, last).filter(pk__lt=first_id_after(last))


@admin.register(OutboxEvent)
class OutboxEventAdmin(ArchiveAdmin):
    """The outbox, read-only."""

    list_display = ["name", "key", "state", "attempts", "organization", "created_at"]
    list_filter = [StateFilter, ("organization", VisibleRelatedFilter), ("created_at", EventFilter)]
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

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        """Names and objects are written small, so that comparing them as they are is enough; and twice as fast."""
        for word in search_term.replace("\0", "").split()[:MOST_WORDS]:
            small = word.lower()
            queryset = queryset.filter(Q(name__contains=small) | Q(key__contains=small) | Q(request_id=word))
        return queryset, False

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
