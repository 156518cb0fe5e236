"""Failed attempts: who is locked out, and the way to let them in before the time is over."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from nocode.foundation.admin.base import PlatformAdmin, ReadOnly
from nocode.foundation.displays import pill
from nocode.foundation.models import FailedAttempts
from nocode.foundation.services import attempts


@admin.register(FailedAttempts)
class FailedAttemptsAdmin(ReadOnly, PlatformAdmin):
    """Counters of wrong guesses; deleting one lets the person try at once."""

    list_display = ["kind", "subject", "network", "count", "state", "last_at"]
    list_filter = [("kind", ChoicesDropdownFilter)]
    search_fields = ["subject", "network"]
    empty_icon = "lock_open"
    empty_text = _("Nobody was wrong about a password or a link lately.")
    fields = ["kind", "subject", "network", "count", "state", "last_at"]
    readonly_fields = ["state"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.allows(request, "delete", obj)

    @display(description=_("state"))
    def state(self, counter: FailedAttempts) -> SafeString:
        if counter.count >= attempts.limit_of(counter) and counter.last_at > timezone.now() - attempts.LOCKED:
            return pill("failed", _("Locked"))
        return pill("", pgettext_lazy("logging in", "Open"))
