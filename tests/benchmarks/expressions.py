"""How fast expressions are, in a warm realm and in one made for them. A bare QuickJS context stands beside them."""

import quickjs

from nocode.automation.engine.expressions import Sandbox
from tests.benchmarks.harness import Bench, measurement

ROOTS = {"input": {"order": {"lines": [{"price": 5}]}, "name": " Ada "}, "steps": {"load": {"id": 7}}}
CASES = {
    "a path": "{{ input.order.lines[0].price }}",
    "three in a text": "Hello {{ input.name }}, {{ steps.load.id }} {{ input.order }}",
    "a function": "{{ input.order.lines.map(line => line.price) }}",
    "a date": "{{ now.plus({ days: 2 }).toISO() }}",
    "a sort": "{{ input.order.lines.sort() }}",
}


def microseconds(bench: Bench, work, times: int) -> float:
    """The time one call takes."""
    times = times // 10 if bench.quick else times
    work()
    with bench.clock() as clock:
        for _call in range(times):
            work()
    return clock.seconds / times * 1_000_000


def _register(name: str, text: str) -> None:
    @measurement(f"warm: {name}", unit="µs")
    def warm(bench: Bench) -> float:
        sandbox = Sandbox(ROOTS)
        return microseconds(bench, lambda: sandbox.resolve(text), 5000)

    @measurement(f"fresh: {name}", unit="µs")
    def fresh(bench: Bench) -> float:
        return microseconds(bench, lambda: Sandbox(ROOTS).resolve(text), 1000)


@measurement("fresh: QuickJS context alone", unit="µs")
def context_alone(bench: Bench) -> float:
    """What the smallest possible realm costs."""
    return microseconds(bench, quickjs.Context, 1000)


for each, source in CASES.items():
    _register(each, source)
