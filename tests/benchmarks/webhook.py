"""How long the caller of a webhook waits, through the web server that `up` starts.

Callers, web server and database share this machine's processors. Without a cluster, what was accepted stays in the
queue, so that the figure is that of accepting; "with a cluster" two workers run it meanwhile, on the same processors.
"""

import json
import statistics
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass

from nocode.automation.models import Trigger, WebhookDelivery
from nocode.automation.services import triggers
from tests.benchmarks import _callers
from tests.benchmarks._server import PATIENCE, cluster, web_server
from tests.benchmarks.harness import Bench, measurement
from tests.factories import make_published, set_values
from tests.processes import ROOT


@dataclass
class Load:
    """What the callers met."""

    milliseconds: list[float]
    seconds: float

    @property
    def percentiles(self) -> dict[str, float]:
        cuts = statistics.quantiles(self.milliseconds, n=20)
        return {"p50": cuts[9], "p95": cuts[18]}

    @property
    def rate(self) -> float:
        return len(self.milliseconds) / self.seconds


def hook(bench: Bench, answer: str) -> Trigger:
    """The webhook of a workflow of five steps, made once."""
    key = f"hook {answer}"
    if key not in bench.shared:
        steps = [(f"step{number}", "set", set_values(text="{{ trigger.body.reference }}")) for number in range(5)]
        bench.shared[key] = triggers.create(make_published(*steps), "webhook", "Bench", config={"answer": answer})
    return bench.shared[key]


def load(bench: Bench, answer: str, callers: int, amount: int, *, with_cluster: bool = False) -> Load:
    """So many calls, by so many callers at once."""
    path = f"/hooks/{hook(bench, answer).token}/"
    each = max(10, amount // callers // (5 if bench.quick else 1))
    stored = WebhookDelivery.objects.count()
    with ExitStack() as running:
        if with_cluster:
            running.enter_context(cluster())
        port = running.enter_context(web_server())
        met = Load(**json.loads(_call(str(port), path, str(callers), str(each))))
    if WebhookDelivery.objects.count() != stored + callers * (_callers.WARM_UP + each):
        raise RuntimeError("an accepted call was not stored")
    return met


def _call(*arguments: str) -> bytes:
    command = (sys.executable, "-m", _callers.__name__, *arguments)
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, timeout=10 * PATIENCE).stdout


@measurement("accepted (202), 1 caller", unit="ms")
def accepted_alone(bench: Bench) -> dict[str, float]:
    return load(bench, "at_once", callers=1, amount=500).percentiles


@measurement("accepted (202), 10 callers", unit="ms")
def accepted(bench: Bench) -> dict[str, float]:
    return load(bench, "at_once", callers=10, amount=2000).percentiles


@measurement("accepted (202), 10 callers", unit="calls/s")
def accepted_rate(bench: Bench) -> float:
    return load(bench, "at_once", callers=10, amount=2000).rate


@measurement("accepted (202), 10 callers, with a cluster", unit="ms")
def accepted_and_run(bench: Bench) -> dict[str, float]:
    return load(bench, "at_once", callers=10, amount=2000, with_cluster=True).percentiles


@measurement("result of 5 steps (200), 1 caller", unit="ms")
def result_alone(bench: Bench) -> dict[str, float]:
    return load(bench, "wait", callers=1, amount=500).percentiles


@measurement("result of 5 steps (200), 10 callers", unit="ms")
def result(bench: Bench) -> dict[str, float]:
    return load(bench, "wait", callers=10, amount=1000).percentiles
