"""How long the caller of a webhook waits, through a real web server that is set up as `up` sets it up."""

import http.client
import json
import socket
import statistics
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from nocode.automation.models import Trigger, WebhookDelivery
from nocode.automation.services import triggers
from tests.benchmarks.harness import Bench, measurement
from tests.factories import make_published, set_values
from tests.processes import background, database_url

ORDER = {"reference": "A-1005", "lines": [{"sku": f"S-{number}", "quantity": number} for number in range(10)]}
SERVER = ("-m", "gunicorn", "nocode.wsgi", "--worker-class", "gthread", "--workers", "2", "--threads", "4")
PATIENCE = 30


@contextmanager
def web_server() -> Iterator[int]:
    """A running server, ready to answer at this port of loopback."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    quiet = ("--bind", f"127.0.0.1:{port}", "--keep-alive", "30", "--log-level", "critical")
    with background(sys.executable, *SERVER, *quiet, DATABASE_URL=database_url(), LOG_LEVEL="ERROR"):
        give_up_at = time.monotonic() + PATIENCE
        while socket.socket().connect_ex(("127.0.0.1", port)) and time.monotonic() < give_up_at:
            time.sleep(0.05)
        yield port


def hook(bench: Bench, answer: str) -> Trigger:
    """The webhook of a workflow of five steps, made once."""
    key = f"hook {answer}"
    if key not in bench.shared:
        steps = [(f"step{number}", "set", set_values(text="{{ trigger.body.reference }}")) for number in range(5)]
        bench.shared[key] = triggers.create(make_published(*steps), "webhook", "Bench", config={"answer": answer})
    return bench.shared[key]


def call_often(port: int, path: str, amount: int) -> list[float]:
    """Milliseconds of each of so many calls over one connection."""
    connection, body, taken = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE), json.dumps(ORDER), []
    for _number in range(amount):
        began = time.perf_counter()
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        taken.append((time.perf_counter() - began) * 1000)
        if answer.status not in (200, 202):
            raise RuntimeError(f"the webhook answered {answer.status}")
    connection.close()
    return taken


def latencies(bench: Bench, answer: str, callers: int, amount: int) -> dict[str, float]:
    """p50 and p95 of so many calls, by so many callers at once."""
    path = f"/hooks/{hook(bench, answer).token}/"
    each = max(10, amount // callers // (5 if bench.quick else 1))
    with web_server() as port, ThreadPoolExecutor(callers) as pool:
        list(pool.map(lambda _caller: call_often(port, path, 10), range(callers)))  # every thread has its connection
        stored = WebhookDelivery.objects.count()
        parts = pool.map(lambda _caller: call_often(port, path, each), range(callers))
        taken = [milliseconds for part in parts for milliseconds in part]
    if WebhookDelivery.objects.count() != stored + len(taken):
        raise RuntimeError("an accepted call was not stored")
    percentiles = statistics.quantiles(taken, n=20)
    return {"p50": percentiles[9], "p95": percentiles[18]}


@measurement("accepted (202), 1 caller", unit="ms")
def accepted_alone(bench: Bench) -> dict[str, float]:
    return latencies(bench, "at_once", callers=1, amount=500)


@measurement("accepted (202), 10 callers", unit="ms")
def accepted(bench: Bench) -> dict[str, float]:
    return latencies(bench, "at_once", callers=10, amount=2000)


@measurement("result of 5 steps (200), 1 caller", unit="ms")
def result_alone(bench: Bench) -> dict[str, float]:
    return latencies(bench, "wait", callers=1, amount=500)


@measurement("result of 5 steps (200), 10 callers", unit="ms")
def result(bench: Bench) -> dict[str, float]:
    return latencies(bench, "wait", callers=10, amount=1000)
