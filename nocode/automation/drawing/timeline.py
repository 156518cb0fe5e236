"""A run as lanes of bars on a common time axis: one lane per step, one bar per attempt, waiting shaded apart."""

from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

SCALE = 1000  # units across the axis; the SVG is stretched to the page
THINNEST = 3
WAITING = "waiting"


@dataclass(frozen=True)
class Bar:
    """One attempt, or the wait before the next one, in units of the axis."""

    start: int
    width: int
    status: str
    attempt: int = 0


@dataclass
class Lane:
    """All that one step did."""

    key: str
    label: str
    status: str = ""
    seconds: float = 0.0
    attempts: int = 0
    turns: int = 0
    bars: list[Bar] = field(default_factory=list)


@dataclass(frozen=True)
class Timeline:
    """The lanes in the order in which the steps began, and the length of the axis."""

    seconds: float
    lanes: list[Lane]


def draw_timeline(
    steps: Iterable, labels: dict[str, str], *, start: datetime | None, end: datetime, pauses: Container[str] = ()
) -> Timeline:
    """Lay out step runs (`node_key, attempt, status, started_at, finished_at`), given in order of time.

    What ran in every turn of a loop comes as one run, from its first turn to its last, with their `count`.
    `pauses` are the steps that do nothing but wait.
    """
    steps = list(steps)
    begin = min([step.started_at for step in steps] + ([start] if start else []), default=end)
    span = max((end - begin).total_seconds(), 0.001)

    def place(moment: datetime) -> int:
        return round(min(max((moment - begin).total_seconds() / span, 0), 1) * SCALE)

    lanes: dict[str, Lane] = {}
    last_end: dict[str, datetime] = {}
    for step in steps:
        lane = lanes.setdefault(step.node_key, Lane(step.node_key, labels.get(step.node_key, step.node_key)))
        stop = step.finished_at or end
        if step.attempt > 1 and step.node_key in last_end:
            gap = place(last_end[step.node_key])
            lane.bars.append(Bar(gap, max(place(step.started_at) - gap, 0), WAITING))
        at = min(place(step.started_at), SCALE - THINNEST)
        shade = WAITING if step.node_key in pauses else step.status
        lane.bars.append(Bar(at, max(place(stop) - at, THINNEST), shade, step.attempt))
        lane.status, lane.attempts = step.status, max(lane.attempts, step.attempt)
        lane.turns = getattr(step, "count", 0)
        lane.seconds += max((stop - step.started_at) / timedelta(seconds=1), 0)
        last_end[step.node_key] = stop
    return Timeline(span, list(lanes.values()))
