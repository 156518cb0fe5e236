"""How fast the engine runs steps, in one process, and what a run costs the database."""

import gc
import os

from django.db import connection

from nocode.automation.engine import runner
from nocode.automation.engine.start import create_execution
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.services.projects import create_project
from tests.benchmarks.harness import Bench, Sample, measurement, ratio
from tests.factories import make_organization, make_published, set_values

SHORT, LONG = "pure steps, 4 a run", "50 a run, with two expressions each"
REFERENCE = "reference: 4 a run, 27 autocommitted statements"


def workflow(bench: Bench, steps: int, *, expressions: bool = False):
    """A published chain of steps, plain or with two expressions each, made once."""
    key = f"workflow of {steps}, {expressions}"
    if key not in bench.shared:
        values = set_values(sum="{{ trigger.n + 1 }}", text="number {{ trigger.n }}")
        if not expressions:
            values = set_values(sum="1", text="number one")
        bench.shared[key] = make_published(*((f"step{number}", "set", values) for number in range(steps)))
    return bench.shared[key]


def run_all(bench: Bench, published, amount: int) -> tuple[float, int]:
    """Run executions that already exist: (seconds, statements)."""
    ids = [create_execution(published, input={"n": number}).pk for number in range(amount)]
    runner.run(ids.pop(), continue_later=None)  # the first one prepares the graph
    with bench.statements() as count, bench.clock() as clock:
        for execution_id in ids:
            runner.run(execution_id, continue_later=None)
    return clock.seconds, count.total


def steps_per_second(bench: Bench, steps: int, amount: int, *, expressions: bool = False) -> Sample:
    seconds, statements = run_all(bench, workflow(bench, steps, expressions=expressions), amount + 1)
    return Sample(amount * steps / seconds, statements=round(statements / amount))


@measurement(SHORT, unit="steps/s (statements: of a run)")
def short_runs(bench: Bench) -> Sample:
    return steps_per_second(bench, 4, 50 if bench.quick else 500)


@measurement("the same with two expressions each", unit="steps/s (statements: of a run)")
def short_runs_with_expressions(bench: Bench) -> Sample:
    return steps_per_second(bench, 4, 50 if bench.quick else 500, expressions=True)


@measurement(LONG, unit="steps/s (statements: of a run)")
def long_runs(bench: Bench) -> Sample:
    return steps_per_second(bench, 50, 10 if bench.quick else 100, expressions=True)


@measurement(REFERENCE, unit="steps/s (statements: of a run)")
def reference(bench: Bench) -> Sample:
    """What an engine does that saves after every thought: 3 reads and 24 writes, each committed by itself."""
    amount = 50 if bench.quick else 300
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE IF NOT EXISTS reference_run (id bigserial PRIMARY KEY, status text, step int, context jsonb);"
            "CREATE TABLE IF NOT EXISTS reference_log (id bigserial PRIMARY KEY, run bigint, level text, message text)"
        )
        with bench.statements() as count, bench.clock() as clock:
            for number in range(amount):
                _reference_run(cursor, number)
    return Sample(amount * 4 / clock.seconds, statements=round(count.total / amount))


def _reference_run(cursor, number: int) -> None:
    context = f'{{"input": {{"n": {number}}}}}'
    log = "INSERT INTO reference_log (run, level, message) VALUES (%s, 'info', %s)"
    cursor.execute(
        "INSERT INTO reference_run (status, step, context) VALUES ('pending', 0, %s) RETURNING id", [context]
    )
    run = cursor.fetchone()[0]
    for _read in range(3):
        cursor.execute("SELECT status, step, context FROM reference_run WHERE id = %s", [run])
    cursor.execute("UPDATE reference_run SET status = 'running' WHERE id = %s", [run])
    for step in range(4):
        cursor.execute(log, [run, f"step {step} starts"])
        cursor.execute("UPDATE reference_run SET step = %s WHERE id = %s", [step, run])
        cursor.execute("UPDATE reference_run SET context = %s WHERE id = %s", [context, run])
        cursor.execute("UPDATE reference_run SET status = 'running' WHERE id = %s", [run])
        cursor.execute(log, [run, f"step {step} ended"])
    cursor.execute("UPDATE reference_run SET status = 'completed' WHERE id = %s", [run])
    cursor.execute(log, [run, "completed"])


@measurement("runs that write one row", unit="runs/s (statements: of a run)")
def record_runs(bench: Bench) -> Sample:
    if "records" not in bench.shared:
        project = create_project(make_organization(), "Bench")
        SchemaManager(project).create_table("Orders", [NewField("Reference", "text"), NewField("Total", "decimal")])
        values = [{"field": "reference", "value": "{{ trigger.n }}"}, {"field": "total", "value": "12.50"}]
        bench.shared["records"] = make_published(
            ("read", "set", set_values(n="{{ trigger.n }}")),
            ("write", "record.create", {"table": "orders", "values": values}),
            ("end", "set", set_values(id="{{ input.id }}")),
            organization=project.organization,
            project=project,
        )
    amount = 30 if bench.quick else 300
    seconds, statements = run_all(bench, bench.shared["records"], amount + 1)
    return Sample(amount / seconds, statements=round(statements / amount))


@measurement("memory, growth over 10,000 executions", unit="MB")
def memory(bench: Bench) -> float:
    """Resident memory after 10,000 more executions, less what it was after the first thousand."""
    if "memory" in bench.shared:
        return bench.shared["memory"]  # once is enough: it takes as long as everything else together
    published = workflow(bench, 4, expressions=True)
    run_all(bench, published, 100 if bench.quick else 1000)
    before = _resident()
    for _batch in range(10):
        run_all(bench, published, 100 if bench.quick else 1000)
    bench.shared["memory"] = _resident() - before
    return bench.shared["memory"]


def _resident() -> float:
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


ratio("4-step runs over the reference", SHORT, REFERENCE, at_least=5)
