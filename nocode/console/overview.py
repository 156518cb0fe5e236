"""The overview answers one question: is anything wrong now?"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from nocode.automation.models import Trigger, Workflow, WorkflowExecution
from nocode.console import queries
from nocode.console.chart import Bar, stacked
from nocode.console.first_steps import Step, first_steps
from nocode.foundation.displays import duration
from nocode.foundation.models import OutboxEvent
from nocode.insights.tracker import LOST
from nocode.runtime.queries import failed_apps

Status = WorkflowExecution.Status


@dataclass(frozen=True)
class Range:
    """A stretch of time the figures cover, and how finely the chart cuts it."""

    key: str
    label: str
    length: timedelta
    step: timedelta


RANGES = [
    Range("1h", gettext_lazy("1 hour"), timedelta(hours=1), timedelta(minutes=5)),
    Range("24h", gettext_lazy("24 hours"), timedelta(hours=24), timedelta(hours=1)),
    Range("7d", gettext_lazy("7 days"), timedelta(days=7), timedelta(hours=6)),
]


@dataclass(frozen=True)
class Concern:
    """Something a person should look at."""

    tone: str
    icon: str
    title: str
    detail: str
    at: datetime | None = None
    link: str = ""


@dataclass(frozen=True)
class Overview:
    """Everything the page prints."""

    ranges: list[Range]
    range: Range
    figures: list[dict[str, Any]]
    concerns: list[Concern]
    bars: list[Bar]
    next_runs: list[Trigger]
    all_late: bool  # there are schedules, and none of them ran in time
    steps: list[Step]
    is_member: bool


def overview(request: HttpRequest) -> Overview:
    """Read what the page needs, limited to what the person can see."""
    user, now = request.user, timezone.now()
    chosen = next((each for each in RANGES if each.key == request.GET.get("range")), RANGES[1])
    since = now - chosen.length
    counts = queries.per_bin(user, since, chosen.step)
    state = queries.progress(user)
    schedules = queries.schedules(user)
    coming = [each for each in schedules if each.next_run_at > now - queries.OVERDUE_AFTER]
    return Overview(
        ranges=RANGES,
        range=chosen,
        figures=_figures(queries.unfinished(user), counts),
        concerns=[
            *_worker_concern(),
            *_overdue(schedules, now),
            *_lost_events(user),
            *_failed_apps(user),
            *_failures(user, since),
        ],
        bars=stacked(counts, since, chosen.step, round(chosen.length / chosen.step)),
        next_runs=coming,
        all_late=bool(schedules) and not coming,
        steps=first_steps(request, state),
        is_member=user.is_superuser or state["member"],
    )


def _figures(now: dict[str, Any], counts: list[tuple[datetime, str, int]]) -> list[dict[str, Any]]:
    def total(status: str) -> int:
        return sum(count for _slice, each, count in counts if each == status)

    completed, failed = total(Status.COMPLETED), total(Status.FAILED)
    oldest = now["oldest"] and duration((timezone.now() - now["oldest"]).total_seconds())
    waiting = ngettext("%d waits inside a run", "%d wait inside a run", now["waiting"]) % now["waiting"]
    return [
        {
            "label": _("Running"),
            "icon": "autorenew",
            "value": now["running"],
            "note": waiting if now["waiting"] else "",
        },
        {
            "label": _("Queued"),
            "icon": "hourglass_empty",
            "value": now["pending"],
            "note": _("oldest: %s") % oldest if oldest else "",
        },
        {"label": pgettext("executions", "Completed"), "icon": "check_circle", "value": completed},
        {"label": pgettext("executions", "Failed"), "icon": "error", "value": failed, "tone": "fail" if failed else ""},
        {"label": _("Success rate"), "icon": "percent", "value": _rate(completed, failed)},
    ]


def _rate(completed: int, failed: int) -> str:
    """The share that completed, rounded down: 100 % means that nothing failed."""
    finished = completed + failed
    if not finished:
        return "–"
    tenths = 1000 * completed // finished
    return f"{number_format(tenths / 10, 0 if tenths % 10 == 0 else 1)} %"


def _worker_concern() -> list[Concern]:
    if queries.live_workers():
        return []
    return [
        Concern(
            "fail",
            "heart_broken",
            _("No worker is alive"),
            _("Workflows are accepted and kept, but nothing runs until a worker starts: python manage.py qcluster"),
        )
    ]


def _overdue(schedules: list[Trigger], now: datetime) -> list[Concern]:
    return [
        Concern(
            "wait",
            "schedule",
            _("The schedule “%s” is overdue") % trigger.name,
            trigger.workflow.name,
            trigger.next_run_at,
            link_to(Workflow, "change", trigger.workflow_id),
        )
        for trigger in schedules
        if trigger.next_run_at <= now - queries.OVERDUE_AFTER
    ]


def _lost_events(user) -> list[Concern]:
    return [
        Concern(
            "fail",
            "campaign",
            _undelivered(lost),
            lost["name"],
            lost["at"],
            link_to(OutboxEvent, "changelist"),
        )
        for lost in queries.undeliverable_events(user)
    ]


def _failed_apps(user) -> list[Concern]:
    return [
        Concern(
            "fail",
            "deployed_code_alert",
            _("The deployment of “%s” failed") % app.name,
            app.latest_error or "",
            app.updated_at,
            reverse("admin:deployment_detail", args=[app.latest_id]) if app.latest_id else "",
        )
        for app in failed_apps(user)
    ]


def _undelivered(lost: dict[str, Any]) -> str:
    count = lost["count"]
    if lost["name"] == LOST:
        text = ngettext("%(count)d activity could not be recorded", "%(count)d activities could not be recorded", count)
    else:
        text = ngettext("%(count)d event could not be delivered", "%(count)d events could not be delivered", count)
    return text % lost


def _failures(user, since: datetime) -> list[Concern]:
    return [
        Concern(
            "fail",
            "error",
            ngettext("%(workflow_name)s failed", "%(workflow_name)s failed %(count)d times", group["count"]) % group,
            group["error_message"] or _("No message was left."),
            group["at"],
            link_to(WorkflowExecution, "change", group["last"]),
        )
        for group in queries.failures(user, since)
    ]


def link_to(model: type[Model], view: str, *args: Any) -> str:
    """The address of a model's page, empty when the model has no pages."""
    if not admin.site.is_registered(model):
        return ""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{view}", args=args)
