"""Benchmarks: named measurements, run in turns, told as median and spread.

A module of this package registers measurements; `manage.py bench <module>` runs them on a scratch database:

    @measurement("Grid page, 1,000,000 rows", unit="ms")
    def grid_page(bench: Bench) -> Sample:
        with bench.statements() as count, bench.clock() as clock:
            answer = client.get(url)
        return Sample(clock.ms, statements=count.total, bytes=len(answer.content))

A round runs every measurement once, so that a noisy moment hits all of them alike. Ratios compare rounds, not medians.
"""

import gc
import json
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from django.db import connection


class Skipped(Exception):  # noqa: N818
    """This measurement cannot be taken here; the message says why."""


@dataclass
class Sample:
    """One value, and what it cost."""

    value: float
    statements: int | None = None
    bytes: int | None = None


@dataclass
class Clock:
    """The time a block took."""

    seconds: float = 0.0

    @property
    def ms(self) -> float:
        return self.seconds * 1000


@dataclass
class Count:
    """How many statements a block sent."""

    total: int = 0

    def __call__(self, execute, sql, params, many, context):
        self.total += 1
        return execute(sql, params, many, context)


@dataclass
class Bench:
    """What a measurement is given. `quick`: a rough figure soon, for somebody who is developing."""

    quick: bool = False
    shared: dict = field(default_factory=dict)  # lasts for all rounds: prepare data once
    running: ExitStack = field(default_factory=ExitStack)  # what is entered here runs until the last round is over

    @contextmanager
    def clock(self) -> Iterator[Clock]:
        """Time a block."""
        clock, began = Clock(), time.perf_counter()
        yield clock
        clock.seconds = time.perf_counter() - began

    @contextmanager
    def statements(self) -> Iterator[Count]:
        """Count the statements of a block."""
        with connection.execute_wrapper(count := Count()):
            yield count


Measure = Callable[[Bench], float | Sample | dict[str, float | Sample]]


@dataclass
class Measurement:
    """A named figure. A function that returns a dict gives several: "name, key"."""

    name: str
    unit: str
    function: Measure


@dataclass
class Ratio:
    """One figure divided by another of the same round, and what it should reach."""

    name: str
    over: str
    under: str
    at_least: float


@dataclass
class Figures:
    """The samples of one figure."""

    name: str
    unit: str
    samples: list[Sample] = field(default_factory=list)

    @property
    def values(self) -> list[float]:
        return [sample.value for sample in self.samples]


MEASUREMENTS: list[Measurement] = []
RATIOS: list[Ratio] = []
GOALS: dict[str, float] = {}  # what a figure should not exceed, by its name


def measurement(name: str, *, unit: str) -> Callable[[Measure], Measure]:
    """Register a function that takes one sample."""

    def register(function: Measure) -> Measure:
        MEASUREMENTS.append(Measurement(name, unit, function))
        return function

    return register


def ratio(name: str, over: str, under: str, *, at_least: float) -> None:
    """Register a comparison of two figures, by their names."""
    RATIOS.append(Ratio(name, over, under, at_least))


def goal(name: str, *, at_most: float) -> None:
    """Say what a figure should not exceed."""
    GOALS[name] = at_most


def run(bench: Bench, rounds: int, tell: Callable[[str], None]) -> tuple[list[Figures], dict[str, str]]:
    """Take `rounds` samples of every measurement, in turns: (figures, reasons of those that were skipped)."""
    gc.collect()
    gc.freeze()  # as the workers do: what is loaded by now is not looked at again
    with bench.running:
        return _rounds(bench, rounds, tell)


def _rounds(bench: Bench, rounds: int, tell: Callable[[str], None]) -> tuple[list[Figures], dict[str, str]]:
    figures: dict[str, Figures] = {}
    skipped: dict[str, str] = {}
    for number in range(1, rounds + 1):
        for each in MEASUREMENTS:
            if each.name in skipped:
                continue
            tell(f"round {number}/{rounds}: {each.name}")
            try:
                taken = each.function(bench)
            except Skipped as reason:
                skipped[each.name] = str(reason)
                continue
            for name, sample in _named(each.name, taken):
                figures.setdefault(name, Figures(name, each.unit)).samples.append(sample)
    return list(figures.values()), skipped


def _named(name: str, taken: float | Sample | dict[str, float | Sample]) -> list[tuple[str, Sample]]:
    several = {f"{name}, {key}": each for key, each in taken.items()} if isinstance(taken, dict) else {name: taken}
    return [(key, each if isinstance(each, Sample) else Sample(each)) for key, each in several.items()]


def table(figures: list[Figures], skipped: dict[str, str]) -> str:
    """The figures for a terminal."""
    width = max([len(each.name) for each in figures] + [len(each.name) for each in RATIOS] + [10])
    lines = [f"{'':{width}}  {'median':>12} {'min – max':>23} {'n':>3}  unit"]
    for each in figures:
        spread = f"{_short(min(each.values))} – {_short(max(each.values))}"
        costs = [f"{label}: {cost:,}" for label, cost in _costs(each)]
        if each.name in GOALS:
            costs.append(f"goal ≤ {GOALS[each.name]:g} {_verdict(statistics.median(each.values) <= GOALS[each.name])}")
        median = _short(statistics.median(each.values))
        line = f"{each.name:{width}}  {median:>12} {spread:>23} {len(each.values):>3}  {each.unit}"
        lines.append("  ".join([line, *costs]))
    for name, values, target in ratios(figures):
        spread = f"{_short(min(values))} – {_short(max(values))}"
        verdict = _verdict(statistics.median(values) >= target)
        median = f"{_short(statistics.median(values))} ×"
        lines.append(f"{name:{width}}  {median:>12} {spread:>23} {len(values):>3}  target {target:g} × {verdict}")
    lines += [f"{name}: skipped. {reason}" for name, reason in skipped.items()]
    return "\n".join(lines)


def ratios(figures: list[Figures]) -> Iterator[tuple[str, list[float], float]]:
    """The comparisons whose two figures were taken: name, one value per round, target."""
    by_name = {each.name: each.values for each in figures}
    for each in RATIOS:
        if each.over in by_name and each.under in by_name:
            pairs = zip(by_name[each.over], by_name[each.under], strict=True)
            yield each.name, [over / under for over, under in pairs], each.at_least


def append_json(path: Path, name: str, figures: list[Figures], quick: bool) -> None:
    """Append one JSON line per figure, with the machine it was taken on."""
    where = {"python": platform.python_version(), "machine": platform.machine(), "postgresql": _server_version()}
    with path.open("a") as file:
        for each in figures:
            line = {
                "benchmark": name,
                "figure": each.name,
                "unit": each.unit,
                "median": statistics.median(each.values),
                "min": min(each.values),
                "max": max(each.values),
                "samples": [asdict(sample) for sample in each.samples],
                "quick": quick,
                "at": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
                **where,
            }
            file.write(json.dumps(line) + "\n")


def _server_version() -> str:
    connection.ensure_connection()
    return str(connection.pg_version)


def _costs(figures: Figures) -> Iterator[tuple[str, int]]:
    for label in ("statements", "bytes"):
        if values := [getattr(sample, label) for sample in figures.samples if getattr(sample, label) is not None]:
            yield label, int(statistics.median(values))


def _verdict(is_reached: bool) -> str:
    return "reached" if is_reached else "MISSED"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.1f}" if value >= 10 else f"{value:,.2f}"
