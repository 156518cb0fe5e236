"""Short periodic duties of every cluster: safety nets, not schedules. Each must be quick and safe to run twice."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Chore:
    """A function and how often a cluster calls it."""

    run: Callable[[], None]
    seconds: float


CHORES: list[Chore] = []


def every(seconds: float) -> Callable:
    """Have each cluster call the function about every so many seconds, in its sentinel, outside any transaction."""

    def register(function: Callable[[], None]) -> Callable[[], None]:
        CHORES.append(Chore(function, seconds))
        return function

    return register
