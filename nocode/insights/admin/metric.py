"""The figures behind the analytics page, as they were counted. Kept out of the menus."""

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from nocode.foundation.admin.base import ConsoleAdmin, ReadOnly
from nocode.foundation.admin.filters import VisibleRelatedFilter
from nocode.foundation.displays import duration
from nocode.insights.models import DailyMetric, WorkflowMetric


class MetricAdmin(ReadOnly, ConsoleAdmin):
    """Rows that are read on the analytics page."""

    list_filter = [("organization", VisibleRelatedFilter), ("day", RangeDateFilter)]
    list_select_related = ["organization"]
    paginator = InfinitePaginator
    show_full_result_count = False
    empty_icon = "monitoring"
    empty_text = _("What happened is counted once an hour, for each day.")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(DailyMetric)
class DailyMetricAdmin(MetricAdmin):
    """Figures of an organization."""

    list_display = ["day", "organization", "executions", "completed", "failed", "p50", "p95", "logins", "records"]
    exclude = ["durations"]

    @display(description=_("duration p50"))
    def p50(self, metric: DailyMetric) -> str:
        return _milliseconds(metric.duration_p50)

    @display(description=_("duration p95"))
    def p95(self, metric: DailyMetric) -> str:
        return _milliseconds(metric.duration_p95)


@admin.register(WorkflowMetric)
class WorkflowMetricAdmin(MetricAdmin):
    """Figures of one workflow."""

    list_display = ["day", "workflow_name", "executions", "completed", "failed", "longest", "organization"]
    search_fields = ["workflow_name"]

    @display(description=_("longest duration"))
    def longest(self, metric: WorkflowMetric) -> str:
        return _milliseconds(metric.longest_duration)


def _milliseconds(value: int | None) -> str:
    return duration(None if value is None else value / 1000)
