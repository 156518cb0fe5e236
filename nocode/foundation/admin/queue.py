"""The queue's own tables, for superusers."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from nocode.foundation.admin.base import PlatformAdmin, ReadOnly
from nocode.foundation.displays import pill
from nocode.foundation.models import QueuedTask, Worker


@admin.register(QueuedTask)
class QueuedTaskAdmin(ReadOnly, PlatformAdmin):
    """Tasks that wait or run; one that can never succeed may be deleted."""

    list_display = ["name", "queue", "state", "attempts", "due_at", "created_at"]
    list_filter = ["queue"]
    search_fields = ["name"]
    empty_icon = "task_alt"
    empty_text = _("Everything is done.")
    fields = ["name", "queue", "state", "attempts", "due_at", "claimed_by", "created_at"]
    readonly_fields = ["state"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.allows(request, "delete", obj)

    @display(description=_("state"))
    def state(self, task: QueuedTask) -> SafeString:
        if task.claimed_by:
            return pill("running", _("Running"))
        return pill("waiting", _("Delayed")) if task.due_at > timezone.now() else pill("queued", _("Queued"))


@admin.register(Worker)
class WorkerAdmin(ReadOnly, PlatformAdmin):
    """Processes that take tasks."""

    list_display = ["__str__", "cluster", "current_task", "done", "failed", "started_at", "heartbeat_at"]
    empty_icon = "memory"
    empty_text = _("No worker was ever started: python manage.py qcluster")
