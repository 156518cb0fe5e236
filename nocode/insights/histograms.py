"""Durations counted by length: each slot is 5 % wider than the one before, so a percentile read from it is that exact.

Unlike percentiles, such counts can be added up: of days to a month.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping

GROWTH = 1.05

# The slot of a number of milliseconds, for SQL: `%s`-free, so that it can be part of any statement.
SLOT = f"ceil(ln(greatest({{ms}}, 1)) / ln({GROWTH}::float8))::int"


def slot(milliseconds: float) -> int:
    """The slot a duration is counted in."""
    return math.ceil(math.log(max(milliseconds, 1)) / math.log(GROWTH))


def together(histograms: Iterable[Mapping[str, int]]) -> Counter[int]:
    """Several histograms as JSON keeps them, as one."""
    total: Counter[int] = Counter()
    for histogram in histograms:
        total.update({int(number): count for number, count in histogram.items()})
    return total


def percentile(histogram: Mapping[int, int], share: float) -> float | None:
    """The duration in milliseconds that `share` of all do not exceed; None when there are none."""
    wanted = share * sum(histogram.values())
    seen = 0
    for number in sorted(histogram):
        seen += histogram[number]
        if seen >= wanted:
            return GROWTH ** (number - 0.5) if number else 1.0
    return None
