"""The figures of the analytics page as files."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from nocode.foundation.spreadsheet import csv_lines
from nocode.insights.models import DailyMetric
from nocode.insights.services.analytics import Report, Totals, success_rate

COLUMNS = [
    "executions",
    "completed",
    "failed",
    "success_rate",
    "duration_p50",
    "duration_p95",
    "logins",
    "active_users",
    "records",
    "deployments",
]
WORKFLOW_COLUMNS = ["workflow_id", "name", "runs", "failures", "average_duration", "longest_duration"]


def as_csv(report: Report) -> Iterator[str]:
    """A line per day, the two periods, and the workflows that stand out. Durations are milliseconds."""

    def rows() -> Iterator[list[Any]]:
        yield ["day", *COLUMNS]
        for each in report.days:
            yield [each.day.isoformat(), *_day(each).values()]
        yield ["period", *_totals(report.totals).values()]
        yield ["period_before", *_totals(report.before).values()]
        for title, workflows in (("failing", report.failing), ("slowest", report.slowest)):
            yield []
            yield [title, *WORKFLOW_COLUMNS]
            for number, each in enumerate(workflows, start=1):
                yield [number, *_workflow(each).values()]

    return csv_lines(rows())


def as_json(report: Report) -> Iterator[str]:
    """One object. Durations are milliseconds."""
    figures = {
        "organization": {"id": report.organization.pk, "name": report.organization.name},
        "first_day": report.period.first,
        "last_day": report.period.last,
        "counted_at": report.counted_at,
        "period": _totals(report.totals),
        "period_before": _totals(report.before),
        "days": [{"day": each.day, **_day(each)} for each in report.days],
        "failing": [_workflow(each) for each in report.failing],
        "slowest": [_workflow(each) for each in report.slowest],
    }
    yield json.dumps(figures, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2) + "\n"


def _day(metric: DailyMetric) -> dict[str, Any]:
    figures = {"success_rate": success_rate(metric.completed, metric.failed)}
    return {name: figures[name] if name in figures else getattr(metric, name) for name in COLUMNS}


def _totals(totals: Totals) -> dict[str, Any]:
    figures = asdict(totals)
    for name in ("duration_p50", "duration_p95"):
        figures[name] = figures[name] and round(figures[name])
    return {name: figures[name] for name in COLUMNS}


def _workflow(workflow: dict[str, Any]) -> dict[str, Any]:
    timed = workflow["timed"]
    return {
        "workflow_id": str(workflow["workflow_id"]),
        "name": workflow["name"],
        "runs": workflow["runs"],
        "failures": workflow["failures"],
        "average_duration": round(workflow["total"] / timed) if timed else None,
        "longest_duration": workflow["longest"] if timed else None,
    }


FORMATS = {"csv": ("text/csv; charset=utf-8", as_csv), "json": ("application/json", as_json)}
