"""The way a line takes from one card to another: a curve, or along a free lane where cards are in between.

static/js/automation/builder/lines.js draws the same curve while cards are dragged.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

Point = tuple[float, float]
Frame = tuple[float, float, float, float]  # left, top, right, bottom
CLEAR = 8  # between a line and the cards it passes
LANE = 18  # from the edge of a card to the lane beside it
BEND, WIDEST_BEND = 40, 160
SAMPLES = 24


@dataclass(frozen=True)
class Route:
    """An SVG path, and the point in its middle."""

    path: str
    middle: Point


def route(start: Point, end: Point, frames: Iterable[Frame]) -> Route:
    """From an output to an input, around the cards in between."""
    between = [frame for frame in frames if frame[0] > start[0] and frame[2] < end[0]]
    hit = [frame for frame in between if _crosses(start, end, frame)]
    lane = _lane((start[1] + end[1]) / 2, hit, between) if hit else None
    if lane is None:
        return Route(_through([start, end]), ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2))
    left, right = min(frame[0] for frame in hit), max(frame[2] for frame in hit)
    return Route(_through([start, (left, lane), (right, lane), end]), ((left + right) / 2, lane))


def bend(x1: float, x2: float) -> float:
    """How far the handles of a curve reach."""
    width = x2 - x1
    return max(BEND, width / 2 if width >= 0 else min(-width / 2, WIDEST_BEND))


def _through(stops: list[Point]) -> str:
    """Curves with a straight piece on the lane."""
    path = [f"M{stops[0][0]:g} {stops[0][1]:g}"]
    for index, ((x1, y1), (x2, y2)) in enumerate(pairwise(stops)):
        reach = bend(x1, x2)
        curve = f"C{x1 + reach:g} {y1:g} {x2 - reach:g} {y2:g} {x2:g} {y2:g}"
        path.append(f"L{x2:g} {y2:g}" if index == 1 else curve)
    return "".join(path)


def _crosses(start: Point, end: Point, frame: Frame) -> bool:
    left, top, right, bottom = frame
    return any(left - CLEAR < x < right + CLEAR and top - CLEAR < y < bottom + CLEAR for x, y in _points(start, end))


def _points(start: Point, end: Point) -> Iterable[Point]:
    (x1, y1), (x2, y2) = start, end
    reach = bend(x1, x2)
    for sample in range(1, SAMPLES):
        t = sample / SAMPLES
        a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3
        yield a * x1 + b * (x1 + reach) + c * (x2 - reach) + d * x2, (a + b) * y1 + (c + d) * y2


def _lane(wanted: float, hit: list[Frame], between: list[Frame]) -> float | None:
    """The level next to the wanted one on which nothing is in the way from the first card that was hit to the last."""
    left, right = min(frame[0] for frame in hit), max(frame[2] for frame in hit)
    near = [frame for frame in between if frame[0] < right + CLEAR and frame[2] > left - CLEAR]
    levels = [level for frame in near for level in (frame[1] - LANE, frame[3] + LANE)]
    free = [level for level in levels if not any(top - CLEAR < level < bottom + CLEAR for _l, top, _r, bottom in near)]
    return min(free, key=lambda level: abs(level - wanted), default=None)
