"""A worker killed in the middle of its task: what to begin, where to kill, and how to see that the next one did it."""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.fixtures.cluster import is_alive
from tests.fixtures.stack import eventually
from tests.locks import are_gone, cut_off, nobody_may_use, waits_for


@dataclass(frozen=True)
class Case:
    """One task. `arrange()` makes what it is about, which the others get; `queue` enqueues it.

    `held` is a table the task needs in the middle: there it stands still, and there its worker dies.
    """

    arrange: Callable[[], Any]
    queue: Callable[[Any], Any]
    held: str
    is_done: Callable[[Any], bool]
    check: Callable[[Any], None]


def survive(case: Case, start_cluster: Callable, *, server_goes_on: bool) -> None:
    """Kill the worker with SIGKILL; the statement it has sent is lost with it, or the server finishes it."""
    subject = case.arrange()
    cluster = start_cluster(workers=1)
    with nobody_may_use(case.held):
        case.queue(subject)
        servers = eventually(lambda: waits_for(case.held), within=20, what="the task to stand still")
        [victim] = cluster.workers
        os.kill(victim, signal.SIGKILL)
        eventually(lambda: not is_alive(victim), within=10, what="the worker to be dead")
        if not server_goes_on:
            cut_off(servers)
    # A worker that came at once may have passed by what the dead one still held: then it is the next call that does it.
    eventually(lambda: are_gone(servers), within=20, what="the server to notice that the worker is dead")
    case.queue(subject)
    eventually(lambda: case.is_done(subject), within=40, what="another worker to finish the task")
    case.check(subject)
