"""django-q2's own tables in our look, for superusers."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django_q.admin import FailAdmin, ScheduleAdmin, TaskAdmin
from django_q.models import Failure, Schedule, Success, Task
from django_q.tasks import async_task
from unfold.decorators import action, display

from nocode.foundation.admin.base import PlatformAdmin, ReadOnly
from nocode.foundation.displays import duration, pill

# Importing django-q2's admin registered its plain pages; ours take their place.
admin.site.unregister([Failure, Schedule, Success])


class ResultAdmin(ReadOnly, PlatformAdmin):
    """What a background task did. Old rows may be deleted."""

    list_display = ["func", "outcome", "started", "took", "attempt_count"]
    list_filter = []
    search_fields = ["name", "func"]
    ordering = ["-started"]
    fields = ["func", "name", "args", "kwargs", "result", "started", "stopped", "attempt_count"]
    actions = ["queue_again"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.allows(request, "delete", obj)

    @action(description=_("Queue again"), permissions=["run"])
    def queue_again(self, request: HttpRequest, queryset: QuerySet) -> None:
        tasks = list(queryset)
        for task in tasks:
            async_task(task.func, *task.args or (), **task.kwargs or {})
        self.message_user(request, ngettext("%d task queued.", "%d tasks queued.", len(tasks)) % len(tasks))

    @display(description=_("outcome"))
    def outcome(self, task: Task) -> SafeString:
        return pill("completed", _("Completed")) if task.success else pill("failed", _("Failed"))

    @display(description=_("duration"))
    def took(self, task: Task) -> str:
        return duration((task.stopped - task.started).total_seconds())


@admin.register(Success)
class SuccessAdmin(ResultAdmin, TaskAdmin):
    """Tasks that went well, of those whose result is kept."""

    empty_icon = "task_alt"
    empty_text = _("Most tasks leave no trace when they go well; those that keep their result are listed here.")

    def get_readonly_fields(self, request: HttpRequest, obj: Task | None = None) -> list[str]:
        return self.fields


@admin.register(Failure)
class FailureAdmin(ResultAdmin, FailAdmin):
    """Tasks that failed for good."""

    list_display = ["func", "outcome", "short_result", "started", "took"]
    empty_icon = "task_alt"
    empty_text = _("No background task has failed.")

    def get_readonly_fields(self, request: HttpRequest, obj: Task | None = None) -> list[str]:
        return self.fields

    @display(description=_("error"))
    def short_result(self, task: Task) -> str:
        return Truncator(str(task.result).strip().splitlines()[-1] if task.result else "").chars(100)


@admin.register(Schedule)
class QueueScheduleAdmin(PlatformAdmin, ScheduleAdmin):
    """Tasks the cluster itself starts by the clock. Schedules of workflows are triggers, not these."""

    list_display = ["name", "func", "schedule_type", "next_run", "get_success"]
    list_filter = []
    empty_icon = "schedule"
    empty_text = _("Periodic duties of the installation, such as starting scheduled workflows.")
