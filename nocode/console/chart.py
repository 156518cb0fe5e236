"""Stacked bars as plain numbers; the template draws them as SVG."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from nocode.automation.models import WorkflowExecution

HEIGHT = 100
Status = WorkflowExecution.Status
# From the bottom up: what went well, what did not, what is still open or was stopped.
LAYERS = [("ok", {Status.COMPLETED}), ("fail", {Status.FAILED})]


@dataclass(frozen=True)
class Part:
    """One colour of a bar, in units of the chart's height."""

    tone: str
    y: float
    height: float


@dataclass(frozen=True)
class Bar:
    """One slice of time."""

    x: int
    parts: list[Part]
    label: str
    start: datetime


def stacked(counts: list[tuple[datetime, str, int]], since: datetime, step: timedelta, slices: int) -> list[Bar]:
    """One bar for each slice since `since`, empty ones included, the tallest as high as the chart."""
    layers: list[dict[str, int]] = [{"ok": 0, "fail": 0, "other": 0} for _slice in range(slices)]
    for start, status, count in counts:
        position = min(int((start - since) / step), slices - 1)
        layers[position][_tone(status)] += count
    tallest = max((sum(layer.values()) for layer in layers), default=0) or 1
    return [_bar(index, layer, since + index * step, tallest) for index, layer in enumerate(layers)]


def _tone(status: str) -> str:
    return next((tone for tone, statuses in LAYERS if status in statuses), "other")


def _bar(index: int, layer: dict[str, int], start: datetime, tallest: int) -> Bar:
    parts, top = [], float(HEIGHT)
    for tone, count in layer.items():
        height = HEIGHT * count / tallest
        top -= height
        if count:
            parts.append(Part(tone, round(top, 2), round(height, 2)))
    label = _("%(time)s: %(ok)d completed, %(fail)d failed, %(other)d other") % {
        "time": date_format(localtime(start), "SHORT_DATETIME_FORMAT"),
        **layer,
    }
    return Bar(index, parts, label, start)
