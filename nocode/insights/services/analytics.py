"""The figures of one organization over a period, next to those of the period before."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import ExpressionWrapper, F, FloatField, Max, QuerySet, Sum

from nocode.foundation.models import Organization
from nocode.insights.days import Period, today
from nocode.insights.histograms import percentile, together
from nocode.insights.models import DailyMetric, WorkflowMetric
from nocode.insights.services import metrics

TOP = 5


@dataclass(frozen=True)
class Totals:
    """A period in numbers. Durations are milliseconds, `success_rate` is a percentage; None where there is nothing."""

    executions: int
    completed: int
    failed: int
    success_rate: float | None
    duration_p50: float | None
    duration_p95: float | None
    logins: int
    active_users: int  # on the day with most of them
    records: int
    deployments: int


@dataclass(frozen=True)
class Report:
    """Everything the page and the files show."""

    organization: Organization
    period: Period
    days: list[DailyMetric]
    totals: Totals
    before: Totals
    failing: list[dict]
    slowest: list[dict]
    counted_at: datetime | None

    @property
    def is_empty(self) -> bool:
        """Whether nothing was built nor run, in the period nor before: whoever looks has logged in."""
        counts = ("executions", "records", "deployments")
        return not any(getattr(totals, name) for totals in (self.totals, self.before) for name in counts)


def report(organization: Organization, period: Period) -> Report:
    """Read the figures, those of today as they are now."""
    if period.first <= today() <= period.last:
        metrics.refresh(organization)
    counted = _days(organization, Period(period.before.first, period.last))
    days = [counted.get(day) or _nothing(organization, day) for day in period.days]
    return Report(
        organization=organization,
        period=period,
        days=days,
        totals=_totals(days),
        before=_totals(counted[day] for day in period.before.days if day in counted),
        failing=failing(organization, period),
        slowest=slowest(organization, period),
        counted_at=max((each.updated_at for each in counted.values()), default=None),
    )


def failing(organization: Organization, period: Period) -> list[dict]:
    """The workflows that failed most often."""
    failed = _workflows(organization, period).filter(failures__gt=0)
    return _named(failed.order_by("-failures", "-last_day", "workflow_id"))


def slowest(organization: Organization, period: Period) -> list[dict]:
    """The workflows whose runs took longest, on average."""
    timed = _workflows(organization, period).filter(timed__gt=0)
    average = ExpressionWrapper(1.0 * F("total") / F("timed"), FloatField())
    return _named(timed.annotate(average=average).order_by("-average", "workflow_id"))


def _named(workflows: QuerySet) -> list[dict]:
    """The first of them, by the names they had last."""
    return [{**each, "name": each["names"][0]} for each in workflows[:TOP]]


def success_rate(completed: int, failed: int) -> float | None:
    """The percentage of finished runs that completed, to a tenth; 100 means that nothing failed, 0 that everything."""
    finished = completed + failed
    if not finished:
        return None
    tenths = (2000 * completed + finished) // (2 * finished)  # rounded half up
    if completed and failed:
        tenths = min(max(tenths, 1), 999)
    return tenths / 10


def _days(organization: Organization, period: Period) -> dict[date, DailyMetric]:
    rows = DailyMetric.objects.filter(organization=organization, day__range=(period.first, period.last))
    return {each.day: each for each in rows.order_by("day")}


def _nothing(organization: Organization, day: date) -> DailyMetric:
    zeros = dict.fromkeys(["executions", "completed", "failed", "logins", "active_users", "records", "deployments"], 0)
    return DailyMetric(organization=organization, day=day, **zeros)


def _workflows(organization: Organization, period: Period) -> QuerySet:
    rows = WorkflowMetric.objects.filter(organization=organization, day__range=(period.first, period.last))
    return (
        rows.order_by()
        .values("workflow_id")
        .annotate(
            names=ArrayAgg("workflow_name", order_by="-day"),
            runs=Sum("executions"),
            failures=Sum("failed"),
            timed=Sum("measured"),
            total=Sum("total_duration"),
            longest=Max("longest_duration"),
            last_day=Max("day"),
        )
    )


def _totals(days: Iterable[DailyMetric]) -> Totals:
    days = list(days)

    def total(name: str) -> int:
        return sum(getattr(each, name) for each in days)

    durations = together(each.durations for each in days)
    return Totals(
        executions=total("executions"),
        completed=total("completed"),
        failed=total("failed"),
        success_rate=success_rate(total("completed"), total("failed")),
        duration_p50=percentile(durations, 0.5),
        duration_p95=percentile(durations, 0.95),
        logins=total("logins"),
        active_users=max((each.active_users for each in days), default=0),
        records=total("records"),
        deployments=total("deployments"),
    )
