"""django-q2's own tables in our look, for superusers."""

from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django_q.admin import FailAdmin, ScheduleAdmin, TaskAdmin
from django_q.models import Failure, Schedule, Success, Task
from django_q.tasks import async_task
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm

from nocode.foundation.admin.actions import object_action
from nocode.foundation.admin.base import PlatformAdmin, ReadOnly
from nocode.foundation.displays import duration, pill
from nocode.foundation.queue import schedules
from nocode.foundation.queue.periodic import PERIODIC
from nocode.foundation.queue.tasks import TASKS

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
        return said(task.result)


@admin.register(Schedule)
class QueueScheduleAdmin(PlatformAdmin, ScheduleAdmin):
    """Tasks the cluster itself starts by the clock. Schedules of workflows are triggers, not these."""

    list_display = ["title", "how_often", "last_run", "outcome", "took", "next_run"]
    list_display_links = ["title"]
    list_filter = []
    ordering = ["next_run"]
    empty_icon = "schedule"
    empty_text = _("Periodic duties of the installation, such as starting scheduled workflows.")
    actions_row = ["run_now"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """With what is kept of the last run that ended, whether by its time or by hand."""
        runs = Task.objects.filter(group=OuterRef("name")).order_by("-stopped")
        last = {f"last_{name}": Subquery(runs.values(name)[:1]) for name in ("started", "stopped", "success", "result")}
        return super().get_queryset(request).annotate(**last)

    @object_action(
        "run", label=_("Run now"), description=_("Queues the task at once. Its next time stays as it is."), icon="bolt"
    )
    def run_now(self, request: HttpRequest, schedule: Schedule, form: BaseDialogForm) -> None:
        schedules.run_now(schedule)
        self.message_user(request, _("%s is queued; its result appears here when it has ended.") % schedule)

    @display(description=_("task"), ordering="name")
    def title(self, schedule: Schedule) -> SafeString:
        return format_html(
            '{}<br><span class="c-muted">{}</span>', schedule.name or schedule.func, purpose_of(schedule.func)
        )

    @display(description=_("how often"), ordering="schedule_type")
    def how_often(self, schedule: Schedule) -> str:
        if schedule.schedule_type == Schedule.MINUTES and schedule.minutes:
            minutes = ngettext("Every minute", "Every %(count)d minutes", schedule.minutes)
            return minutes % {"count": schedule.minutes}
        return schedule.cron if schedule.schedule_type == Schedule.CRON else schedule.get_schedule_type_display()

    @display(description=_("last run"))
    def last_run(self, schedule: Schedule) -> str:
        if schedule.last_started is None:
            return self.empty_value_display
        return render_to_string("automation/_moment.html", {"at": schedule.last_started})

    @display(description=_("result"))
    def outcome(self, schedule: Schedule) -> SafeString | str:
        if schedule.last_stopped is None:
            return _("Not run yet")
        look = pill("completed", _("Completed")) if schedule.last_success else pill("failed", _("Failed"))
        return format_html('{}<br><span class="c-muted">{}</span>', look, said(schedule.last_result))

    @display(description=_("duration"))
    def took(self, schedule: Schedule) -> str:
        if schedule.last_stopped is None:
            return self.empty_value_display
        return duration((schedule.last_stopped - schedule.last_started).total_seconds())


def purpose_of(func: str) -> str:
    """What a periodic task is for: as its module says, else as the function itself does."""
    if func in PERIODIC:
        return PERIODIC[func].purpose
    return (TASKS[func].__doc__ or "").strip().partition("\n")[0] if func in TASKS else func


def said(result: Any) -> str:
    """A result on one line: counts by name, or the end of an error."""
    if isinstance(result, dict):
        return ", ".join(f"{name}: {value}" for name, value in result.items())
    lines = str(result).strip().splitlines() if result is not None else []
    return Truncator(lines[-1] if lines else "").chars(100)
