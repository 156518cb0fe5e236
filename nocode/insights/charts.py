"""Charts as plain numbers, one slot per day; the template draws them as SVG, and as a table for who cannot see them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from django.utils.formats import number_format
from django.utils.translation import gettext as _

HEIGHT = 100
Number = float | int | None


@dataclass(frozen=True)
class Series:
    """One colour of a chart: ok, fail, other, run or wait."""

    tone: str
    label: str
    values: Sequence[Number]


@dataclass(frozen=True)
class Part:
    """One colour of a bar, in units of the chart's height."""

    tone: str
    y: float
    height: float


@dataclass(frozen=True)
class Slot:
    """One day: what is drawn, what is told when the mouse rests on it, and the row of the table."""

    x: int
    day: str
    label: str
    cells: list[str]
    parts: list[Part] = field(default_factory=list)


@dataclass(frozen=True)
class Line:
    """Days next to each other that have a value, as the points of an SVG polyline."""

    tone: str
    points: str


@dataclass(frozen=True)
class Chart:
    """Everything the template prints."""

    key: str
    title: str
    series: list[Series]
    slots: list[Slot]
    lines: list[Line]
    top: str

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not any(value for each in self.series for value in each.values)


def whole(value: Number) -> str:
    """A count."""
    return "–" if value is None else number_format(value, 0, force_grouping=True)


def bars(key: str, title: str, days: Sequence[str], series: list[Series]) -> Chart:
    """Bars, the series on top of each other, the tallest as high as the chart."""
    columns = list(zip(*(each.values for each in series), strict=True))
    tallest = max((sum(column) for column in columns), default=0)
    slots = [
        _slot(x, day, series, column, whole, _stack(series, column, tallest or 1))
        for x, (day, column) in enumerate(zip(days, columns, strict=True))
    ]
    return Chart(key, title, series, slots, [], whole(tallest))


def lines(
    key: str,
    title: str,
    days: Sequence[str],
    series: list[Series],
    shown: Callable[[Number], str] = whole,
    top: float | None = None,
) -> Chart:
    """A line per series, broken where a day has no value; as high as the highest value, or as `top`."""
    columns = list(zip(*(each.values for each in series), strict=True))
    highest = top or max((value for column in columns for value in column if value is not None), default=0)
    slots = [_slot(x, day, series, column, shown) for x, (day, column) in enumerate(zip(days, columns, strict=True))]
    drawn = [Line(each.tone, points) for each in series for points in _stretches(each.values, highest or 1)]
    return Chart(key, title, series, slots, drawn, shown(highest))


def _slot(
    x: int,
    day: str,
    series: list[Series],
    column: Sequence[Number],
    shown: Callable[[Number], str],
    parts: list[Part] | None = None,
) -> Slot:
    cells = [shown(value) for value in column]
    values = ", ".join(f"{each.label} {cell}" for each, cell in zip(series, cells, strict=True))
    label = _("%(day)s: %(values)s") % {"day": day, "values": values}
    return Slot(x, day, label, cells, parts or [])


def _stack(series: list[Series], column: Sequence[Number], tallest: Number) -> list[Part]:
    parts, top = [], float(HEIGHT)
    for each, value in zip(series, column, strict=True):
        height = HEIGHT * value / tallest
        top -= height
        if value:
            parts.append(Part(each.tone, round(top, 2), round(height, 2)))
    return parts


def _stretches(values: Sequence[Number], highest: Number) -> list[str]:
    """The points of each stretch of days with values; a day on its own gets a short line."""
    stretches: list[list[tuple[float, float]]] = [[]]
    for x, value in enumerate(values):
        if value is None:
            stretches.append([])
        else:
            stretches[-1].append((x + 0.5, round(HEIGHT - HEIGHT * value / highest, 2)))
    return [_points(each) for each in stretches if each]


def _points(stretch: list[tuple[float, float]]) -> str:
    if len(stretch) == 1:
        [(x, y)] = stretch
        stretch = [(x - 0.3, y), (x + 0.3, y)]
    return " ".join(f"{x:g},{y:g}" for x, y in stretch)
